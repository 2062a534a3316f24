"""Bodies of Chat Completions requests. The model family determines their parameters."""

import base64
from collections.abc import Sequence
from typing import Any

from describer.domain.description import schema
from describer.vision import prompt
from describer.vision.brief import Brief, Question
from describer.vision.families import Family
from describer.vision.imaging.values import PreparedImage


def description(brief: Brief, image: PreparedImage, cap: int, family: Family, repair: str = "") -> dict[str, Any]:
    """Return the request for a picture's description, in the strict form of `schema`; `repair`: the last fault."""
    form = {"name": "description", "strict": True, "schema": schema(brief.languages)}
    return {
        "model": brief.model,
        "messages": _messages(brief.instructions, _with(brief.request, repair), [image], brief.detail),
        "response_format": {"type": "json_schema", "json_schema": form},
        **_parameters(family, cap),
    }


def reply(question: Question, images: Sequence[PreparedImage], family: Family) -> dict[str, Any]:
    """Return the request for a free, streamed answer about all pictures, with the token usage at the end."""
    return {
        "model": question.model,
        "messages": _messages(prompt.rules_of_answers(), question.request, images, question.detail),
        "stream": True,
        "stream_options": {"include_usage": True},
        **_parameters(family, question.max_completion_tokens),
    }


def _with(text: str, repair: str) -> str:
    return (
        f"{text}\n\nYour last answer could not be used: {repair}. Mend that, and answer in the given form."
        if repair
        else text
    )


def _messages(system: str, text: str, images: Sequence[PreparedImage], detail: str) -> list[dict[str, Any]]:
    parts: list[dict[str, Any]] = []
    for number, image in enumerate(images, 1):
        if image.further:
            said = prompt.parts(len(image.parts), image.order, number if len(images) > 1 else 0)
            parts.append({"type": "text", "text": said})
        urls = [f"data:image/jpeg;base64,{base64.b64encode(part.jpeg).decode()}" for part in image.parts]
        parts += [{"type": "image_url", "image_url": {"url": url, "detail": detail}} for url in urls]
    return [
        {"role": "system", "content": system},
        {"role": "user", "content": [{"type": "text", "text": text}, *parts]},
    ]


def _parameters(family: Family, cap: int) -> dict[str, Any]:
    parameters: dict[str, Any] = {family.request.cap: cap}
    if family.request.effort:
        parameters["reasoning_effort"] = family.request.effort
    if family.request.temperature:
        parameters["temperature"] = 0
    if family.request.extra:
        parameters["extra_body"] = dict(family.request.extra)
    return parameters
