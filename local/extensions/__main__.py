"""Runs an app's triggers without an app: `python -m local.extensions --functions F --worker URL --port N`.

Arguments, the worker's protocol and output are those of the program with Microsoft's packages, so that one test runs on
both. WEBHOOK_KEY opens the webhooks; the environment has the app settings.

Each call is `POST WORKER/FUNCTION` with `{"function", "invocation", "data", "bindingData"}`. A worker answers 2xx for a
successful call; any other status means failure, with the reason in the body. On SIGTERM it starts nothing new, and
calls have `--stop-within` seconds to end. The exit code is 1 if a fault ended it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import aiohttp
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.extensions import functions, logs, options
from local.extensions.functions import SettingMissing
from local.extensions.invocation import Call, CallFailed, Worker
from local.extensions.running import STOP_WITHIN, Extensions


class Server(uvicorn.Server):
    """Ignores signals: uvicorn would raise them again at its end, before the listeners have ended."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class _AnnouncingServer(Server):
    """Prints to standard error when it listens."""

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.should_exit:
            print(f"local.extensions listens on http://127.0.0.1:{self.config.port}", file=sys.stderr, flush=True)


def worker_at(url: str, http: aiohttp.ClientSession) -> Worker:
    """Return the worker behind this URL."""

    async def call(call: Call) -> None:
        body = {
            "function": call.function,
            "invocation": call.invocation,
            "data": call.data,
            "bindingData": call.binding_data,
        }
        try:
            async with http.post(f"{url}/{call.function}", json=body) as answer:
                if answer.status >= 300:
                    raise CallFailed(f"{answer.status}: {await answer.text()}")
        except aiohttp.ClientError as error:
            raise CallFailed(f"the worker cannot be reached: {error}") from None

    return call


async def run(given: argparse.Namespace) -> int:
    """Listen and serve until a signal or a fault, and return the exit code."""
    host_json = options.read(given.host_json)
    waiting = [functions.read(one) for one in json.loads(given.functions.read_text("utf-8"))]
    no_limit = aiohttp.ClientTimeout(total=None)
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    async with (
        aiohttp.ClientSession(timeout=no_limit, connector=aiohttp.TCPConnector(limit=0)) as http,
        Extensions(waiting, host_json, worker_at(given.worker, http)) as running,
    ):
        server = _server(given.port, [Route("/", _state), *running.routes(os.environ.get("WEBHOOK_KEY", ""))])
        serving = asyncio.create_task(server.serve())
        stopped, ended = asyncio.create_task(stopping.wait()), asyncio.create_task(running.until_it_ends())
        await asyncio.wait({stopped, ended, serving}, return_when=asyncio.FIRST_COMPLETED)
        faulty = not stopped.done()
        await running.stop(given.stop_within)
        server.should_exit = server.force_exit = True
        for task in (stopped, ended):
            task.cancel()
        await asyncio.gather(serving, stopped, ended, return_exceptions=True)
    return int(faulty)


async def _state(_request: Request) -> Response:
    return JSONResponse({"state": "Running"})


def _server(port: int, routes: Sequence[Any]) -> Server:
    config = uvicorn.Config(Starlette(routes=routes), host="127.0.0.1", port=port, log_config=None, lifespan="off")
    return _AnnouncingServer(config)


def parser() -> argparse.ArgumentParser:
    """Return the command line."""
    parser = argparse.ArgumentParser(prog="python -m local.extensions", description="Triggers of one function app.")
    parser.add_argument("--functions", type=Path, required=True, help="a JSON array of functions and their triggers")
    parser.add_argument("--worker", required=True, help="the URL under which functions are called")
    parser.add_argument("--port", type=int, required=True, help="of the webhooks, on 127.0.0.1")
    parser.add_argument("--host-json", type=Path, help="without it: the platform's defaults")
    parser.add_argument("--level", default="Information", help="the lowest level that is logged")
    parser.add_argument("--stop-within", type=float, default=STOP_WITHIN, help="seconds for what runs when it stops")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the command line and run."""
    given = parser().parse_args(arguments)
    logs.set_up(given.level, options.read(given.host_json).levels)
    try:
        return asyncio.run(run(given))
    except (SettingMissing, ValueError) as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
