"""Reads the bodies of requests, refuses what the interface does not offer, and estimates what a request may cost."""

import json
import math
from collections.abc import Iterator, Sequence
from typing import Any, Final

from describer.domain.record import Usage
from describer.entrypoints.openai_compatible.errors import Refusal
from describer.vision.estimate import text_tokens
from describer.vision.families import Family

_DEEPEST: Final = 200
"""Levels of nesting. Strict schemas have 10 levels of objects, which are 40 of JSON."""
_USUAL_ANSWER: Final = 4000
"""Tokens assumed for an answer without a cap, to reserve its maximum cost."""
_CAPS: Final = ("max_completion_tokens", "max_output_tokens", "max_tokens")
_SEND_ALONG: Final = "Nothing is stored here: send the conversation's earlier turns along."
_REFUSED: Final = {
    "previous_response_id": _SEND_ALONG,
    "conversation": _SEND_ALONG,
    "background": "Nothing is stored here: ask without `background`, and wait for the answer.",
}
_ITEM: Final = (
    "Nothing is stored here: send the item itself instead of a reference to it "
    "(AI SDK: providerOptions.openai.store = false)."
)
_FILE_TOOLS: Final = ("file_search", "code_interpreter")
_PRICED_TOOLS: Final = ("web_search", "image_generation")
_PRICED: Final = "This tool costs more than its tokens; only those are paid for here."
_SAMPLING: Final = (
    "temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias",
)  # fmt: skip
_TIERS: Final = (None, "auto", "default", "flex")
"""Tiers that cost no more than the standard one."""
_THINKING: Final = ("reasoning_effort", "reasoning")


def read(data: bytes, content_type: str, encoding: str) -> dict[str, Any]:
    """Return a request's body.

    Args:
        data: the bytes as received.
        content_type: its `Content-Type`; empty: not given.
        encoding: its `Content-Encoding`, likewise.

    Raises:
        Refusal: 400, or 415 if the headers announce another format.
    """
    if encoding.lower() not in {"", "identity"}:
        raise Refusal(415, "Compressed bodies are not taken here; send plain JSON.", code="unsupported_encoding")
    if not data:
        raise Refusal(400, "The body is empty. Send JSON with a Content-Length; bodies in chunks may be dropped.")
    try:
        body = json.loads(data)
    except (ValueError, RecursionError) as error:
        if content_type and "json" not in content_type.lower():
            raise Refusal(415, "Send JSON (Content-Type: application/json).", code="unsupported_media_type") from error
        raise Refusal(400, "The body is no JSON that can be read.") from error
    if not isinstance(body, dict):
        raise Refusal(400, "The body has to be a JSON object.")
    _check(body)
    return body


def refuse(body: dict[str, Any]) -> None:
    """Raise Refusal if a request needs what is not stored, or a tool whose price is not one of tokens."""
    for name, sentence in _REFUSED.items():
        if body.get(name):
            raise _unsupported(sentence, name)
    for number, item in enumerate(_list(body.get("input"))):
        if isinstance(item, dict) and item.get("type") == "item_reference":
            raise _unsupported(_ITEM, f"input[{number}]")
    for number, tool in enumerate(_list(body.get("tools"))):
        kind = tool.get("type") if isinstance(tool, dict) else None
        if not isinstance(kind, str):
            continue
        if kind.startswith(_FILE_TOOLS):
            raise _unsupported("Files are not taken here, and so no tools that read them.", f"tools[{number}]")
        if kind.startswith(_PRICED_TOOLS):
            raise _unsupported(_PRICED, f"tools[{number}]")
    if body.get("web_search_options") is not None:
        raise _unsupported(_PRICED, "web_search_options")
    if body.get("service_tier") not in _TIERS:
        raise _unsupported("Only the standard tier is paid for here; leave `service_tier` out.", "service_tier")


def fit(body: dict[str, Any], family: Family) -> tuple[str, ...]:
    """Adapt the parameters for another model to those of `family`, in place, and return the names of those left out.

    Call it only if the caller named a model that is not the one that answers: its parameters are then meant for
    another one, and reasoning models reject sampling parameters that older models take.
    """
    cap = family.request.cap
    for name in ("max_tokens", "max_completion_tokens"):
        if name != cap and name in body:
            body.setdefault(cap, body[name])
            del body[name]
    wrong = (() if family.request.temperature else _SAMPLING) + (() if family.request.effort else _THINKING)
    left_out = tuple(name for name in wrong if name in body)
    for name in left_out:
        del body[name]
    return left_out


def maximum(body: dict[str, Any], image_tokens: int) -> Usage:
    """Return the maximum usage of a call: its text, its pictures and its cap."""
    caps = [value for name in _CAPS if (value := _positive(body.get(name)))]
    words = json.dumps({name: value for name, value in body.items() if name not in {"messages", "input"}})
    said = sum(len(text) for text in _texts(body.get("messages", body.get("input"))))
    asked = text_tokens(words) + said // 2 + image_tokens
    answers = _positive(body.get("n")) or 1
    return Usage(prompt_tokens=asked, completion_tokens=max(caps, default=_USUAL_ANSWER) * answers)


def _positive(value: object) -> int:
    return value if isinstance(value, int) and value > 0 else 0


def _unsupported(sentence: str, param: str) -> Refusal:
    return Refusal(400, sentence, param=param, code="unsupported_parameter")


def _check(body: dict[str, Any]) -> None:
    """Raise Refusal for values that JSON cannot express, so that the body could not be sent on."""
    level: list[object] = [body]
    for _ in range(_DEEPEST):
        if not level:
            return
        for value in level:
            if isinstance(value, float) and not math.isfinite(value):
                raise Refusal(400, "The body has a number that JSON does not have (NaN, or an infinite one).")
            if isinstance(value, str) and not _encodable(value):
                raise Refusal(400, "The body has half of a surrogate pair (\\ud800 to \\udfff), which is no text.")
        level = [inner for value in level for inner in _inner(value)]
    if level:
        raise Refusal(400, f"The body is nested deeper than {_DEEPEST} levels.")


def _inner(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        yield from value
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _encodable(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _list(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(value: object) -> Sequence[str]:
    match value:
        case str(text):
            return () if text.startswith("data:") else (text,)
        case list(items):
            return [text for item in items for text in _texts(item)]
        case dict(members):
            return [text for item in members.values() for text in _texts(item)]
        case _:
            return ()
