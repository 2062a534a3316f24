"""What the model said, read from a completion, whatever the server made of its fields. Errors: faults.py."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from describer.adapters.chat import usage
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
"""Members of a message in which servers give what the model thought."""


class Filled(answer_reader.Unreadable):
    """White space, or a word over and over, is in its place: that says nothing of the form."""


@dataclass(frozen=True, slots=True)
class Reply:
    """One completion, whatever the server made of its fields."""

    model: str
    finish_reason: str
    content: str
    refusal: str
    usage: Usage
    reasoning: bool
    """Whether the model thought, by the tokens that it counted or by the text that it gave."""


def reply(body: bytes, model: str) -> Reply:
    """The first choice of a completion; `model` stands for one that the server did not name.

    Raises:
        ValueError: the body is not JSON, such as a gateway's page.
        Declined: it is JSON, but no completion.
    """
    try:
        answer = json.loads(body)
    except RecursionError as error:
        raise Declined("the model's server answered something that is no completion") from error
    choices = _map(answer).get("choices")
    choice = _map(choices[0]) if isinstance(choices, list) and choices else {}
    message = _map(choice.get("message"))
    if not message:
        raise Declined("the model's server answered something that is no completion")
    used = usage.read(_map(answer).get("usage"))
    return Reply(
        model=_text(_map(answer).get("model")) or model,
        finish_reason=_text(choice.get("finish_reason")),
        content=answer_reader.text_of(message.get("content")) or _arguments(message.get("tool_calls")),
        refusal=_text(message.get("refusal")),
        usage=used,
        reasoning=bool(
            used.reasoning_tokens
            or any(message.get(name) for name in THOUGHTS)
            or thinking.aloud(message.get("content"))
        ),
    )


def read(reply: Reply, brief: Brief, spent: Usage) -> Answer:
    """The answer in a reply.

    Raises:
        Filtered: the content filter stopped the answer.
        NoUsableAnswer: the model filled its cap with thinking, blanks or one word; a larger cap would be filled too.
        answer_reader.Unreadable: it is cut off, or not in the form that was asked for; another try may be.
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
    """The answer of a model that called a function with it."""
    first = _map(calls[0]) if isinstance(calls, list) and calls else {}
    return _text(_map(first.get("function")).get("arguments"))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
