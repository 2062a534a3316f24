"""End to end, too, no spelling of an excluded picture's name leads to the model."""

import asyncio
import json
import os
from collections.abc import AsyncIterator
from pathlib import Path

import httpx2
import pytest

from describer.app import App
from describer.entrypoints.cli.run import called
from local import environment
from tests.end_to_end.conftest import System, started
from tests.end_to_end.test_mcp import connected
from tests.spellings import DESCRIBED, EXCLUDE, REFUSED, SPELLINGS
from tests.storage import until


def opened(name: str) -> str:
    """The name by which storage opens a blob that is spelt so."""
    return name.replace("\\", "/")


@pytest.fixture
async def guarded(tmp_path: Path) -> AsyncIterator[System]:
    """A line that leaves pictures out, with one under each spelling."""
    with started(tmp_path, {"IMAGES_EXCLUDE": ",".join(EXCLUDE)}) as (stack, model):
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            system = System(stack, model, blobs, queues)
            model.script.always(system.answer)
            yield system


async def _by_upload(system: System) -> None:
    """The host may take slashes around a name away, so that those need not arrive."""
    for name in SPELLINGS:
        await system.upload(name, system.picture())
    for name in {opened(name) for name in SPELLINGS}:
        if name.strip("/") == name:
            await system.outcome(name, "excluded")


async def _by_queue(system: System) -> None:
    before = len(system.log())
    for name in SPELLINGS:
        await system.send(f"/blobServices/default/containers/images/blobs/{name}")
    assert await until(lambda: len(system.log()) >= before + len(SPELLINGS))
    assert {visit["outcome"] for visit in system.log()} == {"excluded"}


async def _by_http(system: System) -> None:
    where = system.stack.addresses
    async with httpx2.AsyncClient(headers={"x-functions-key": where.function_key}, timeout=30) as client:
        for name in (*SPELLINGS, *REFUSED):
            body = {"images": [{"blob": {"container": "images", "name": name}}], "write": True}
            response = await client.post(f"{where.api}/describe", json=body)
            assert response.status_code == (403 if name in SPELLINGS else 422), response.text


async def _by_mcp(system: System) -> None:
    async with connected(system) as client:
        for name in (*SPELLINGS, *REFUSED):
            (content,) = (await client.call_tool("describe_image", {"blob": f"images/{name}"})).content
            assert json.loads(content.text).keys() == {"error"}  # type: ignore[union-attr]


async def _by_command_line(system: System) -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name in os.environ.keys() - environment.clean().keys():
            patch.delenv(name)
        for name, value in system.stack._app_settings().items():
            patch.setenv(name, value)
        describe = ["describe", "--container", "images", "--write"]
        assert await asyncio.to_thread(called, [*describe, *SPELLINGS], App.without_telemetry) == 1
        for name in REFUSED:
            assert await asyncio.to_thread(called, [*describe, name], App.without_telemetry) == 2


@pytest.mark.long
async def test_no_spelling_reaches_an_excluded_picture_by_any_entry_point(guarded: System) -> None:
    for entry_point in (_by_upload, _by_queue, _by_http, _by_mcp, _by_command_line):
        await entry_point(guarded)
    assert guarded.model.requests == []
    async with guarded.blobs.get_container_client("descriptions") as descriptions:
        assert [blob.name async for blob in descriptions.list_blobs()] == []
    for name in SPELLINGS:
        assert await guarded.metadata(opened(name)) == {}


@pytest.mark.long
async def test_blobs_of_their_own_are_described(guarded: System) -> None:
    """Names that only look like an excluded one, on the way of uploads and by HTTP."""
    for name in DESCRIBED:
        await guarded.upload(name, guarded.picture())
        record = await guarded.finished(name)
        assert record["source"]["name"] == name
    assert len(guarded.model.requests) == len(DESCRIBED)
