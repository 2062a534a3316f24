"""Azurite with a movable clock, the app's worker, and Microsoft's extensions; parts that end are restarted."""

import asyncio
import json
import os
import textwrap
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any

import aiohttp
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from local import children, environment, ports, stack, storage
from local.azure_openai.script import Model
from local.children import Child
from local.storage import Storage
from tests.realhost.gate import Gate

ROOT = Path(__file__).parents[2]
BINDINGS = ROOT / "tests" / "worker" / "bindings.json"
CLOCK = Path(__file__).with_name("clock.cjs")
WITHIN = 60.0  # seconds; a condition that takes longer has failed
DAY = 86400
DEAD_LETTERS = "dead-letter-queue"
_KEY = "its key"


STAND_IN = children.module("local.extensions")


def real_program() -> str | None:
    """The program of Microsoft's extensions, or None."""
    return os.environ.get("WEBJOBS_HOST") or None


@dataclass
class Platform:
    """The running app, and actions of the platform and users.

    Args:
        state: a folder of its own.
        storage: Azurite.
        gate: the proxy to the host account's queues, for the app and the host.
        host: the command that runs the triggers: Microsoft's extensions, or their stand-in with the same arguments.
        settings: app settings.
        fault: Python that the app runs before it is indexed; a bug that a test puts in.

    """

    state: Path
    storage: Storage
    gate: Gate
    host: Sequence[str]
    settings: Mapping[str, str]
    fault: str
    blobs: BlobServiceClient
    queues: QueueServiceClient
    ends: int = 0
    _children: dict[str, Child] = field(default_factory=dict)
    _ports: tuple[int, int] = (0, 0)
    _ahead: float = 0
    _all_runs: asyncio.Event = field(default_factory=asyncio.Event)

    def forward(self, seconds: float) -> None:
        """Move Azurite's clock."""
        self._ahead += seconds
        (self.state / "clock").write_text(str(self._ahead))

    async def start(self) -> None:
        """Start the parts that do not run, and wait for them."""
        if "worker" not in self._children:
            self._children["worker"] = self._worker()
            with suppress(children.ChildFailed):  # as where it is killed at its start
                await asyncio.to_thread(self._children["worker"].wait_until_ready)
        if "host" not in self._children:
            self._children["host"] = self._host()
            with suppress(children.ChildFailed):  # as where storage refuses it at once
                await asyncio.to_thread(self._children["host"].wait_until_ready)

    async def kill(self, *names: str) -> None:
        """Kill them, as when an instance dies."""
        children.end([self._children.pop(name) for name in names])

    async def kill_one(self, name: str) -> None:
        """Send it SIGKILL while all runs; `keep` starts it again, and counts that."""
        await self._all_runs.wait()
        self._all_runs.clear()
        children.end([self._children[name]])

    async def keep(self) -> None:
        """Start again whatever ends, for as long as this is awaited; the worker ends with its host."""
        while True:
            ended = [name for name, child in self._children.items() if child.code is not None]
            self.ends += len(ended)
            await self.kill(*(self._children if "host" in ended else ended))
            await self.start()
            if all(child.code is None for child in self._children.values()):
                self._all_runs.set()
            await asyncio.sleep(0.2)

    def _worker(self) -> Child:
        app, (port, _) = self.state / "app", self._ports
        command = children.module("tests.realhost.worker", "--app", str(app), "--port", str(port))
        ready = children.answers(f"http://127.0.0.1:{port}/healthz")
        return self._child("worker", command, ready)

    def _host(self) -> Child:
        worker, port = self._ports
        arguments = {"--functions": self.state / "functions.json", "--worker": f"http://127.0.0.1:{worker}/invoke"}
        arguments |= {"--port": port, "--host-json": ROOT / "host.json"}
        command = [*self.host, *(str(part) for pair in arguments.items() for part in pair)]
        return self._child("host", command, children.answers(f"http://127.0.0.1:{port}/"))

    def _child(self, name: str, command: list[str], ready: children.Ready) -> Child:
        number = len(list((self.state / "logs").glob(f"{name}-*.log")))
        log = self.state / "logs" / f"{name}-{number:03}.log"
        return Child(name, command, environment=dict(self.settings), log=log, ready=ready, grace=0)

    def log(self, name: str) -> str:
        """What all of this name have printed so far."""
        return "".join(path.read_text("utf-8") for path in sorted((self.state / "logs").glob(f"{name}-*.log")))

    def logged(self, event: str) -> list[dict[str, Any]]:
        """The facts of the app's log events of this kind."""
        lines = [line for line in self.log("worker").splitlines() if f": {event} {{" in line]
        return [json.loads(line.split(f": {event} ", 1)[1]) for line in lines]

    async def upload(self, name: str, data: bytes) -> None:
        """Put a picture into the container without an event."""
        await self.blobs.get_blob_client("images", name).upload_blob(data, overwrite=True)

    async def announce(self, name: str) -> None:
        """Deliver the upload's event to the blob trigger's webhook until it is taken, as Event Grid does for a day."""
        url = f"http://127.0.0.1:{self._ports[1]}/runtime/webhooks/blobs"
        asked = {"functionName": "Host.Functions.describe_on_upload", "code": _KEY}
        event = {
            "id": name,
            "eventType": "Microsoft.Storage.BlobCreated",
            "subject": ImageRef("images", name).subject,
            "eventTime": "2026-11-28T08:00:00Z",
            "data": {"url": self.blobs.get_blob_client("images", name).url, "blobType": "BlockBlob", "eTag": "0x1"},
            "dataVersion": "",
        }
        async with aiohttp.ClientSession(headers={"aeg-event-type": "Notification"}) as http:
            while True:
                with suppress(aiohttp.ClientError):
                    async with http.post(url, params=asked, json=[event]) as answer:
                        if answer.status == 202:
                            return
                await asyncio.sleep(0.5)

    async def put(self, queue: str, text: str) -> None:
        """Send a message that never expires, not through the gate, as Event Grid does by its own role."""
        await self.queues.get_queue_client(queue).send_message(text, time_to_live=-1)

    async def lying(self, queue: str) -> list[str]:
        """Return the visible texts."""
        return [message.content for message in await self.queues.get_queue_client(queue).peek_messages(32)]

    async def all_of(self, queue: str) -> AsyncIterator[str]:
        """The texts of all messages, taken from the queue for an hour."""
        async for message in self.queues.get_queue_client(queue).receive_messages(visibility_timeout=3600):
            yield message.content

    async def count(self, queue: str) -> int:
        """How many messages the queue has, hidden ones too."""
        properties = await self.queues.get_queue_client(queue).get_queue_properties()
        return properties.approximate_message_count or 0

    async def record(self, name: str) -> dict[str, Any]:
        """A picture's record as it is stored; empty where there is none."""
        blob = self.blobs.get_blob_client("descriptions", sidecar_name(ImageRef("images", name)))
        if not await blob.exists():
            return {}
        return dict(json.loads(await (await blob.download_blob()).readall()))

    async def records(self) -> int:
        """How many pictures have a record."""
        names = [blob.name async for blob in self.blobs.get_container_client("descriptions").list_blobs("images/")]
        return len(names)

    async def status(self, name: str) -> str:
        """The status of a picture's record; empty where there is none."""
        return str((await self.record(name)).get("status", ""))


