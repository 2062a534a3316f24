"""Nothing is lost and little is paid twice: `python -m benchmarks.faults [--pictures N] [--kills N]`.

Uploads pictures to Azurite, with their events on the queue `image-work`, and lets the app's own code work them, without
the Functions host. Meanwhile the worker is killed (SIGKILL) at random moments, a fifth of the model's answers are
faults, the storage hangs twice for five seconds, a fifth of the pictures are overwritten, some deleted, and some tagged
by others. When the queue is empty, every picture that is there must have its record.
"""

import asyncio
import hashlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from azure.core import MatchConditions
from azure.core.exceptions import ResourceModifiedError
from azure.storage.blob.aio import ContainerClient
from azure.storage.queue.aio import QueueClient

from benchmarks.figures import Figure, conclude, parser
from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from local import children, environment, ports
from local.azure_openai import faults
from local.azure_openai.answers import Request
from local.azure_openai.script import Model, Reply, Script, describe, serve
from local.storage import Storage, start
from tests import pictures
from tests.storage import encoded

FAILING: Final = 0.2
"""Of the model's answers."""
HANGS: Final = 2
HANG_SECONDS: Final = 5.0
MOST_ENDED: Final = 8
"""Messages that a worker ends before it is killed, at most."""
SECONDS_A_KILL: Final = 2.0
"""For each kill, in which people and programs do what they do."""
LONGEST_PAUSE: Final = 0.5
"""Seconds between the last of them and the kill, at most."""
_SMALLEST: Final = 200
"""Width of the first picture; each file has a width of its own, by which the model's server knows it."""
_LONGEST_END: Final = 900.0
"""Seconds until the queue is empty; interrupted work waits up to a minute for each of its interruptions."""
_WATCHER: Final = "local.child"
"""The module that starts each program and ends it."""


type _Change = Callable[[ContainerClient, QueueClient, str], Awaitable[None]]


@dataclass
class Asked:
    """The model's server: records its answers by their picture's width, and the number of kills before each."""

    chance: random.Random
    kills: int = 0
    paid: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Reply:
        """Return a fault, or an answer after a short wait."""
        with self.lock:
            fails, seconds = self.chance.random() < FAILING, self.chance.uniform(0.05, 0.3)
            code = self.chance.choice([500, 503, 429])
        time.sleep(seconds)
        if fails:
            return faults.rate_limited(0.2) if code == 429 else faults.server_error(code)
        with self.lock:
            self.paid[request.images[0].width].append(self.kills)
        return describe(request)


@dataclass
class Library:
    """The expected pictures at the end.

    Args:
        files: the width of each picture, by name.
        tags: others' metadata, by name.
        deleted: names of deleted pictures.
    """

    chance: random.Random
    count: int
    files: dict[str, int] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    _width: int = _SMALLEST

    async def change(self, container: ContainerClient, queue: QueueClient, seconds: float) -> None:
        """Make all changes of people and programs, spread over so many seconds."""
        names = [f"pictures/{number:04}.jpg" for number in range(self.count)]
        others = names[:]
        self.chance.shuffle(others)
        fifth, few = self.count // 5, max(1, self.count // 20)
        overwritten, deleted = others[:fifth], others[fifth : fifth + few]
        tagged = others[fifth + few : fifth + 3 * few]
        later: list[tuple[_Change, str]] = [
            *((self._put, name) for name in overwritten),
            *((self._delete, name) for name in deleted),
        ]
        later += [(self._tag, name) for name in tagged]
        self.chance.shuffle(later)
        begun, steps = time.monotonic(), [*((self._put, name) for name in names), *later]
        for number, (do, name) in enumerate(steps, 1):
            await do(container, queue, name)
            await asyncio.sleep(max(0.0, begun + seconds * number / len(steps) - time.monotonic()))

    async def _put(self, container: ContainerClient, queue: QueueClient, name: str) -> None:
        self._width += 1
        await container.upload_blob(name, pictures.jpeg(self._width, 100), overwrite=True)
        self.files[name] = self._width
        await _tell(queue, "BlobCreated", name)

    async def _delete(self, container: ContainerClient, queue: QueueClient, name: str) -> None:
        await container.delete_blob(name)
        self.deleted.add(name)
        del self.files[name]
        await _tell(queue, "BlobDeleted", name)

    async def _tag(self, container: ContainerClient, _queue: QueueClient, name: str) -> None:
        """Merge a pair into the metadata by conditional writes, until one succeeds."""
        self.tags[name] = f"shelf {self.chance.randrange(1000)}"
        while True:
            blob = container.get_blob_client(name)
            found = await blob.get_blob_properties()
            pairs = {**found.metadata, "shelf": self.tags[name]}
            try:
                await blob.set_blob_metadata(pairs, etag=found.etag, match_condition=MatchConditions.IfNotModified)
            except ResourceModifiedError:
                continue
            return


