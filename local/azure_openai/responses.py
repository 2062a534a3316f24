"""The Responses API, read and answered as the chat completion that it amounts to. Nothing is stored.

Of items, messages, calls of functions and their results are read, and reasoning is passed over.
"""

import asyncio
import json
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from typing import Any

from starlette.responses import StreamingResponse

from local.azure_openai import bodies, faults
from local.azure_openai.answers import Answer, Json, Request
from local.azure_openai.completions import completion
from local.azure_openai.resource import Deployment, Resource
from local.azure_openai.streaming import pieces

_SAME = (
    "model", "stream", "temperature", "top_p", "top_logprobs", "parallel_tool_calls", "prompt_cache_options",
)  # fmt: skip
_TEXTS = frozenset({"input_text", "output_text", "refusal"})
_INCOMPLETE = {"length": "max_output_tokens", "content_filter": "content_filter"}


def read(raw: bytes, resource: Resource) -> tuple[Deployment, Request]:
    """Read a response's body.

    Raises:
        faults.Rejected: 400 or 404.
    """
    body = bodies.parsed(raw)
    for name in ("previous_response_id", "conversation"):
        if body.get(name):
            raise faults.Rejected(faults.error(404, f"'{name}' names nothing that is stored here.", "not_found", name))
    chat: Json = {name: body[name] for name in _SAME if body.get(name) is not None}
    if body.get("max_output_tokens") is not None:
        chat["max_completion_tokens"] = body["max_output_tokens"]
    form = (body.get("text") or {}).get("format") or {"type": "text"}
    if form.get("type") == "json_schema":
        form = {"type": "json_schema", "json_schema": {name: form.get(name) for name in ("name", "schema", "strict")}}
    chat["response_format"] = form
    chat["messages"] = list(_messages(body))
    chat["tools"] = [
        {"type": "function", "function": tool} if tool.get("type") == "function" else tool
        for tool in body.get("tools") or ()
    ]
    choice = body.get("tool_choice")
    chat["tool_choice"] = {"function": choice} if isinstance(choice, dict) else choice
    return bodies.read_body(chat, resource)


def _messages(body: Json) -> Iterator[Json]:
    if body.get("instructions"):
        yield {"role": "system", "content": body["instructions"]}
    given = body.get("input")
    items: Any = [{"role": "user", "content": given}] if isinstance(given, str) else given
    for number, item in enumerate(items if isinstance(items, list) else ()):
        where, kind = f"input[{number}]", item.get("type", "message")
        if kind == "message":
            yield {"role": item.get("role"), "content": _content(item.get("content"), where)}
        elif kind == "function_call":
            function = {"name": item.get("name"), "arguments": item.get("arguments")}
            yield {"role": "assistant", "tool_calls": [{"id": item.get("call_id"), "function": function}]}
        elif kind == "function_call_output":
            yield {"role": "tool", "content": _content(item.get("output"), where)}
        elif kind == "item_reference":
            raise faults.Rejected(faults.error(404, f"Item with id '{item.get('id')}' not found.", None, where))
        elif kind != "reasoning":
            raise faults.Rejected(faults.error(400, f"Invalid value: '{kind}'.", "invalid_value", where))


def _content(content: Any, where: str) -> Any:
    if not isinstance(content, list):
        return content
    parts: list[Json] = []
    for number, part in enumerate(content):
        kind = part.get("type")
        if kind in _TEXTS:
            parts.append({"type": "text", "text": part.get("text", part.get("refusal"))})
        elif kind == "input_image":
            url = {"url": part.get("image_url"), "detail": part.get("detail")}
            parts.append({"type": "image_url", "image_url": url})
        else:
            place = f"{where}.content[{number}]"
            raise faults.Rejected(faults.error(400, f"Invalid value: '{kind}'.", "invalid_value", place))
    return parts