@asynccontextmanager
async def running(
    state: Path,
    model: Model,
    host: Sequence[str],
    *,
    fault: str = "",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[Platform]:
    """Run all parts to the end of the block."""
    (state / "logs").mkdir(parents=True)
    (state / "clock").write_text("0")
    clean = environment.clean() | {"NODE_OPTIONS": f"--require {CLOCK}", "CLOCK": str(state / "clock")}
    blob, queue, table, identity, *own = ports.free_ports(6)
    started, parts = storage.start(state, clean, (blob, queue, table, identity))
    try:
        for part in parts:
            await asyncio.to_thread(part.wait_until_ready)
        for container in (stack.IMAGES_CONTAINER, stack.DESCRIPTIONS_CONTAINER):
            started.create_container(container)
        for name in stack.QUEUES:
            started.create_queue(name)
        async with (
            Gate(started.base["queue"]).running(started.certificate) as gate,
            started.blob_service() as blobs,
            started.queue_service() as queues,
        ):
            environ = _settings(started, gate, model) | dict(settings)
            made = Platform(state, started, gate, host, environ, fault, blobs, queues, _ports=(own[0], own[1]))
            _write(made)
            await made.start()
            platform = asyncio.create_task(made.keep())
            try:
                yield made
            finally:
                platform.cancel()
                with suppress(asyncio.CancelledError):
                    await platform
                children.end(made._children.values())
    finally:
        children.end(parts)


def _settings(of: Storage, gate: Gate, model: Model) -> dict[str, str]:
    queues = f"{gate.url}/{of.host}"
    return {
        **environment.clean(),
        **of.environment,
        **of.connection("IMAGES", of.images),
        **of.connection("AzureWebJobsStorage", of.host),
        "IMAGES__queueServiceUri": queues,
        "AzureWebJobsStorage__queueServiceUri": queues,
        "IMAGES_CONTAINER": stack.IMAGES_CONTAINER,
        "DESCRIPTIONS_CONTAINER": stack.DESCRIPTIONS_CONTAINER,
        **environment.model(model.url),
        "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna",
        "RETRY_BASE_SECONDS": "1",
        "WEBHOOK_KEY": _KEY,
    }


def _write(made: Platform) -> None:
    """The app, with an optional bug, and its functions for the program."""
    app = made.state / "app"
    app.mkdir()
    source = f"""
        import importlib.util, sys
        sys.path.insert(0, {str(ROOT)!r})
        {textwrap.indent(textwrap.dedent(made.fault), " " * 8).strip()}
        found = importlib.util.spec_from_file_location("described", {str(ROOT / "function_app.py")!r})
        described = importlib.util.module_from_spec(found)
        found.loader.exec_module(described)
        app = described.app
    """
    (app / "function_app.py").write_text(textwrap.dedent(source))
    (app / "host.json").write_text((ROOT / "host.json").read_text("utf-8"))
    indexed = json.loads(BINDINGS.read_text("utf-8"))
    functions = [
        {"name": name, **{key: binding[key] for key in ("type", "queueName", "path", "connection") if key in binding}}
        for name, bindings in indexed.items()
        for binding in bindings
        if binding["type"] in {"queueTrigger", "blobTrigger"}
    ]
    for each in functions:
        if each["type"] == "blobTrigger":
            each["source"] = "EventGrid"
    (made.state / "functions.json").write_text(json.dumps(functions))