async def _tell(queue: QueueClient, kind: str, name: str) -> None:
    """Put the event on the queue as Event Grid does."""
    event = {"eventType": f"Microsoft.Storage.{kind}", "subject": ImageRef("images", name).subject}
    await queue.send_message(encoded(event | {"eventTime": "2026-11-23T08:00:00Z"}))


@contextmanager
def storage_and_process(state: Path) -> Iterator[tuple[Storage, int]]:
    """Azurite and its process id."""
    blob, queue, table, identity = ports.free_ports(4)
    storage, started = start(state, environment.clean(), (blob, queue, table, identity))
    try:
        for child in started:
            child.wait_until_ready()
        yield storage, _process_of(f"--blobPort {blob}")
    finally:
        children.end(started)


def _process_of(argument: str) -> int:
    """Return the process whose command line has this argument, not its supervisor."""
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            command = (folder / "cmdline").read_bytes().decode(errors="replace").replace("\0", " ")
        except OSError:
            continue
        if argument in command and _WATCHER not in command:
            return int(folder.name)
    raise RuntimeError("Azurite's process was not found")


def hang(pid: int) -> None:
    """Suspend a process for a time; its callers wait."""
    os.kill(pid, signal.SIGSTOP)
    time.sleep(HANG_SECONDS)
    os.kill(pid, signal.SIGCONT)


async def recorded(storage: Storage) -> set[str]:
    """Return the SHA-256 of all pictures' bytes that have a record."""
    async with storage.blob_service() as blobs:
        listed = blobs.get_container_client("descriptions").list_blobs(include=["metadata"])
        return {blob.metadata["record_sha256"] async for blob in listed if "record_sha256" in (blob.metadata or {})}