def response(request: Request, answer: Answer, model: str) -> Json:
    """Return the response as Azure words it."""
    whole = completion(request, answer, model)
    (choice,), used = whole["choices"], whole["usage"]
    message, reason = choice["message"], _INCOMPLETE.get(choice["finish_reason"])
    status = "incomplete" if reason else "completed"
    output: list[Json] = [
        {"type": "function_call", "id": f"fc_{uuid.uuid4().hex}", "call_id": call["id"], "status": status}
        | call["function"]
        for call in message.get("tool_calls", ())
    ]
    if not output:
        said: Json = {"type": "output_text", "text": message["content"] or "", "annotations": [], "logprobs": []}
        part = {"type": "refusal", "refusal": message["refusal"]} if message["refusal"] else said
        item = {"type": "message", "id": f"msg_{uuid.uuid4().hex}", "role": "assistant", "status": status}
        output = [item | {"content": [part]}]
    return {
        "id": f"resp_{uuid.uuid4().hex}",
        "object": "response",
        "created_at": int(time.time()),
        "status": status,
        "error": None,
        "incomplete_details": {"reason": reason} if reason else None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": output,
        "parallel_tool_calls": True,
        "store": False,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}},
        "tool_choice": "auto",
        "tools": [],
        "top_p": 1.0,
        "usage": {
            "input_tokens": used["prompt_tokens"],
            "input_tokens_details": {"cached_tokens": 0},
            "output_tokens": used["completion_tokens"],
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": used["total_tokens"],
        },
    }


def events(request: Request, answer: Answer, model: str) -> Iterator[Json]:
    """Give the events of one answer."""
    whole = response(request, answer, model)
    begun = {**whole, "status": "in_progress", "output": [], "usage": None, "incomplete_details": None}
    yield {"type": "response.created", "response": begun}
    yield {"type": "response.in_progress", "response": begun}
    for index, item in enumerate(whole["output"]):
        place = {"output_index": index, "item_id": item["id"]}
        empty: Json = {"arguments": ""} if item["type"] == "function_call" else {"content": []}
        first = {**item, "status": "in_progress", **empty}
        yield {"type": "response.output_item.added", "output_index": index, "item": first}
        yield from _arguments(item, place) if item["type"] == "function_call" else _texts(item, place)
        yield {"type": "response.output_item.done", "output_index": index, "item": item}
    yield {"type": f"response.{whole['status']}", "response": whole}


def _arguments(item: Json, place: Json) -> Iterator[Json]:
    kind = "response.function_call_arguments"
    for piece in pieces(item["arguments"]):
        yield {"type": f"{kind}.delta", **place, "delta": piece}
    yield {"type": f"{kind}.done", **place, "name": item["name"], "arguments": item["arguments"]}


def _texts(item: Json, place: Json) -> Iterator[Json]:
    (part,), place = item["content"], {**place, "content_index": 0}
    kind, member = part["type"], "refusal" if part["type"] == "refusal" else "text"
    logprobs: Json = {} if kind == "refusal" else {"logprobs": []}
    yield {"type": "response.content_part.added", **place, "part": {**part, member: ""}}
    for piece in pieces(part[member]):
        yield {"type": f"response.{kind}.delta", **place, "delta": piece, **logprobs}
    yield {"type": f"response.{kind}.done", **place, member: part[member], **logprobs}
    yield {"type": "response.content_part.done", **place, "part": part}


class Stream(StreamingResponse):
    """The events over HTTP."""

    def __init__(self, request: Request, answer: Answer, model: str, headers: dict[str, str]) -> None:
        super().__init__(_sent(request, answer, model), 200, headers, "text/event-stream")


async def _sent(request: Request, answer: Answer, model: str) -> AsyncIterator[str]:
    for number, event in enumerate(events(request, answer, model)):
        data = json.dumps({**event, "sequence_number": number}, ensure_ascii=False)
        yield f"event: {event['type']}\ndata: {data}\n\n"
        if answer.pause:
            await asyncio.sleep(answer.pause)
