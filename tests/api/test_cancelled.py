"""A call that is cancelled on its way gives back what it held."""

import asyncio

import pytest

from tests.api.conftest import Api


@pytest.mark.parametrize("query", ["", "?prompt=What%3F"], ids=["description", "answer"])
async def test_a_caller_that_disconnects_during_the_model_call_frees_its_memory(api: Api, query: str) -> None:
    thinking = asyncio.Event()

    async def forever() -> None:
        thinking.set()
        await asyncio.Event().wait()

    api.harness.model.meanwhile = forever
    headers = {"content-type": "image/jpeg"}
    call = asyncio.create_task(api.client.post(f"/api/describe{query}", content=b"cat", headers=headers))
    async with asyncio.timeout(5):
        await thinking.wait()
    assert api.setup.memory.held > 0
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    assert api.setup.memory.held == 0
