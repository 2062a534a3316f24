"""Reads completions leniently: servers differ in the types of the fields. For errors see faults.py."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from describer.adapters.chat import usage
from describer.domain.errors import Declined, Filtered, NoUsableAnswer
from describer.domain.record import Usage
from describer.vision import answer_reader
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from describer.vision.quality import lexicon

THOUGHT: Final = (
    "The model thinks, and spent all its tokens on that; set MODEL_FAMILY=thinking, which asks it not to, or choose "
    "another model."
)
_TAIL: Final = 200
"""Characters at the end of an answer that are examined for repetition."""
_MIN_REPEATS: Final = 15


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
        raise Declined("the model's server sent something that is not a completion") from error
    choices = _map(answer).get("choices")
    choice = _map(choices[0]) if isinstance(choices, list) and choices else {}
    message = _map(choice.get("message"))
    if not message:
        raise Declined("the model's server sent something that is not a completion")
    used = usage.read(_map(answer).get("usage"))
    return Reply(
        model=_text(_map(answer).get("model")) or model,
        finish_reason=_text(choice.get("finish_reason")),
        content=answer_reader.text_of(message.get("content")) or _arguments(message.get("tool_calls")),
        refusal=_text(message.get("refusal")),
        usage=used,
        reasoning=bool(
            used.reasoning_tokens
            or message.get("reasoning_content")
            or message.get("reasoning")
            or answer_reader.thinks_aloud(message.get("content"))
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
    except answer_reader.Unreadable:
        if reply.finish_reason == "length" and (sentence := _filled(reply)):
            raise NoUsableAnswer(sentence) from None
        raise


def _filled(reply: Reply) -> str:
    """Return a sentence about what filled the cap instead of an answer; empty if the answer did."""
    if not reply.content.strip():
        return THOUGHT if reply.reasoning else "The model filled its answer with white space up to the cap of tokens."
    tail = reply.content[-_TAIL:]
    words = tail.split()[1:-1]
    if not tail.strip() or len(set(tail)) == 1 or (len(words) > _MIN_REPEATS and len(set(words)) == 1):
        return "The model repeated one word or character up to the cap of tokens."
    return ""


def _arguments(calls: object) -> str:
    """Return the answer of a model that passed it as a function's arguments."""
    first = _map(calls[0]) if isinstance(calls, list) and calls else {}
    return _text(_map(first.get("function")).get("arguments"))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