def kill_often(
    worker: "subprocess.Popen[str]", storage: Storage, process: int, asked: Asked, kills: int, chance: random.Random
) -> list[set[str]]:
    """Kill the worker; return the recorded digests after each kill."""
    found: list[set[str]] = []
    hangs = {kills * (number + 1) // (HANGS + 1) for number in range(HANGS)}
    for number in range(kills):
        _say(worker, f"{chance.randint(0, MOST_ENDED)} {chance.uniform(0, LONGEST_PAUSE):.2f}")
        if number in hangs:
            threading.Thread(target=hang, args=(process,)).start()
        assert worker.stdout
        if worker.stdout.readline().strip() != "killed":
            raise RuntimeError("the worker ended by itself")
        found.append(asyncio.run(recorded(storage)))
        with asked.lock:
            asked.kills += 1
    return found


def _say(worker: "subprocess.Popen[str]", line: str) -> None:
    assert worker.stdin
    worker.stdin.write(f"{line}\n")
    worker.stdin.flush()


async def at_rest(storage: Storage) -> None:
    """Wait until the queue is empty."""
    ends = time.monotonic() + _LONGEST_END
    async with storage.queue_service() as queues:
        queue = queues.get_queue_client("image-work")
        while (await queue.get_queue_properties()).approximate_message_count:
            if time.monotonic() > ends:
                return
            await asyncio.sleep(0.5)


@dataclass
class Seen:
    """The state at the end."""

    lost: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    untagged: list[str] = field(default_factory=list)
    orphans: list[str] = field(default_factory=list)
    dead_letters: int = 0


async def looked_at(storage: Storage, library: Library) -> Seen:
    """Compare pictures, records and metadata with the expected ones."""
    seen = Seen()
    async with storage.blob_service() as blobs, storage.queue_service() as queues:
        images, records = blobs.get_container_client("images"), blobs.get_container_client("descriptions")
        sidecars = {name async for name in records.list_blob_names()}
        for name, width in library.files.items():
            found = await images.get_blob_client(name).get_blob_properties()
            pairs = {key.lower(): value for key, value in found.metadata.items()}
            sidecar = sidecar_name(ImageRef("images", name))
            if sidecar not in sidecars or pairs.get("description_status") != "described":
                seen.lost.append(name)
                continue
            record: dict[str, Any] = json.loads(await (await records.download_blob(sidecar)).readall())
            sha256 = hashlib.sha256(pictures.jpeg(width, 100)).hexdigest()
            if not record["source"]["sha256"] == pairs.get("description_sha256") == sha256:
                seen.wrong.append(name)
            if name in library.tags and pairs.get("shelf") != library.tags[name]:
                seen.untagged.append(name)
        seen.orphans = [name for name in library.deleted if sidecar_name(ImageRef("images", name)) in sidecars]
        letters = await queues.get_queue_client("dead-letter-queue").get_queue_properties()
        seen.dead_letters = letters.approximate_message_count or 0
    return seen


def paid_figures(asked: Asked, recorded_at: list[set[str]]) -> list[Figure]:
    """Answers for each file: an earlier one counts as cut off if its worker was killed before the record stood."""
    answers, in_flight = 0, 0
    for width, given in asked.paid.items():
        sha256 = hashlib.sha256(pictures.jpeg(width, 100)).hexdigest()
        cut_off = [at for at, later in itertools.pairwise(given) if at < later and sha256 not in recorded_at[later - 1]]
        answers += len(given) - len(cut_off)
        in_flight += len(cut_off)
    times = Counter(map(len, asked.paid.values()))
    print("answers a file: " + ", ".join(f"{count} files {number}" for number, count in sorted(times.items())))
    return [
        Figure("answers paid a file that was asked about", answers / max(1, len(asked.paid)), "answers", at_most=1.15),
        Figure("answers cut off by a kill, beside these", in_flight, "answers"),
    ]


def run(count: int, kills: int, seed: int) -> list[Figure]:
    """One run."""
    chance, *others = (random.Random(seed + number) for number in range(3))  # noqa: S311 - a benchmark's
    asked, library = Asked(others[0]), Library(others[1], count)
    with (
        tempfile.TemporaryDirectory() as scratch,
        storage_and_process(Path(scratch)) as (storage, process),
        serve(Script(default=asked.answer)) as model,
        open(Path(scratch) / "worker.log", "w+", encoding="utf-8") as log,  # noqa: PTH123 - of a subprocess
    ):
        with subprocess.Popen(
            [sys.executable, "-m", "benchmarks.apps.killed_worker"],
            env=_settings(storage, model),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
        ) as worker:
            seconds = kills * SECONDS_A_KILL
            changes = threading.Thread(target=lambda: asyncio.run(_changed(storage, library, seconds)))
            changes.start()
            begun = time.monotonic()
            recorded_at = kill_often(worker, storage, process, asked, kills, chance)
            changes.join()
            _say(worker, "end")
            asyncio.run(at_rest(storage))
            took = time.monotonic() - begun
            assert worker.stdin
            worker.stdin.close()
            worker.wait()
        seen = asyncio.run(looked_at(storage, library))
        log.seek(0)
        messages = Counter(line.split(":")[1].strip() for line in log if line.startswith("message:"))
    for what, names in (("lost", seen.lost), ("wrong", seen.wrong), ("tags lost", seen.untagged)):
        if names:
            print(f"{what}: {', '.join(names[:20])}")
    if messages:
        print(f"messages that were left to be received again: {dict(messages)}")
    return [
        Figure("pictures that are there", len(library.files), "pictures"),
        Figure("kills", kills, "kills"),
        Figure("pictures without a record or its mark (lost)", len(seen.lost), "pictures", at_most=0),
        Figure("records or metadata of other bytes (wrong)", len(seen.wrong), "pictures", at_most=0),
        Figure("pairs of others' metadata lost", len(seen.untagged), "pairs", at_most=0),
        Figure("records of deleted pictures left", len(seen.orphans), "records", at_most=0),
        Figure("dead letters", seen.dead_letters, "messages", at_most=0),
        *paid_figures(asked, recorded_at),
        Figure("time", took, "s"),
    ]


async def _changed(storage: Storage, library: Library, seconds: float) -> None:
    async with storage.blob_service() as blobs, storage.queue_service() as queues:
        container = blobs.get_container_client("images")
        await library.change(container, queues.get_queue_client("image-work"), seconds)


def _settings(storage: Storage, model: Model) -> dict[str, str]:
    for container in ("images", "descriptions"):
        storage.create_container(container)
    storage.create_container("backfills", storage.host)
    for queue in ("image-work", "backfills", "dead-letter-queue", "unpublished-events"):
        storage.create_queue(queue)
    return {
        **environment.clean(),
        **storage.environment,
        **storage.connection("IMAGES", storage.images),
        **storage.connection("AzureWebJobsStorage", storage.host),
        "IMAGES_CONTAINER": "images",
        "AZURE_OPENAI_ENDPOINT": model.url,
        "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna",
        "RETRY_BASE_SECONDS": "0.2",
    }


def main() -> None:
    """The command line."""
    options = parser("faults")
    options.add_argument("--pictures", type=int, default=300)
    options.add_argument("--kills", type=int, default=100)
    options.add_argument("--seed", type=int, default=1, help="of all that happens by chance, but for the machine's own")
    given = options.parse_args()
    conclude(run(given.pictures, given.kills, given.seed), given)


if __name__ == "__main__":
    main()
