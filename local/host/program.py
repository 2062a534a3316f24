"""Runs Microsoft's own extensions instead of their stand-in, by a program in a process beside the host.

The program has the arguments, the worker's protocol and the webhooks of `python -m local.extensions`. This host runs
HTTP triggers, MCP tools and the worker.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Any, Self

import aiohttp
from aiohttp import web
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from local import child, ports
from local.extensions import functions
from local.extensions.functions import Function
from local.extensions.invocation import Call, CallFailed, Worker

LISTENS = " listens on "
PASSED = frozenset({"content-type", "webhook-allowed-origin"})
METHODS = ["GET", "POST", "PUT", "DELETE", "OPTIONS"]


class Program:
    """The triggers of one app, as `Extensions` has them.

    Args:
        path: of the program.
        waiting: the enabled functions.
        host_json: its host.json.
        worker: runs the functions.
        key: opens the webhooks.

    """

    def __init__(self, path: Path, waiting: Sequence[Function], host_json: Path, worker: Worker, key: str) -> None:
        self._path, self._waiting, self._host_json, self._worker, self._key = path, waiting, host_json, worker, key
        self._closing = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Start it, and wait until it listens or ends."""
        self._http = await self._closing.enter_async_context(aiohttp.ClientSession(timeout=aiohttp.ClientTimeout()))
        folder = Path(self._closing.enter_context(tempfile.TemporaryDirectory()))
        worker, port = ports.free_ports(2)
        await self._serve(worker)
        declared = folder / "functions.json"
        declared.write_text(json.dumps([_declared(function) for function in self._waiting]), "utf-8")
        self._url = f"http://127.0.0.1:{port}"
        arguments = [
            *("--functions", str(declared), "--host-json", str(self._host_json)),
            *("--worker", f"http://127.0.0.1:{worker}", "--port", str(port)),
        ]
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-I", "-S", child.__file__, "--grace", "20", "--"),
            *(str(self._path), *arguments),
            stdin=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "WEBHOOK_KEY": self._key},
            start_new_session=True,
        )
        if self._process.stderr:
            await self._until_it_listens(self._process.stderr)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the server that it calls; call `stop` first."""
        await self.stop()
        await self._closing.aclose()

    def routes(self, _key: str) -> list[BaseRoute]:
        """Return the webhooks, which forward requests; the program checks the key."""
        return [Route("/runtime/webhooks/" + name, self._pass_on, methods=METHODS) for name in ("blobs", "eventgrid")]

    async def until_it_ends(self) -> None:
        """Wait until it has ended."""
        await self._process.wait()

    async def stop(self, _within: float = 0) -> None:
        """Stop it and wait; it waits ten seconds for running calls."""
        if self._process.stdin:
            self._process.stdin.close()
        await self._process.wait()

    async def _until_it_listens(self, stream: asyncio.StreamReader) -> None:
        async for line in stream:
            sys.stderr.write(line.decode(errors="replace"))
            if LISTENS in line.decode(errors="replace"):
                break
        self._repeating = asyncio.create_task(_repeat(stream))

    async def _serve(self, port: int) -> None:
        application = web.Application(client_max_size=2**30)
        application.router.add_post("/{function}", self._call)
        runner = web.AppRunner(application)
        await runner.setup()
        self._closing.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", port).start()

    async def _call(self, request: web.Request) -> web.Response:
        call = await request.json()
        try:
            await self._worker(Call(call["function"], call["invocation"], call["data"], call["bindingData"]))
        except CallFailed as error:
            return web.Response(status=500, text=str(error))
        return web.Response()

    async def _pass_on(self, request: Request) -> Response:
        url = f"{self._url}{request.url.path}?{request.url.query}"
        headers = {name: value for name, value in request.headers.items() if name != "host"}
        async with self._http.request(request.method, url, headers=headers, data=await request.body()) as answer:
            kept = {name: value for name, value in answer.headers.items() if name.lower() in PASSED}
            return Response(await answer.read(), answer.status, kept)


async def _repeat(stream: asyncio.StreamReader) -> None:
    async for line in stream:
        sys.stderr.write(line.decode(errors="replace"))


def _declared(function: Function) -> dict[str, Any]:
    facts = {name: value for name, value in asdict(function).items() if value}
    if queue := facts.pop("queue", None):
        facts["queueName"] = queue
    return {**facts, "source": "EventGrid"} if function.type == functions.BLOB else facts
