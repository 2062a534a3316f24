"""Parses a request's body into a `Request`, with Azure's checks in Azure's order."""

import json
from typing import Any, NoReturn

from local.azure_openai import faults, images, strict
from local.azure_openai.answers import Image, Json, Request
from local.azure_openai.resource import Deployment, Resource

_NOT_FOR_REASONING = (
    "temperature", "top_p", "presence_penalty", "frequency_penalty", "logprobs", "top_logprobs", "logit_bias",
    "max_tokens",
)  # fmt: skip
_NOT_HERE = ("tools", "functions")
_FREE_FORM: Json = {"type": "object", "properties": {"alt_text": {"type": "string"}, "description": {"type": "string"}}}
"""The schema for `json_object`, which requires no form."""
_ROLES = frozenset({"system", "developer", "user", "assistant"})


def read(raw: bytes, resource: Resource) -> tuple[Deployment, Request]:
    """Read a chat completion's body.

    Raises:
        faults.Rejected: 400 or 404, with Azure's body.
    """
    body = _parsed(raw)
    deployment = resource.find(_text(body, "model"))
    if deployment is None:
        raise faults.Rejected(faults.deployment_not_found())
    for name in _NOT_HERE:
        if body.get(name):
            _reject(f"This local server does not do '{name}'.", "unsupported_parameter", name)
    if body.get("stream_options") is not None and not body.get("stream"):
        _reject("The 'stream_options' parameter is only allowed when 'stream' is enabled.", None, "stream_options")
    if deployment.reasoning:
        for name in _NOT_FOR_REASONING:
            if body.get(name) is not None:
                _reject(
                    f"Unsupported parameter: '{name}' is not supported with this model.", "unsupported_parameter", name
                )
    prompts, pictures = _messages(body.get("messages"))
    if len(pictures) > images.MAX_IMAGES:
        _reject(f"Too many images in request. Max is {images.MAX_IMAGES}.", "too_many_images", "messages")
    return deployment, Request(
        deployment.name, tuple(prompts), tuple(pictures), _schema(body), _max_tokens(body, deployment), body
    )


def _parsed(raw: bytes) -> Json:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError):
        _reject("We could not parse the JSON body of your request.", None, None)
    if not isinstance(body, dict):
        _reject("The body of your request must be a JSON object.", None, None)
    return body


def _text(body: Json, name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str) or not value:
        _reject(f"you must provide a {name} parameter", "missing_required_parameter", name)
    return value


def _max_tokens(body: Json, deployment: Deployment) -> int | None:
    name = "max_completion_tokens"
    if not deployment.reasoning and "max_tokens" in body:
        name = "max_tokens"
    value = body.get(name)
    if value is None:
        return None
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        _reject(f"Invalid '{name}': expected an integer of at least 1.", "integer_below_min_value", name)
    return value


def _messages(messages: object) -> tuple[list[str], list[Image]]:
    if not isinstance(messages, list) or not messages:
        _reject("Invalid 'messages': expected an array with at least one message.", "invalid_type", "messages")
    prompts: list[str] = []
    pictures: list[Image] = []
    for index, message in enumerate(messages):
        if not isinstance(message, dict) or message.get("role") not in _ROLES:
            _reject("Invalid value: a message needs a known 'role'.", "invalid_value", f"messages[{index}].role")
        content = message.get("content")
        parts = [{"type": "text", "text": content}] if isinstance(content, str) else content
        if not isinstance(parts, list):
            _reject("Invalid type: expected a string or an array.", "invalid_type", f"messages[{index}].content")
        for number, part in enumerate(parts):
            where = f"messages[{index}].content[{number}]"
            kind = part.get("type") if isinstance(part, dict) else None
            if kind == "text" and isinstance(part.get("text"), str):
                prompts.append(part["text"])
            elif kind == "image_url":
                pictures.append(images.read(part.get("image_url"), f"{where}.image_url"))
            else:
                _reject(f"Invalid value: '{kind}'. Supported here: 'text' and 'image_url'.", "invalid_value", where)
    return prompts, pictures


def _schema(body: Json) -> Json | None:
    form: Any = body.get("response_format") or {"type": "text"}
    kind = form.get("type") if isinstance(form, dict) else None
    if kind in {"text", "json_object"}:
        return _FREE_FORM if kind == "json_object" else None
    asked = form.get("json_schema") if kind == "json_schema" else None
    if not isinstance(asked, dict) or not isinstance(asked.get("schema"), dict):
        _reject("Invalid 'response_format'.", "invalid_value", "response_format")
    if asked.get("strict"):
        strict.check(asked.get("name"), asked["schema"])
    schema: Json = asked["schema"]
    return schema


def _reject(message: str, code: str | None, param: str | None) -> NoReturn:
    raise faults.Rejected(faults.error(400, message, code, param))
