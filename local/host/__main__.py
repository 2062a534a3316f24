"""Runs one function app: `HOST_KEY=<key> FUNCTION_KEY=<key> python -m local.host --app DIR --port N`.

HOST_KEY opens the webhooks of extensions, FUNCTION_KEY all functions that require a key.

The environment has the app settings; `local.settings.json` is not read. If the app cannot be indexed, its message is
printed and the exit code is 1 (PYTHON_ENABLE_DEBUG_LOGGING=1 adds the traceback, and debug output later). After SIGTERM
or Ctrl-C no message is received; calls have ten seconds to end, requests two. A fault of an extension (such as 403 from
storage) ends the host in the same way, with exit code 1.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from local.extensions import functions, running
from local.extensions import options as extension_options
from local.extensions.__main__ import Server
from local.extensions.functions import SettingMissing
from local.extensions.logs import limit
from local.extensions.running import Extensions
from local.host import calls, logs, options, server, worker
from local.host.forward import Forwarder, client_of
from local.host.httptriggers import HttpTriggers
from local.host.program import Program

if TYPE_CHECKING:
    from local.host.mcptools import McpEndpoint

DRAIN_HTTP = 2  # seconds for requests to end, besides those for messages

log = logging.getLogger("host")


@dataclass(frozen=True, slots=True)
class Keys:
    """The keys that callers need."""

    extensions: str
    functions: str


async def _called(
    indexed: worker.Indexed, closing: contextlib.AsyncExitStack, given: options.Options, keys: Keys
) -> server.Called:
    """Return the functions that are called over HTTP: HTTP triggers and MCP tools."""
    http = HttpTriggers(given.http, keys.functions)
    if indexed.http:
        http.call = Forwarder(await closing.enter_async_context(client_of(indexed.http)))
    tools = []
    for function in indexed.functions:
        match function.trigger["type"]:
            case "httpTrigger":
                http.add(function)
            case "mcpToolTrigger":
                tools.append(function)
            case other:
                if other not in functions.TYPES:
                    log.warning("%s is not run here: %s is not built", function.name, other)
    return server.Called(http, _endpoint(tools, given, keys))


def _endpoint(tools: list[worker.Function], given: options.Options, keys: Keys) -> McpEndpoint | None:
    if not tools:
        return None
    from local.host.mcptools import McpEndpoint  # noqa: PLC0415 - a third of a second, for apps with tools only

    return McpEndpoint(tools, given.mcp, keys.extensions)


async def run(app: Path, port: int, keys: Keys, program: Path | None) -> int:
    """Index, listen and serve until SIGTERM, Ctrl-C or a fault of an extension; return the exit code."""
    host_json = app / "host.json"
    given = extension_options.read(host_json)
    limit(given.levels)
    indexed = await worker.index(app)
    waiting, called_worker = calls.waiting(indexed.functions), calls.worker_of(indexed.functions)
    async with contextlib.AsyncExitStack() as closing:
        called = await _called(indexed, closing, options.read(host_json), keys)
        extensions: Extensions | Program = (
            Program(program, waiting, host_json, called_worker, keys.extensions)
            if program
            else Extensions(waiting, given, called_worker)
        )
        await closing.enter_async_context(extensions)
        application = server.application(called, extensions.routes(keys.extensions))
        http = Server(
            uvicorn.Config(
                application, host="127.0.0.1", port=port, log_config=None, timeout_graceful_shutdown=DRAIN_HTTP
            )
        )
        return await _until_it_ends(http, extensions)


async def _until_it_ends(http: Server, extensions: Extensions | Program) -> int:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    serving = asyncio.create_task(http.serve())
    stopping, ended = asyncio.create_task(stopped.wait()), asyncio.create_task(extensions.until_it_ends())
    await asyncio.wait({serving, stopping, ended}, return_when=asyncio.FIRST_COMPLETED)
    http.should_exit = True
    await asyncio.gather(serving, extensions.stop(running.STOP_WITHIN))
    faulty = ended.done()
    for task in (stopping, ended):
        task.cancel()
    await asyncio.gather(stopping, ended, return_exceptions=True)
    return int(faulty)


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m local.host", description="A development host for one function app."
    )
    parser.add_argument("--app", type=Path, required=True, help="the folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--extensions", type=Path, help="a program that runs Microsoft's own extensions")
    given = parser.parse_args()
    debug = os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING", "").lower() in {"1", "true"}
    logs.set_up(logging.DEBUG if debug else logging.INFO)
    try:
        keys = Keys(os.environ["HOST_KEY"], os.environ["FUNCTION_KEY"])
        return asyncio.run(run(given.app.resolve(), given.port, keys, given.extensions))
    except (worker.IndexingFailed, SettingMissing) as error:
        print(error, file=sys.stderr)
        log.debug("%s", getattr(error, "trace", ""))
        return 1


if __name__ == "__main__":
    sys.exit(main())
