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
_NOT_HERE = ("functions",)
_FREE_FORM: Json = {"type": "object", "properties": {"alt_text": {"type": "string"}, "description": {"type": "string"}}}
"""The schema for `json_object`, which requires no form."""
_ROLES = frozenset({"system", "developer", "user", "assistant", "tool"})


def read(raw: bytes, resource: Resource) -> tuple[Deployment, Request]:
    """Read a chat completion's body.

    Raises:
        faults.Rejected: 400 or 404, with Azure's body.
    """
    return read_body(parsed(raw), resource)


def read_body(body: Json, resource: Resource) -> tuple[Deployment, Request]:
    """Read a chat completion's body that is JSON already. Raises likewise."""
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
    tool = _tool(body)
    schema = (tool.get("parameters") or {"type": "object", "properties": {}}) if tool else _schema(body)
    cap = _max_tokens(body, deployment)
    return deployment, Request(
        deployment.name, tuple(prompts), tuple(pictures), schema, cap, body, str(tool["name"]) if tool else None
    )


def parsed(raw: bytes) -> Json:
    """Give the JSON object of a body. Raises `faults.Rejected`."""
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
        if content is None and message.get("tool_calls"):
            continue
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


def _tool(body: Json) -> Json | None:
    """Give the function that is to be called: the one that is asked for, or the first, unless its result is there."""
    tools, choice = body.get("tools") or [], body.get("tool_choice")
    if not isinstance(tools, list):
        _reject("Invalid type for 'tools': expected an array.", "invalid_type", "tools")
    functions: list[Json] = []
    for number, tool in enumerate(tools):
        function = tool.get("function") if isinstance(tool, dict) and tool.get("type") == "function" else None
        if not isinstance(function, dict) or not isinstance(function.get("name"), str):
            _reject("This local server knows no tools but functions.", "unsupported_parameter", f"tools[{number}]")
        functions.append(function)
    if choice == "none" or not functions or body["messages"][-1].get("role") == "tool":
        return None
    asked = choice.get("function", {}).get("name") if isinstance(choice, dict) else functions[0]["name"]
    found = next((function for function in functions if function["name"] == asked), None)
    if found is None:
        _reject("Invalid value for 'tool_choice': no tool has this name.", "invalid_value", "tool_choice")
    return found


def _reject(message: str, code: str | None, param: str | None) -> NoReturn:
    raise faults.Rejected(faults.error(400, message, code, param))
