"""What each answer of the model's server means. Judged by status and code, never by the message's words."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from describer.adapters import retry_after
from describer.domain.errors import (
    Corrupt,
    DescriberError,
    Filtered,
    ImageRejected,
    Misconfigured,
    NoUsableAnswer,
    TooLarge,
    Transient,
    Unsupported,
)
from describer.domain.record import Usage
from describer.vision import answer_reader
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from describer.vision.quality import refusals

_REFUSALS: Final[dict[str, type[ImageRejected]]] = {
    "content_filter": Filtered,
    "content_policy_violation": Filtered,
    "image_content_policy_violation": Filtered,
    "image_too_large": TooLarge,
    "image_file_too_large": TooLarge,
    "image_too_small": Unsupported,
    "unsupported_image_media_type": Unsupported,
    "invalid_image_format": Unsupported,
    "invalid_image": Corrupt,
    "invalid_image_url": Corrupt,
    "invalid_base64_image": Corrupt,
    "image_parse_error": Corrupt,
    "empty_image_file": Corrupt,
}
"""Codes that speak of this picture (OpenAI and Azure OpenAI error references)."""

_PASSING: Final = frozenset({408, 409, 429})

_UNREAD: Final = frozenset({400, 422})
"""The request as such was understood to be for this deployment, and something in it was not."""

_PARAMETERS: Final = frozenset(
    {
        "unsupported_parameter",
        "unsupported_value",
        "unknown_parameter",
        "invalid_parameter",
        "missing_required_parameter",
        "model_not_found",
        "unsupported_api_version",
        "OperationNotSupported",
        "DeploymentNotFound",
    }
)
"""Codes that speak of what is sent with every picture, or of what it is sent to."""

_TAIL: Final = 200
"""Characters at the end of an answer that show what filled it."""
_SAID: Final = 500
_KEY: Final = re.compile(r"\b(sk-|Bearer )?[A-Za-z0-9_-]{32,}")
"""What looks like a key: such a message is shown without it."""
_REPEATED: Final = 15
_WORD: Final = re.compile(r"[\w.\[\]-]{1,64}")
"""A code, or what in a request is at fault, such as `max_tokens`: words of the protocol, which may be logged."""


class Repeating(Transient):
    """The same request would be answered the same way at once: it counts as a try, and no quick one follows."""

    def __init__(self, message: str, *, quoting: str = "") -> None:
        super().__init__(message, counts_as_attempt=True, quoting=quoting)


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
        Repeating: it is JSON, but no completion.
    """
    try:
        answer = json.loads(body)
    except RecursionError as error:
        raise Repeating("the model's server answered something that is no completion") from error
    choices = _map(answer).get("choices")
    choice = _map(choices[0]) if isinstance(choices, list) and choices else {}
    message = _map(choice.get("message"))
    if not message:
        raise Repeating("the model's server answered something that is no completion")
    usage = _map(_map(answer).get("usage"))
    thought = _map(usage.get("completion_tokens_details")).get("reasoning_tokens")
    return Reply(
        model=_text(_map(answer).get("model")) or model,
        finish_reason=_text(choice.get("finish_reason")),
        content=answer_reader.text_of(message.get("content")) or _arguments(message.get("tool_calls")),
        refusal=_text(message.get("refusal")),
        usage=Usage(
            prompt_tokens=_count(usage.get("prompt_tokens")),
            completion_tokens=_count(usage.get("completion_tokens")),
            calls=1,
        ),
        reasoning=bool(_count(thought) or message.get("reasoning_content") or message.get("reasoning")),
    )


def read(reply: Reply, brief: Brief, usage: Usage) -> Answer:
    """The answer in a reply.

    Raises:
        Filtered: the content filter stopped the answer.
        NoUsableAnswer: the model filled its cap with thinking, blanks or one word; a larger cap would be filled too.
        answer_reader.Unreadable: it is cut off, or not in the form that was asked for; another try may be.
    """
    if reply.finish_reason == "content_filter":
        raise Filtered("The content filter of the model's service stopped the answer.")
    if reply.refusal or refusals.matches(reply.content):
        return Answer(reply.model, usage, refusal=reply.refusal or reply.content)
    try:
        return Answer(reply.model, usage, answer_reader.read(reply.content, brief.languages))
    except answer_reader.Unreadable:
        if reply.finish_reason == "length" and (sentence := _filled(reply)):
            raise NoUsableAnswer(sentence) from None
        raise


