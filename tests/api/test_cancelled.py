"""A call that is cancelled on its way gives back what it held."""

import asyncio
from typing import Any

import pytest

from tests.api.conftest import Api

HEAD = {"content-type": "image/jpeg", "accept": "text/event-stream"}


@pytest.mark.parametrize("query", ["", "?prompt=What%3F"], ids=["description", "answer"])
async def test_who_leaves_while_the_model_thinks_leaves_no_room_held(api: Api, query: str) -> None:
    thinking = asyncio.Event()

    async def forever() -> None:
        thinking.set()
        await asyncio.Event().wait()

    api.house.model.meanwhile = forever
    headers = HEAD if query else {"content-type": "image/jpeg"}
    call = asyncio.create_task(api.client.post(f"/api/describe{query}", content=b"cat", headers=headers))
    async with asyncio.timeout(5):
        await thinking.wait()
    assert api.desk.memory.held > 0
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert api.desk.memory.held == 0


async def test_who_leaves_in_the_middle_of_a_stream_ends_the_models_answer(api: Api) -> None:
    began, ended = asyncio.Event(), asyncio.Event()
    model = api.house.model
    reply = model.reply

    async def told(*asked: Any) -> Any:
        try:
            async for piece in reply(*asked):
                yield piece
        finally:
            ended.set()

    model.reply = told  # type: ignore[assignment, method-assign]
    messages = [{"type": "http.request", "body": b"cat", "more_body": False}]

    async def receive() -> dict[str, Any]:
        if messages:
            return messages.pop()
        await began.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message["type"] == "http.response.body" and not began.is_set():
            began.set()
            await asyncio.Event().wait()

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.0"},
        "method": "POST",
        "path": "/api/describe",
        "raw_path": b"/api/describe",
        "query_string": b"prompt=What",
        "headers": [(name.encode(), text.encode()) for name, text in HEAD.items()],
    }
    async with asyncio.timeout(5):
        await api.app(scope, receive, send)
        await ended.wait()
    assert began.is_set()
    assert api.desk.memory.held == 0
