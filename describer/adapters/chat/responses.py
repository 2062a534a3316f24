"""Reads completions leniently: servers differ in the types of the fields. For errors see faults.py."""

import json
from dataclasses import dataclass
from typing import Final

from describer.adapters.chat import json_values, usage
from describer.domain.errors import Declined, Filtered, NoUsableAnswer
from describer.domain.record import Usage
from describer.vision import answer_reader, filling, thinking
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from describer.vision.quality import lexicon

THOUGHT: Final = (
    "The model thinks, and spent all its tokens on that; set MODEL_FAMILY=thinking, which asks it not to, or choose "
    "another model."
)
THOUGHTS: Final = ("reasoning_content", "reasoning", "reasoning_details", "thinking", "thoughts")
"""Members of a message in which servers return the model's reasoning."""


class Filled(answer_reader.Unreadable):
    """White space, or a word over and over, is in its place: that says nothing of the form."""


@dataclass(frozen=True, slots=True)
class Reply:
    """The fields of a completion that the app uses."""

    model: str
    finish_reason: str
    content: str
    refusal: str
    usage: Usage
    reasoning: bool
    """Whether the model reasoned, by its token count or by a text of its reasoning."""


def reply(body: bytes, model: str) -> Reply:
    """Return the first choice of a completion; `model` is the name to use if the server gave none.

    Raises:
        ValueError: the body is not JSON, for example a gateway's page.
        Declined: the body is JSON but not a completion.
    """
    try:
        answer = json.loads(body)
    except RecursionError as error:
        raise Declined("The model's server sent something that is not a completion") from error
    choices = json_values.mapping(answer).get("choices")
    choice = json_values.mapping(choices[0]) if isinstance(choices, list) and choices else {}
    message = json_values.mapping(choice.get("message"))
    if not message:
        raise Declined("The model's server sent something that is not a completion")
    used = usage.read(json_values.mapping(answer).get("usage"))
    return Reply(
        model=json_values.text(json_values.mapping(answer).get("model")) or model,
        finish_reason=json_values.text(choice.get("finish_reason")),
        content=answer_reader.text_of(message.get("content")) or _arguments(message.get("tool_calls")),
        refusal=json_values.text(message.get("refusal")),
        usage=used,
        reasoning=bool(
            used.reasoning_tokens
            or any(message.get(name) for name in THOUGHTS)
            or thinking.aloud(message.get("content"))
        ),
    )


def read(reply: Reply, brief: Brief, spent: Usage) -> Answer:
    """Return the answer in a reply.

    Raises:
        Filtered: the content filter stopped the answer.
        NoUsableAnswer: reasoning, white space or one repeated word filled the cap; a larger cap would not help.
        answer_reader.Unreadable: the answer is truncated or not in the requested form; another call may succeed.
    """
    if reply.finish_reason == "content_filter":
        raise Filtered("The content filter of the model's service stopped the answer.")
    if reply.refusal or lexicon.begins_with_refusal(reply.content):
        return Answer(reply.model, spent, refusal=reply.refusal or reply.content)
    try:
        return Answer(reply.model, spent, answer_reader.read(reply.content, brief.languages))
    except answer_reader.Unreadable as error:
        filled = filling.of(reply.content)
        if reply.reasoning and not reply.content.strip():
            raise NoUsableAnswer(THOUGHT) from None
        if filled and reply.finish_reason == "length":
            raise NoUsableAnswer(f"The model filled its answer with {filled}, up to the cap of tokens.") from None
        raise Filled(f"the answer is {filled} alone") if filled else error from None


def _arguments(calls: object) -> str:
    """Return the answer of a model that passed it as a function's arguments."""
    first = json_values.mapping(calls[0]) if isinstance(calls, list) and calls else {}
    return json_values.text(json_values.mapping(first.get("function")).get("arguments"))
