"""Runs one function app: `HOST_KEY=<key> FUNCTION_KEY=<key> python -m local.host --app DIR --port N`.

HOST_KEY opens the webhooks of extensions, FUNCTION_KEY the functions that want one; no key is made for a single one.

App settings are the environment; `local.settings.json` is not read. If the app cannot be indexed, its one message is
printed and the exit code is 1 (with PYTHON_ENABLE_DEBUG_LOGGING=1 the traceback comes too, and debug output later).
SIGTERM and Ctrl-C: no message is taken any more, what is running may end within 5 seconds, requests within 2.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from local.host import logs, options, server, triggers, worker
from local.host.connections import Connections, SettingMissing
from local.host.eventgrid import EventGridTriggers
from local.host.forward import Forwarder, client_of
from local.host.httptriggers import HttpTriggers
from local.host.listener import QueueListener

if TYPE_CHECKING:
    from local.host.mcptools import McpEndpoint

DRAIN = 5.0  # seconds
DRAIN_HTTP = 2  # seconds, before those; together less than the grace of local/child.py

log = logging.getLogger("host")


@dataclass(frozen=True, slots=True)
class Keys:
    """The secrets that callers need."""

    extensions: str
    functions: str


class _Server(uvicorn.Server):
    """Leaves signals alone: uvicorn would raise them again when it has ended, before the listeners have."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@dataclass(slots=True)
class _Triggers:
    """What an app's functions wait for."""

    called: server.Called
    listeners: list[QueueListener]


async def _triggers(app: Path, closing: contextlib.AsyncExitStack, keys: Keys) -> _Triggers:
    """Index the app and give what listens, and what is called over HTTP."""
    indexed, told = await worker.index(app), options.read(app)
    blobs, grid = triggers.BlobTriggers(Connections(closing)), EventGridTriggers()
    http = HttpTriggers(told.route_prefix, keys.functions)
    if indexed.http:
        http.call = Forwarder(await closing.enter_async_context(client_of(indexed.http)))
    listeners, tools = [], []
    for function in indexed.functions:
        match function.trigger["type"]:
            case "queueTrigger":
                listeners.append(await triggers.listen_to_queue(function, blobs.connections, told.queues))
            case "blobTrigger":
                blobs.add(function)
                await blobs.connections.blob(function.trigger.get("connection") or triggers.HOST_STORAGE)
            case "eventGridTrigger":
                grid.add(function)
            case "httpTrigger":
                http.add(function)
            case "mcpToolTrigger":
                tools.append(function)
            case other:
                log.warning("%s is not run here: %s is not built", function.name, other)
    if blobs.functions:
        listeners.append(await blobs.listen(told.blobs))
    return _Triggers(server.Called(blobs, grid, http, _endpoint(tools, told, keys)), listeners)


def _endpoint(tools: list[worker.Function], told: options.Options, keys: Keys) -> McpEndpoint | None:
    if not tools:
        return None
    from local.host.mcptools import McpEndpoint  # noqa: PLC0415 - a third of a second, for apps with tools only

    return McpEndpoint(tools, told.mcp, keys.extensions)


async def run(app: Path, port: int, keys: Keys) -> None:
    """Index, listen and serve until SIGTERM or Ctrl-C."""
    async with contextlib.AsyncExitStack() as closing:
        waiting = await _triggers(app, closing, keys)
        listeners = waiting.listeners
        config = uvicorn.Config(
            server.application(waiting.called, keys.extensions),
            host="127.0.0.1",
            port=port,
            log_config=None,
            timeout_graceful_shutdown=DRAIN_HTTP,
        )
        http = _Server(config)

        def end(*_: object) -> None:
            http.should_exit = True
            for listener in listeners:
                listener.take_no_more()

        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, end)
        running = [asyncio.create_task(listener.run()) for listener in listeners]
        for task in running:
            task.add_done_callback(end)  # one that fails ends the host: nothing may stop listening unnoticed
        await http.serve()
        await asyncio.gather(*running)
        await asyncio.gather(*(listener.finish(DRAIN) for listener in listeners))


def main() -> int:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(
        prog="python -m local.host", description="A development host for one function app."
    )
    parser.add_argument("--app", type=Path, required=True, help="the folder with function_app.py and host.json")
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    debug = os.environ.get("PYTHON_ENABLE_DEBUG_LOGGING", "").lower() in {"1", "true"}
    logs.set_up(logging.DEBUG if debug else logging.INFO)
    try:
        asyncio.run(run(given.app.resolve(), given.port, Keys(os.environ["HOST_KEY"], os.environ["FUNCTION_KEY"])))
    except (worker.IndexingFailed, SettingMissing) as error:
        print(error, file=sys.stderr)
        log.debug("%s", getattr(error, "trace", ""))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
