"""The development host asks HTTP functions as the Functions host does."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from yarl import URL

from local import children
from local.children import ChildFailed
from local.storage import Storage
from tests.storage import WITHIN, until
from tests.worker import hosts
from tests.worker.hosts import FUNCTION_KEY, KEY, RunningHost

APP = """
    import json
    import azure.functions as func

    app = func.FunctionApp()
    OPEN = func.AuthLevel.ANONYMOUS

    @app.route("echo/{container}/{*name}", auth_level=OPEN)
    async def echo(req: func.HttpRequest) -> func.HttpResponse:
        told = {"method": req.method, "url": req.url, "headers": dict(req.headers), "params": dict(req.params),
                "route": dict(req.route_params), "body": req.get_body().hex()}
        return func.HttpResponse(json.dumps(told), mimetype="application/json")

    @app.route("pictures/{number:int}", methods=["GET"], auth_level=OPEN)
    async def picture(req: func.HttpRequest) -> func.HttpResponse:
        cookies = [("Set-Cookie", "a=1; Path=/; HttpOnly; SameSite=Lax"),
                   ("Set-Cookie", 'b="x y"; Max-Age=60; Secure; Expires=Wed, 21 Oct 2026 07:28:00 GMT')]
        body = bytes(range(256)) * int(req.route_params["number"])
        answer = func.HttpResponse(body, status_code=203, mimetype="image/png", headers={"ETag": '"1"'})
        for name, value in cookies:
            answer.headers.add(name, value)
        return answer

    @app.route("guarded", methods=["GET", "POST"])
    async def guarded(req: func.HttpRequest) -> str:
        return "open"

    @app.route("failing", auth_level=OPEN)
    async def failing(req: func.HttpRequest) -> func.HttpResponse:
        raise RuntimeError("as it must")

    @app.route("unchanged", auth_level=OPEN)
    async def unchanged(req: func.HttpRequest) -> func.HttpResponse:
        return func.HttpResponse(status_code=304, headers={"ETag": '"1"'})

    async def asgi(scope, receive, send):
        body = (await receive())["body"]
        await send({"type": "http.response.start", "status": 201, "headers": [(b"content-type", b"text/plain")]})
        for piece in (scope["path"], "?", scope["query_string"].decode(), " ", body.decode()):
            await send({"type": "http.response.body", "body": piece.encode(), "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    @app.route("asgi/{*rest}", auth_level=OPEN)
    async def through_asgi(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        return await func.AsgiMiddleware(asgi).handle_async(req, context)
"""


@pytest.fixture(scope="module")
def host(storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """Return a running host for APP."""
    running = hosts.start(tmp_path_factory.mktemp("http") / "app", storage, APP, host_json={}, settings={})
    running.child.wait_until_ready()
    yield running
    children.end([running.child])


@pytest.fixture
async def http(host: RunningHost) -> AsyncIterator[aiohttp.ClientSession]:
    """Return a client that sends paths as they are written."""
    async with aiohttp.ClientSession() as session:
        yield session


async def ask(http: aiohttp.ClientSession, url: str, method: str = "GET", **options: Any) -> tuple[int, bytes]:
    async with http.request(method, URL(url, encoded=True), allow_redirects=False, **options) as answer:
        return answer.status, await answer.read()


async def echoed(http: aiohttp.ClientSession, url: str, method: str = "GET", **options: Any) -> dict[str, Any]:
    status, body = await ask(http, url, method, **options)
    assert status == 200
    echo: dict[str, Any] = json.loads(body)
    return echo


async def test_a_request_arrives_whole(host: RunningHost, http: aiohttp.ClientSession) -> None:
    body = bytes(range(256)) * 3000
    path = "/api/echo/images/caf%C3%A9%20%26%2F/x.jpg?a=1&a=2&b=&c=%C3%A4+%2B"
    echo = await echoed(http, host.url + path, "POST", data=body, headers={"X-Some": "Thing", "Accept": "a, b"})
    assert echo["method"] == "POST"
    assert echo["body"] == body.hex()
    assert echo["route"] == {"container": "images", "name": "café &%2F/x.jpg"}
    assert echo["url"] == host.url + "/api/echo/images/caf%C3%A9%20&%2F/x.jpg?a=1&a=2&b=&c=%C3%A4+%2B"
    assert echo["params"] == {"a": "1,2", "c": "ä +"}
    assert (echo["headers"]["x-some"], echo["headers"]["accept"]) == ("Thing", "a, b")


async def test_a_chunked_body_is_lost_as_on_the_platform(host: RunningHost, http: aiohttp.ClientSession) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        yield b"lost"

    echo = await echoed(http, f"{host.url}/api/echo/c/n", "POST", data=pieces())
    assert echo["body"] == ""
    assert "echo gets no body" in host.child.log.read_text("utf-8")


async def test_a_disconnect_in_the_middle_of_a_body_is_no_error(host: RunningHost, http: aiohttp.ClientSession) -> None:
    address = URL(host.url)
    assert address.host
    _, writer = await asyncio.open_connection(address.host, address.port)
    writer.write(b"POST /api/echo/c/left HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nhalf")
    await writer.drain()
    await echoed(http, f"{host.url}/api/echo/c/n")  # by then the host is reading
    writer.close()
    await writer.wait_closed()
    await until(lambda: "a caller left" in host.child.log.read_text("utf-8"))
    assert "ClientDisconnect" not in host.child.log.read_text("utf-8")


async def test_an_answer_goes_back_whole(host: RunningHost, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{host.url}/api/pictures/3") as answer:
        assert answer.status == 203
        assert await answer.read() == bytes(range(256)) * 3
        assert (answer.headers["Content-Type"], answer.headers["ETag"]) == ("image/png", '"1"')
        assert answer.headers.getall("Set-Cookie") == [
            "a=1; path=/; samesite=lax; httponly",
            "b=x%20y; expires=Wed, 21 Oct 2026 07:28:00 GMT; max-age=60; secure",
        ]


async def test_an_answer_without_a_body_has_none(host: RunningHost, http: aiohttp.ClientSession) -> None:
    async with http.get(f"{host.url}/api/unchanged") as answer:
        assert (answer.status, await answer.read(), answer.headers["ETag"]) == (304, b"", '"1"')


async def test_functions_may_hand_over_to_asgi(host: RunningHost, http: aiohttp.ClientSession) -> None:
    status, body = await ask(http, f"{host.url}/api/asgi/caf%C3%A9?x=%20y", "PUT", data=b"body")
    assert (status, body.decode()) == (201, "/api/asgi/café?x=%20y body")


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/no-such"),
        ("GET", "/guarded"),
        ("GET", "/"),
        ("GET", "/api/pictures/x"),
        ("POST", "/api/pictures/1"),
        ("HEAD", "/api/pictures/1"),
        ("OPTIONS", "/api/pictures/1"),
    ],
)
async def test_what_no_function_takes_is_not_found(
    host: RunningHost, http: aiohttp.ClientSession, method: str, path: str
) -> None:
    assert await ask(http, host.url + path, method) == (404, b"")


@pytest.mark.parametrize(
    ("query", "headers", "status"),
    [
        ("", {}, 401),
        ("?code=wrong", {}, 401),
        (f"?code={KEY}", {}, 401),
        (f"?code={FUNCTION_KEY}", {}, 200),
        ("", {"x-functions-key": FUNCTION_KEY}, 200),
        (f"?code={FUNCTION_KEY}", {"x-functions-key": "wrong"}, 401),
    ],
)
async def test_the_function_key_opens_what_is_guarded(
    host: RunningHost, http: aiohttp.ClientSession, query: str, headers: dict[str, str], status: int
) -> None:
    url = f"{host.url}/api/guarded{query.replace(' ', '%20').replace("'", '%27')}"
    assert await ask(http, url, headers=headers) == (status, b"open" if status == 200 else b"")


async def test_the_function_key_opens_no_webhook(host: RunningHost, http: aiohttp.ClientSession) -> None:
    headers = {"x-functions-key": FUNCTION_KEY}
    assert (await ask(http, f"{host.url}/runtime/webhooks/blobs", "POST", headers=headers))[0] == 401


async def test_a_function_that_fails_says_why_to_the_log_only(host: RunningHost, http: aiohttp.ClientSession) -> None:
    assert await ask(http, f"{host.url}/api/failing") == (500, b"")
    assert "RuntimeError: as it must" in host.child.log.read_text("utf-8")


async def test_a_path_that_is_none_is_refused(host: RunningHost, http: aiohttp.ClientSession) -> None:
    assert await ask(http, f"{host.url}/api/echo/a%00b/c") == (400, b"")


async def test_a_body_beyond_the_limit_is_refused(host: RunningHost, http: aiohttp.ClientSession) -> None:
    headers = {"Content-Length": "104857601", "Expect": "100-continue"}
    assert (await ask(http, f"{host.url}/api/echo/c/n", "POST", headers=headers))[0] == 413


@pytest.mark.parametrize(
    ("trigger", "said"),
    [
        ('"x/{a:colour}"', "only: route 'x/{a:colour}': the constraint 'colour' is not known here."),
        ('"x", auth_level=func.AuthLevel.ADMIN', "only: the authorisation level ADMIN is not built here."),
    ],
)
def test_a_route_that_is_not_built_stops_the_host(storage: Storage, tmp_path: Path, trigger: str, said: str) -> None:
    app = f"""
        import azure.functions as func
        app = func.FunctionApp()

        @app.route({trigger})
        async def only(req: func.HttpRequest) -> str:
            return "x"
    """
    running = hosts.start(tmp_path / "app", storage, app, host_json={}, settings={})
    with pytest.raises(ChildFailed, match="exit code 1"):
        running.child.wait_until_ready()
    running.child.wait_for_end()
    assert said in running.output()


async def test_the_prefix_is_that_of_host_json(storage: Storage, tmp_path: Path) -> None:
    host_json = {"extensions": {"http": {"routePrefix": ""}}}
    running = hosts.start(tmp_path / "app", storage, APP, host_json=host_json, settings={})
    try:
        running.child.wait_until_ready()
        async with aiohttp.ClientSession() as http:
            assert (await ask(http, f"{running.url}/guarded"))[0] == 401
            assert (await ask(http, f"{running.url}/api/guarded"))[0] == 404
    finally:
        children.end([running.child])


WAITING = """
    import asyncio, os, pathlib
    import azure.functions as func

    app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)
    running = most = 0

    @app.route("wait")
    async def wait(req: func.HttpRequest) -> str:
        global running, most
        running += 1
        most = max(most, running)
        while not pathlib.Path(os.environ["NOTES"]).exists():
            await asyncio.sleep(0.02)
        running -= 1
        return str(most)
"""


async def test_a_call_over_the_limit_waits_and_one_over_the_queues_limit_is_refused(
    storage: Storage, tmp_path: Path
) -> None:
    host_json = {"extensions": {"http": {"maxConcurrentRequests": 2, "maxOutstandingRequests": 3}}}
    running = hosts.start(tmp_path / "app", storage, WAITING, host_json=host_json, settings={})
    try:
        running.child.wait_until_ready()
        async with asyncio.timeout(WITHIN), aiohttp.ClientSession() as http:
            asked = {asyncio.create_task(ask(http, f"{running.url}/api/wait")) for _ in range(4)}
            first, _ = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            running.notes.touch()
            answers = sorted([await each for each in asked])
        assert [each.result() for each in first] == [(429, b"")]
    finally:
        children.end([running.child])
    assert answers == [(200, b"2"), (200, b"2"), (200, b"2"), (429, b"")]
