"""Runs `local.host` with a temporary app in a process of its own, since the worker library has one app a process."""

import asyncio
import base64
import json
import os
import signal
import textwrap
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

from local import children, environment, ports
from local.children import Child
from local.extensions.listener import QueueListener
from local.parts import HOST_GRACE
from local.storage import Storage
from tests.storage import unique

KEY = "its key"
FUNCTION_KEY = "the functions' key"
BLOB_POISON = "webjobs-blobtrigger-poison"


@dataclass(frozen=True, slots=True)
class RunningHost:
    """A host and its app's records (see APP in test_host.py): one JSON object a line."""

    child: Child
    url: str
    id: str
    notes: Path
    storage: Storage
    settings: Mapping[str, str]

    def noted(self) -> list[dict[str, Any]]:
        if not self.notes.exists():
            return []
        return [json.loads(line) for line in self.notes.read_text("utf-8").splitlines()]

    def webhook(self, function: str, key: str = KEY) -> str:
        """Return the address of the webhook of an Event Grid trigger."""
        return f"{self.url}/runtime/webhooks/eventgrid?functionName={function}&code={key}"

    async def post(
        self, body: object, kind: str = "Notification", function: str = "", key: str = KEY
    ) -> tuple[int, str]:
        """Call the webhook of a blob trigger as Event Grid does: status and body."""
        return await self.post_to(
            f"{self.url}/runtime/webhooks/blobs?functionName=Host.Functions.{function}&code={key}", body, kind
        )

    async def post_to(self, webhook: str, body: object, kind: str = "Notification") -> tuple[int, str]:
        """Call a webhook as Event Grid does: status and body."""
        async with (
            aiohttp.ClientSession() as http,
            http.post(
                webhook,
                headers={"aeg-event-type": kind},
                data=body if isinstance(body, str) else json.dumps(body),
            ) as answer,
        ):
            return answer.status, await answer.text()

    def output(self) -> list[str]:
        """Return the lines it has printed, less the SDK's hint that an app without HTTP functions needs no key."""
        lines = self.child.log.read_text("utf-8").splitlines()
        return [line for line in lines if "Auth level is not applied" not in line]

    def answers(self) -> bool:
        return children.answers(f"{self.url}/admin/host/status")()

    async def announce(self, function: str, url: str) -> None:
        status, _ = await self.post([{"data": {"url": url, "blobType": "BlockBlob", "eTag": "0x1"}}], function=function)
        assert status == 202


def start(
    folder: Path, storage: Storage, source: str, *, host_json: Mapping[str, Any], settings: Mapping[str, str]
) -> RunningHost:
    """Write an app into a folder and start a host for it; it may not be ready yet."""
    folder.mkdir(exist_ok=True)
    (folder / "function_app.py").write_text(textwrap.dedent(source), "utf-8")
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **host_json}), "utf-8")
    (port,) = ports.free_ports(1)
    notes, name = folder / "notes.jsonl", unique("h")
    environ = {
        **environment.clean(),
        **storage.environment,
        **storage.connection("IMAGES", storage.images),
        **storage.connection("AzureWebJobsStorage", storage.host),
        "AzureFunctionsWebHost__hostid": name,
        "HOST_KEY": KEY,
        "FUNCTION_KEY": FUNCTION_KEY,
        "NOTES": str(notes),
        **settings,
    }
    url = f"http://127.0.0.1:{port}"
    command = children.module("local.host", "--app", str(folder), "--port", str(port))
    ready = children.answers(f"{url}/admin/host/status")
    child = Child("host", command, environment=environ, log=folder / "host.log", ready=ready, grace=HOST_GRACE)
    return RunningHost(child, url, name, notes, storage, settings)


def decoded(text: str) -> str:
    return base64.b64decode(text).decode()


@asynccontextmanager
async def listening(listener: QueueListener) -> AsyncIterator[None]:
    """Run a listener in this process, without a host."""
    running = asyncio.create_task(listener.run())
    yield
    listener.take_no_more()
    await running
    await listener.finish(5)


def terminate(pid: int) -> None:
    os.kill(pid, signal.SIGTERM)
