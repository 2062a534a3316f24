"""Streams an answer as Azure does: server-sent events, each with a chunk, and `[DONE]` at the end.

The first event has the prompt's filter results and no choice; then come the role, the text in pieces, the finish
reason, and the tokens if the caller asked for them.
"""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import suppress

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from local.azure_openai.answers import Answer, Json, Request
from local.azure_openai.completions import completion

_PIECE = re.compile(r"\s*\S+\s*")


class BrokenOff(Exception):
    """The connection must break now."""


def pieces(text: str | None) -> list[str]:
    """Give a text in pieces of a word each."""
    return _PIECE.findall(text or "")


def wants_usage(request: Request) -> bool:
    """Return whether the caller asked for the tokens."""
    return bool((request.body.get("stream_options") or {}).get("include_usage"))


def chunks(request: Request, answer: Answer, model: str) -> Iterator[Json]:
    """Yield the chunks of one answer."""
    whole = completion(request, answer, model)
    choice = whole["choices"][0]
    message = choice["message"]
    kind = "refusal" if message["refusal"] else "content"
    head = {"id": whole["id"], "object": "chat.completion.chunk", "created": whole["created"], "model": model}
    if wants_usage(request):
        head["usage"] = None

    def chunk(delta: Json, finish_reason: str | None = None) -> Json:
        safe = choice["content_filter_results"] if finish_reason else {}
        part = {"index": 0, "delta": delta, "finish_reason": finish_reason, "logprobs": None}
        return {**head, "choices": [{**part, "content_filter_results": safe}]}

    filters = whole["prompt_filter_results"]
    yield {"id": "", "object": "", "created": 0, "model": "", "choices": [], "prompt_filter_results": filters}
    yield chunk({"role": "assistant", "content": "", "refusal": None})
    for piece in pieces(message[kind]):
        yield chunk({kind: piece})
    for index, call in enumerate(message.get("tool_calls", ())):
        function = call["function"]
        yield chunk({"tool_calls": [{**call, "index": index, "function": {**function, "arguments": ""}}]})
        for piece in pieces(function["arguments"]):
            yield chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})
    yield chunk({}, choice["finish_reason"])
    if wants_usage(request):
        yield {**head, "choices": [], "usage": whole["usage"]}


async def events(request: Request, answer: Answer, model: str) -> AsyncIterator[str]:
    """Yield the events.

    Raises:
        BrokenOff: the connection must break here.
    """
    last = answer.breaks_after
    for number, chunk in enumerate(chunks(request, answer, model)):
        if last is not None and number > 1 + last:  # two events come before the first piece
            if answer.broken is None:
                raise BrokenOff
            yield f"data: {json.dumps(answer.broken.body)}\n\n"
            return
        yield f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n"
        if answer.pause:
            await asyncio.sleep(answer.pause)
    yield "data: [DONE]\n\n"


class Stream(StreamingResponse):
    """The events over HTTP; the connection may break in the middle of the body."""

    def __init__(self, request: Request, answer: Answer, model: str, headers: dict[str, str]) -> None:
        super().__init__(events(request, answer, model), 200, headers, "text/event-stream")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send them; uvicorn closes the connection if the body is incomplete."""
        with suppress(BrokenOff):
            await super().__call__(scope, receive, send)
