"""One app on the development host, Azurite and the stand-in model, each run with processes of its own.

All pictures are in storage before the first event is sent, so that uploads cost no measured time.
"""

import asyncio
import json
import mimetypes
import re
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, fields
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import httpx2
from azure.storage.blob import ContentSettings
from azure.storage.blob.aio import ContainerClient

from benchmarks.ondemand import host_process
from benchmarks.peers import log
from benchmarks.peers.model import Seen
from benchmarks.peers.photographs import jpeg
from benchmarks.peers.rivals import Rival
from benchmarks.peers.watch import Watch, memory
from local import children, environment, ports
from local.accesslog import Change
from local.eventgrid import events
from local.eventgrid.events import Schema
from local.routes import WORK_QUEUE, Route
from local.stack import IMAGES_CONTAINER, Stack
from tests.storage import encoded

MARK: Final = "alt_text"
"""The pair of metadata that says that a picture is described, for all of them."""
GIVEN_UP: Final = 5
"""Failed calls after which the blob trigger puts a picture into its poison queue."""
_AT_ONCE: Final = 16
_LOOK: Final = 0.5
_REQUEST: Final = re.compile(rb'"(?P<method>\w+) /images/(?:images|descriptions)/')


@dataclass(frozen=True, slots=True)
class Load:
    """What an app has to do.

    Args:
        pictures: by name.
        model: arguments of the model, see model.py.
        per_second: events a second; None: all at once.
        at_once: calls of the model at a time; None: each at its defaults.
        warm: a first photograph before the others, in its own figures.
        queue: events come by the queue, which the app alone has.
        longest: seconds from the first event to the end of the patience.
    """

    pictures: Mapping[str, bytes]
    model: tuple[str, ...] = ()
    per_second: float | None = None
    at_once: int | None = None
    warm: bool = True
    queue: bool = False
    longest: float = 150.0


@dataclass(frozen=True, slots=True)
class First:
    """The first photograph of a process.

    Args:
        seconds: from its event to the end of its function, the model's time among them.
        requests: of blobs, of app and host.
        seen: what the model was asked.
    """

    seconds: float
    requests: int
    seen: Seen


@dataclass(frozen=True, slots=True)
class Ran:
    """What a run came to.

    Args:
        described: how many pictures have a text in their metadata.
        lost: how many never will: their events are in the poison queue.
        seconds: from the first event to the last end of a function.
        finished: that end, in seconds since the epoch.
        calls: of functions.
        idle, warm, peak: MiB of the host's process and its children: before the first photograph, after it, at most.
        computed: seconds of computing of the same.
        seen: what the model was asked, without the first photograph.
        first: that one.
    """

    described: int
    lost: int
    seconds: float
    finished: float
    calls: tuple[log.Call, ...]
    idle: float
    warm: float
    peak: float
    computed: float
    seen: Seen
    first: First | None

    @property
    def a_minute(self) -> float:
        """Described pictures a minute."""
        return 60 * self.described / self.seconds


@contextmanager
def _model(folder: Path, arguments: tuple[str, ...]) -> Iterator[str]:
    """Start the model; return its address."""
    (port,) = ports.free_ports(1)
    url = f"http://127.0.0.1:{port}"
    command = children.module("benchmarks.peers.model", "--port", str(port), *arguments)
    model = children.Child(
        "model",
        command,
        environment=environment.clean(),
        log=folder / "model.log",
        ready=children.answers(f"{url}/healthz"),
    )
    try:
        model.wait_until_ready()
        yield url
    finally:
        children.end([model])


def _seen(url: str, before: Seen | None = None) -> Seen:
    """Return the model's counts, less the earlier ones."""
    with urllib.request.urlopen(f"{url}/seen", timeout=10) as answer:
        now: dict[str, Any] = json.load(answer)
    counted = {"calls", "throttled", "failed", "image_tokens", "prompt_tokens", "image_bytes"}
    less = {each.name: getattr(before, each.name) if before and each.name in counted else 0 for each in fields(Seen)}
    return Seen(**{name: value - less[name] for name, value in now.items()})


