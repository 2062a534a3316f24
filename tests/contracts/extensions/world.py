"""Shared by rows: storage with accounts for each row, the token endpoint, a proxy before storage, and the worker."""

import asyncio
import contextlib
import ssl
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import aiohttp
from aiohttp import web
from yarl import URL

from local import environment, ports, storage
from local.storage import Storage
from tests.contracts.extensions.rows import FOLDER

TOKENS_LIVE = 100 * 86400.0  # seconds: longer than any row moves the clock
CODES = {
    400: "InvalidInput",
    401: "InvalidAuthenticationInfo",
    403: "AuthorizationPermissionMismatch",
    404: "QueueNotFound",
    409: "OperationNotAllowedInCurrentState",
    412: "ConditionNotMet",
    429: "TooManyRequests",
    500: "InternalError",
    503: "ServerBusy",
}
BROKEN = "broken"


type Service = Literal["blob", "queue"]


@contextmanager
def azurite(folder: Path, rows: int, clock: int | None = None) -> Iterator[Storage]:
    """Run Azurite with two accounts a row; with `clock` its time can be moved over that port."""
    accounts = [f"{kind}{number}" for number in range(rows) for kind in ("images", "host")]
    moved = {"CLOCK_PORT": str(clock)} if clock else {}
    with storage.running(
        folder,
        {**environment.clean(), **moved},
        accounts=accounts,
        preload=[FOLDER / "clock.js"] if clock else [],
        tokens_live=TOKENS_LIVE,
    ) as started:
        yield started


@dataclass(slots=True)
class Proxy:
    """Forwards requests to storage, except those that a row answers.

    Args:
        target: storage's address.
        faults: answers to requests, by account.

    """

    target: str
    faults: dict[str, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    url: str = ""

    @asynccontextmanager
    async def running(self, of: Storage) -> AsyncIterator[None]:
        """Serve with the certificate of a storage."""
        trust = ssl.create_default_context(cafile=of.certificate.certificate)
        shown = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        shown.load_cert_chain(of.certificate.certificate, of.certificate.key)
        async with aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(ssl=trust, limit=0), auto_decompress=False
        ) as http:

            async def handle(request: web.BaseRequest) -> web.StreamResponse:
                return await self._answer(request, http)

            runner = web.ServerRunner(web.Server(handle))
            await runner.setup()
            (port,) = ports.free_ports(1)
            await web.TCPSite(runner, "127.0.0.1", port, ssl_context=shown).start()
            self.url = f"https://127.0.0.1:{port}"
            yield
            await runner.cleanup()

    async def _answer(self, request: web.BaseRequest, http: aiohttp.ClientSession) -> web.StreamResponse:
        fault = self._fault(request)
        if fault == BROKEN:
            assert request.transport
            request.transport.abort()
            return web.Response()
        if fault:
            code = CODES[int(fault)]
            body = (
                f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{code}</Code><Message>so the row</Message></Error>"
            )
            headers = {"x-ms-error-code": code, "Content-Type": "application/xml"}
            return web.Response(status=int(fault), headers=headers, text="" if request.method == "HEAD" else body)
        headers = {name: value for name, value in request.headers.items() if name.lower() != "host"}
        url = URL(self.target + request.raw_path, encoded=True)
        async with http.request(request.method, url, headers=headers, data=await request.read()) as answer:
            passed = {n: v for n, v in answer.headers.items() if n.lower() not in {"transfer-encoding", "connection"}}
            content = await answer.read()
            return web.Response(status=answer.status, headers=passed, body=content or None)

    def _fault(self, request: web.BaseRequest) -> str | None:
        account, _, rest = request.raw_path.lstrip("/").partition("/")
        for fault in self.faults.get(account, ()):
            method, _, beginning = str(fault["request"]).partition(" ")
            if request.method == method and rest.startswith(beginning):
                return str(fault["answer"])
        return None


@dataclass(frozen=True, slots=True)
class Called:
    """A call of the worker; `ended` is None while it runs."""

    function: str
    data: Any
    bindings: Mapping[str, Any]
    begun: float
    ended: list[float] = field(default_factory=list)


@dataclass(slots=True)
class Worker:
    """The worker, by row: `behaviour` has each function's actions by call; the last one repeats.

    `ok`, `fail`, `kill` (the program is killed), or seconds that a call takes, as in `1.5` or `1.5 fail`.
    """

    behaviour: dict[str, Mapping[str, Sequence[str]]] = field(default_factory=dict)
    calls: dict[str, list[Called]] = field(default_factory=dict)
    killers: dict[str, Callable[[], Awaitable[None]]] = field(default_factory=dict)
    url: str = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Serve."""
        application = web.Application(client_max_size=10**8)
        application.router.add_post("/{row}/{function}", self._run)
        runner = web.AppRunner(application, handler_cancellation=False, shutdown_timeout=0.1)
        await runner.setup()
        (port,) = ports.free_ports(1)
        await web.TCPSite(runner, "127.0.0.1", port).start()
        self.url = f"http://127.0.0.1:{port}"
        yield
        await runner.cleanup()

    async def _run(self, request: web.Request) -> web.Response:
        row, function, body = request.match_info["row"], request.match_info["function"], await request.json()
        calls = self.calls.setdefault(row, [])
        nth = sum(call.function == function for call in calls)
        call = Called(function, body["data"], body["bindingData"], time.monotonic())
        calls.append(call)
        orders = self.behaviour[row].get(function) or ["ok"]
        words = orders[min(nth, len(orders) - 1)].split()
        if words[0].replace(".", "").isdigit():
            await asyncio.sleep(float(words.pop(0)))
        if "kill" in words:
            await self.killers[row]()
        call.ended.append(time.monotonic())
        return web.Response(status=500, text="as it must") if "fail" in words else web.Response()


@dataclass(frozen=True, slots=True)
class World:
    """All parts, while rows are played."""

    storage: Storage
    proxies: Mapping[Service, Proxy]
    worker: Worker
    folder: Path
    clock: int | None

    async def move_clock(self, seconds: float) -> None:
        """Move storage's clock forward."""
        async with aiohttp.ClientSession() as http, http.post(f"http://127.0.0.1:{self.clock}/{seconds}"):
            pass


@asynccontextmanager
async def made(folder: Path, rows: int, *, moves_clock: bool) -> AsyncIterator[World]:
    """Start all parts for so many rows."""
    clock = ports.free_ports(1)[0] if moves_clock else None
    worker = Worker()
    with azurite(folder, rows, clock) as started:
        proxies = {kind: Proxy(base) for kind, base in started.base.items()}
        async with contextlib.AsyncExitStack() as running:
            for proxy in proxies.values():
                await running.enter_async_context(proxy.running(started))
            await running.enter_async_context(worker.running())
            yield World(started, proxies, worker, folder, clock)