def _filled(reply: Reply) -> str:
    """What filled the cap in place of an answer, as a sentence; empty if the answer itself did."""
    if not reply.content.strip():
        return (
            "The model spent all its tokens on thinking; set a lower reasoning effort, or choose another model."
            if reply.reasoning
            else "The model filled its answer with white space up to the cap of tokens."
        )
    tail = reply.content[-_TAIL:]
    words = tail.split()[1:-1]
    if not tail.strip() or len(set(tail)) == 1 or (len(words) > _REPEATED and len(set(words)) == 1):
        return "The model filled its answer with one word or sign, over and over, up to the cap of tokens."
    return ""


def _arguments(calls: object) -> str:
    """The answer of a model that called a function with it."""
    first = _map(calls[0]) if isinstance(calls, list) and calls else {}
    return _text(_map(first.get("function")).get("arguments"))


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _count(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def added(usage: Usage, other: Usage) -> Usage:
    """Both together."""
    return Usage(
        prompt_tokens=usage.prompt_tokens + other.prompt_tokens,
        completion_tokens=usage.completion_tokens + other.completion_tokens,
        calls=usage.calls + other.calls,
    )


def fault(error: APIError) -> DescriberError:
    """The meaning of an error that the SDK raised."""
    if isinstance(error, APITimeoutError):
        return Transient("the model's server took too long", counts_as_attempt=True)
    if isinstance(error, APIConnectionError):
        return Transient("the model's server cannot be reached")
    if not isinstance(error, APIStatusError):
        return Transient(f"the model's server answered something else than agreed ({type(error).__name__})")
    return _meaning(error)


def _meaning(error: APIStatusError) -> DescriberError:
    status, code, param = error.status_code, _code(error), _text(error.param)
    words = [word for word in (code, param) if _WORD.fullmatch(word)]
    answered = " ".join([f"the model's server answered {status}", *words])
    if status in _PASSING or status >= 500:
        # A 500 may come of this picture; a gateway's 502 to 504 and a rate limit do not.
        return Transient(
            answered, retry_after=retry_after.seconds(error.response.headers), counts_as_attempt=status == 500
        )
    if code in _REFUSALS:
        return _REFUSALS[code](f"The model's service does not take this picture ({status} {code}).")
    if status == 413:
        return TooLarge("The model's service finds the request too large (413).")
    if _of_the_installation(error):
        return Misconfigured(answered, quoting=_clean(error.message))
    return Repeating(answered, quoting=_clean(error.message))


def _code(error: APIStatusError) -> str:
    """The code of an error, or of what Azure says is inside of it; servers that give a number give no code."""
    body = _map(error.body)
    inner = _map(body.get("innererror") or body.get("inner_error"))
    code = _text(error.code)
    return "content_filter" if _text(inner.get("code")) == "ResponsibleAIPolicyViolation" else code


def _clean(message: object) -> str:
    """What a server said, fit for a terminal: short, without control characters and without keys that it echoed."""
    printable = "".join(sign if sign.isprintable() else " " for sign in str(message)[:_SAID])
    return _KEY.sub("…", printable)


def _of_the_installation(error: APIStatusError) -> bool:
    """Whether every picture would get this answer. In doubt it counts against this one, and none is tried for ever.

    `param` says what in the request is at fault. Outside of the messages it is a parameter of ours; a part's `type` is
    one that a model without eyes does not know, and its `detail` is a setting.
    """
    where = _text(error.param)
    ours = bool(where) and not where.startswith(("messages", "prompt"))
    return (
        error.status_code not in _UNREAD or _code(error) in _PARAMETERS or ours or where.endswith((".type", ".detail"))
    )