@dataclass
class _Rig:
    stack: Stack
    rival: Rival
    host_log: Path
    webhook: str
    events: dict[str, Any] = field(default_factory=dict)

    async def upload(self, pictures: Mapping[str, bytes]) -> None:
        """Put pictures into storage, and keep their events."""
        free = asyncio.Semaphore(_AT_ONCE // 2)

        async def put(container: ContainerClient, name: str, data: bytes) -> None:
            async with free:
                blob, kind = container.get_blob_client(name), mimetypes.guess_type(name)[0]
                await blob.upload_blob(data, content_settings=ContentSettings(content_type=kind))
                change = Change(self.stack.storage.images, IMAGES_CONTAINER, name, "PutBlob")
                event = events.created(change, blob.url, await blob.get_blob_properties())
                self.events[name] = event.in_schema(Schema.EVENT_GRID)

        async with self.stack.storage.blob_service() as blobs:
            container = blobs.get_container_client(IMAGES_CONTAINER)
            await asyncio.gather(*(put(container, name, data) for name, data in pictures.items()))

    async def announce(self, names: list[str], per_second: float | None, *, queue: bool) -> None:
        """Send events, one in each request as Event Grid does."""
        begun, free = time.monotonic(), asyncio.Semaphore(_AT_ONCE)

        async def send(number: int, name: str) -> None:
            if per_second:
                await asyncio.sleep(begun + number / per_second - time.monotonic())
            async with free:
                if queue:
                    await messages.send_message(encoded(self.events[name]))
                    return
                answer = await http.post(self.webhook, json=[self.events[name]], headers=headers)
                answer.raise_for_status()

        headers = {"aeg-event-type": "Notification"}
        async with (
            httpx2.AsyncClient(timeout=60, trust_env=False) as http,
            self.stack.storage.queue_service() as service,
        ):
            messages = service.get_queue_client(WORK_QUEUE)
            await asyncio.gather(*(send(number, name) for number, name in enumerate(names)))

    async def ended(self, names: list[str], position: int, until: float) -> tuple[int, int]:
        """Wait until all are described or given up, or for the timeout; return the count of each."""
        async with self.stack.storage.blob_service() as blobs:
            container = blobs.get_container_client(IMAGES_CONTAINER)
            while True:
                listed = [blob async for blob in container.list_blobs(include=["metadata"])]
                described = {blob.name for blob in listed if (blob.metadata or {}).get(MARK)} & set(names)
                failed = log.failures(self.host_log, position)
                lost = {name for name in names if failed[name] >= GIVEN_UP} - described
                if len(described) + len(lost) == len(names) or time.time() > until:
                    await asyncio.sleep(_LOOK)  # the function ends after the mark
                    return len(described), len(lost)
                await asyncio.sleep(_LOOK)

    async def run(self, names: list[str], load: Load) -> tuple[int, int, list[log.Call], float]:
        """Send the events and wait for the end; return the described, the lost, the calls, and the start."""
        position, begun = self.host_log.stat().st_size, time.time()
        await self.announce(names, load.per_second, queue=load.queue)
        described, lost = await self.ended(names, position, begun + load.longest)
        return described, lost, list(log.calls(self.host_log, position)), begun

    def requests(self, position: int = 0) -> int:
        """Count the requests to the account's containers that Azurite logged after a position."""
        return len(_REQUEST.findall(self.stack.storage.access_log.read_bytes()[position:]))


def degree(at_once: int) -> int:
    """Give the `maxDegreeOfParallelism` that keeps so many equally long calls running: docs/adr/0032."""
    return 2 * at_once - 2


def run(rival: Rival, load: Load) -> Ran:
    """Run one app under a load."""
    with TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        folder = Path(temporary)
        app = rival.copied(folder / "app", degree(load.at_once) if load.at_once else None)
        settings = {**rival.settings, **({rival.limit: str(load.at_once)} if load.at_once else {})}
        with (
            _model(folder, load.model) as model,
            Stack(app, folder / "state", settings, model_url=model, route=None, python=rival.python) as stack,
        ):
            return asyncio.run(_measured(stack, rival, load, model, folder / "state/logs/host.log"))


async def _measured(stack: Stack, rival: Rival, load: Load, model: str, host_log: Path) -> Ran:
    webhook = Route("blobTrigger", function=rival.function).webhook(stack.addresses.http, stack.addresses.key)
    assert webhook
    rig, first = _Rig(stack, rival, host_log, webhook), None
    await rig.upload(load.pictures)
    process, names = host_process(stack), list(load.pictures)
    idle = memory(process)
    if load.warm:
        first = await _first(rig, load, model)
    with Watch(process) as watch:
        described, lost, calls, begun = await rig.run(names, load)
        computed = watch.computed()
    finished = max((call.at for call in calls if call.well), default=time.time())
    return Ran(
        described=described,
        lost=lost,
        seconds=finished - begun,
        finished=finished,
        calls=tuple(calls),
        idle=idle,
        warm=watch.begins_with,
        peak=watch.peak,
        computed=computed,
        seen=await asyncio.to_thread(_seen, model, first.seen if first else None),
        first=first,
    )


async def _first(rig: _Rig, load: Load, model: str) -> First:
    name = "first.jpg"
    await rig.upload({name: jpeg(0)})
    position = rig.stack.storage.access_log.stat().st_size
    _, _, calls, begun = await rig.run([name], Load({}, queue=load.queue, longest=60))
    end = max(call.at for call in calls if call.well)
    return First(end - begun, rig.requests(position), await asyncio.to_thread(_seen, model))
