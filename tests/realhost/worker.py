"""The app in Microsoft's worker library, called as the program calls a worker: `python -m tests.realhost.worker …`."""

import argparse
import asyncio
import base64
import logging
from pathlib import Path
from typing import Any

from aiohttp import web

from local.host import logs, worker
from local.host.worker import Message, TypedData


async def _serve(app: Path, port: int) -> None:
    functions = {function.name: function for function in (await worker.index(app)).functions}

    async def call(request: web.Request) -> web.Response:
        sent: dict[str, Any] = await request.json()
        metadata = {name: _value(value) for name, value in sent["bindingData"].items()}
        try:
            await worker.invoke(functions[sent["function"]], _data(sent["data"]), metadata)
        except worker.FunctionFailed as error:
            return web.Response(status=500, text=f"{error}\n{error.trace}")
        return web.Response()

    served = web.Application(client_max_size=2**24)
    served.router.add_post("/invoke/{function}", call)
    served.router.add_get("/healthz", _healthy)
    runner = web.AppRunner(served, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port).start()
    await asyncio.Event().wait()


async def _healthy(_request: web.Request) -> web.Response:
    return web.Response()


def _data(sent: Any) -> Message:
    """A queue's text, or a blob's reference."""
    if isinstance(sent, str):
        return TypedData(string=sent)
    content = sent["content"]
    reference = Message(
        version=sent["version"],
        source=sent["source"],
        content_type=sent["contentType"],
        content=content.encode() if isinstance(content, str) else base64.b64decode(content["bytes"]),
    )
    return TypedData(model_binding_data=reference)


def _value(sent: Any) -> Message:
    match sent:
        case {"json": str(text)}:
            return TypedData(json=text)
        case {"bytes": str(text)}:
            return TypedData(bytes=base64.b64decode(text))
        case _:
            return TypedData(string=str(sent))


def main() -> None:
    """Serve until ended."""
    parser = argparse.ArgumentParser(prog="python -m tests.realhost.worker")
    parser.add_argument("--app", type=Path, required=True)
    parser.add_argument("--port", type=int, required=True)
    given = parser.parse_args()
    logs.set_up(logging.INFO)
    asyncio.run(_serve(given.app.resolve(), given.port))


if __name__ == "__main__":
    main()
