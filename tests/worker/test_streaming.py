"""An app that imports the streaming extension is asked as the Functions host asks it: piece by piece."""

import asyncio
from collections.abc import AsyncIterator, Iterator

import aiohttp
import pytest

from local import children
from local.storage import Storage
from tests.storage import WITHIN
from tests.worker import hosts
from tests.worker.hosts import FUNCTION_KEY, RunningHost

APP = """
    import asyncio
    import azure.functions as func
    from azurefunctions.extensions.http.fastapi import JSONResponse, Request, Response, StreamingResponse

    app = func.FunctionApp()
    OPEN = func.AuthLevel.ANONYMOUS

    @app.route("count/{name}", auth_level=OPEN)
    async def count(req: Request) -> JSONResponse:
        sizes = [len(piece) async for piece in req.stream()]
        return JSONResponse({"total": sum(sizes), "name": req.path_params["name"], "query": req.url.query})

    said = asyncio.Event()

    @app.route("listen", auth_level=OPEN)
    async def listen(req: Request) -> StreamingResponse:
        async def pieces():
            yield b"first "
            await said.wait()
            yield b"last"
        return StreamingResponse(pieces(), media_type="text/plain")

    @app.route("say")
    async def say(req: Request) -> Response:
        said.set()
        answer = Response(status_code=202)
        answer.set_cookie("a", "1")
        answer.set_cookie("b", "2")
        return answer

    @app.route("failing", auth_level=OPEN)
    async def failing(req: Request) -> Response:
        raise RuntimeError("as it must")
"""


@pytest.fixture(scope="module")
def host(storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """Return a running host for APP."""
    running = hosts.start(tmp_path_factory.mktemp("streaming") / "app", storage, APP, host_json={}, settings={})
    running.child.wait_until_ready()
    yield running
    children.end([running.child])


async def test_a_chunked_body_arrives(host: RunningHost) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"x" * 1000

    url = f"{host.url}/api/count/caf%C3%A9?a=1"
    async with aiohttp.ClientSession() as http, http.post(url, data=pieces()) as answer:
        assert await answer.json() == {"total": 3000, "name": "café", "query": "a=1"}


async def test_an_answer_comes_piece_by_piece(host: RunningHost) -> None:
    guarded = f"{host.url}/api/say"
    async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as http, http.get(f"{host.url}/api/listen") as answer:
        assert await answer.content.readany() == b"first "
        async with http.get(guarded) as refused:
            assert refused.status == 401
        async with http.get(guarded, headers={"x-functions-key": FUNCTION_KEY}) as accepted:
            assert accepted.status == 202
            assert [cookie.partition(";")[0] for cookie in accepted.headers.getall("Set-Cookie")] == ["a=1", "b=2"]
        assert await answer.content.read() == b"last"


async def test_a_function_that_fails_says_why_to_the_log_only(host: RunningHost) -> None:
    async with aiohttp.ClientSession() as http, http.get(f"{host.url}/api/failing") as answer:
        assert (answer.status, await answer.read()) == (500, b"")
    assert "RuntimeError: as it must" in host.child.log.read_text("utf-8")
