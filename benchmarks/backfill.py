"""A backfill over pictures that are stored already: `python -m benchmarks.backfill` (Linux).

- The listing: as many blobs as a set-up of some minutes puts into Azurite, 100,000 at most. Seconds for each 10,000,
  requests, and by how much memory grows from the third page to the end. Azurite shares this machine's cores.
- The estimate: 200 pictures of mixed formats and sizes are priced from their first bytes, once more as if these did not
  tell their sides, and then described. The stand-in counts tokens as OpenAI publishes it.
- Uploads beside 10,000 pictures of a backfill that wait: the time of an upload, alone and then.
- Batches: 1,000 pictures, 5 in 100 of whose lines fail, one file that expires, kills between any two steps.

Not Azure.
"""

import asyncio
import os
import random
import statistics
import time
from collections import Counter
from dataclasses import replace
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from azure.storage.blob.aio import ContainerClient

from benchmarks.figures import Figure, conclude, parser
from benchmarks.memory import forget_peak, peak
from describer.adapters.blob_images import BlobImages
from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.entrypoints.storage_events.delivery import Delivery
from describer.pipeline.backfill.library import Library
from describer.pipeline.backfill.preview import preview
from describer.pipeline.backfill.selection import Selection
from describer.pipeline.backfill.state import BackfillOptions
from describer.pipeline.backoff import Backoff
from describer.pipeline.events import Work
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.ports import Page
from describer.vision.families import family
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import Limits
from local import environment
from local.azure_openai import faults
from local.azure_openai.answers import Answer, Request
from local.azure_openai.script import Reply, Script, describe, serve
from local.storage import Storage, running
from tests import pictures
from tests.backfills import FakeBackfills, asking, selection
from tests.fakes import FakeImages
from tests.unit.conftest import BRIEF, Harness
from tests.unit.pipeline.test_batches import DEPLOYMENT, FILE, Museum, whole

MOST, AT_ONCE = 100_000, 24
"""Blobs, and requests at a time."""
WINDOW: Final = 10_000
MIXED: Final = 200
WAITING, UPLOADS, THINKS = 10_000, 20, 0.1
"""Pictures of the backfill, uploads that are timed, seconds that the model takes."""
OF_BATCHES: Final = 1000
OPTIONS: Final = BackfillOptions(container="images")


class Counted:
    """Counts the requests, and notes when each page of the listing was there, and the peak of the memory till then."""

    def __init__(self, images: BlobImages) -> None:
        self.images, self.pages, self.peaks = images, list[tuple[int, float]](), list[float]()

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        """One request."""
        began = time.perf_counter()
        page = await self.images.page(container, prefix, cursor, limit)
        self.pages.append((len(page.items), time.perf_counter() - began))
        self.peaks.append(peak(os.getpid()))
        return page

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """One request."""
        return await self.images.head(ref, length)


class Headless:
    """Pictures whose first bytes do not tell their sides."""

    def __init__(self, images: FakeImages) -> None:
        self.page = images.page

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """Tell nothing."""
        del ref, length
        return b""


async def _put(container: ContainerClient, setup: float) -> int:
    """Put blobs until the time is over; return their number."""
    until, data = time.monotonic() + setup, pictures.jpeg(64, 48)
    for some in batched(range(MOST), AT_ONCE * 20, strict=False):
        for few in batched(some, AT_ONCE, strict=False):
            await asyncio.gather(*(container.upload_blob(f"album/{number:06}.jpg", data) for number in few))
        if time.monotonic() > until:
            return some[-1] + 1
    return MOST


async def _listing(storage: Storage, setup: float) -> list[Figure]:
    async with storage.blob_service() as service:
        blobs = await _put(await service.create_container("images"), setup)
        counted = Counted(BlobImages(service))
        options = BackfillOptions(container="images")
        rules, asked = selection(options), asking()
        forget_peak()
        seen = await preview(Library(counted), rules, asked)  # type: ignore[arg-type]
        grown = peak(os.getpid()) - counted.peaks[2]  # when the first two pages were counted, and the third was there
    pairs = [
        sum(seconds for _, seconds in two) for two in batched(counted.pages[: 2 * (blobs // WINDOW)], 2, strict=True)
    ]
    whole = [
        seconds for seconds, two in zip(pairs, batched(counted.pages, 2, strict=False), strict=False) if len(two) == 2
    ]
    middle = statistics.median(whole) if whole else 0.0
    widest = max((abs(seconds - middle) / middle for seconds in whole), default=0.0)
    assert seen.pictures == blobs
    return [
        Figure("blobs in Azurite", blobs, ""),
        Figure(f"listing, seconds for {WINDOW:,} (median)", middle, "s"),
        Figure("listing, farthest from the median", 100 * widest, "%", at_most=15),
        Figure("listing, requests for 5,000 blobs", len(counted.pages) / -(-blobs // 5000), "", at_most=1),
        Figure("listing and pricing, growth of memory from the third page on", grown, "MiB", at_most=20),
    ]


def _mixed() -> dict[ImageRef, bytes]:
    """Pictures of four formats between an icon and 12 megapixels, some with an orientation."""
    chance, found = random.Random(1), dict[ImageRef, bytes]()  # noqa: S311 - no secret
    for number in range(MIXED):
        width, height = chance.choice([(64, 64), (640, 480), (480, 1200), (1600, 900), (2400, 1800), (4000, 3000)])
        form = chance.choice(["JPEG", "PNG", "WEBP", "GIF"]) if width < 2000 else "JPEG"
        scene = pictures.scene(width + number % 40, height)
        found[ImageRef("images", f"{number:03}")] = pictures.saved(scene, form)
    return found


async def _estimate() -> list[Figure]:
    luna = family("gpt-5.6-luna")
    assert luna
    harness = Harness(max_bytes=10**8, memory=MemoryBudget(2**28))
    for ref, data in _mixed().items():
        harness.images.put(ref, data)
    seen = await preview(Library(harness.images), _everything(), asking())
    guessed = await preview(Library(Headless(harness.images)), _everything(), asking())  # type: ignore[arg-type]
    with serve(Script()) as served:
        client = connect(served.url + "/v1/", key="none", credential=None, scope="")
        harness.model = ChatModel(client, lambda _: luna, 60, Limiter(8))  # type: ignore[assignment]
        preparer = ProcessPreparer(lambda _: luna, Limits(10**8, 700 * 2**20), 0, 6000)
        harness.preparer = preparer  # type: ignore[assignment]
        records = [await harness.described(ref) for ref in harness.images.blobs]
        await preparer.close()
        await client.close()
    actual = sum(record.usage.prompt_tokens for record in records)
    assert seen.asked
    assert guessed.asked
    least, _, most = guessed.asked.prompt
    return [
        Figure(
            f"estimate, tokens in for {MIXED} pictures, off by",
            100 * abs(seen.asked.prompt[1] / actual - 1),
            "%",
            at_most=10,
        ),
        Figure("estimate, pictures whose sides were known", seen.with_sides, "", at_least=MIXED),
        Figure("estimate without sides: actual within its range", least <= actual <= most, "", at_least=1),
        Figure("estimate without sides: pictures whose sides were known", guessed.with_sides, "", at_most=0),
    ]


def _everything() -> Selection:
    return replace(selection(OPTIONS), max_bytes=10**8, brief=BRIEF)


async def _uploads() -> list[Figure]:
    """One process: the model answers 8 calls at a time, and 24 pictures of the backfill are under way all the time."""
    luna = family("gpt-5.6-luna")
    assert luna
    harness = Harness(max_bytes=10**6, memory=MemoryBudget(2**26))
    waiting = [ImageRef("images", f"old/{number:05}.jpg") for number in range(WAITING)]
    uploads = [ImageRef("images", f"new/{number:02}.jpg") for number in range(2 * UPLOADS)]
    for number, ref in enumerate([*waiting, *uploads]):
        harness.images.put(ref, pictures.jpeg(60 + number % 100, 50 + number // 100))

    def rule(request: Request) -> Reply:
        said = describe(request)
        assert isinstance(said, Answer)
        return replace(said, delay=THINKS)

    with serve(Script(default=rule)) as served:
        client = connect(served.url + "/v1/", key="none", credential=None, scope="")
        harness.model = ChatModel(client, lambda _: luna, 60, Limiter(8))  # type: ignore[assignment]
        delivery = Delivery(harness.pipeline, harness.queue, BRIEF, 3, Backoff(10), progress=FakeBackfills())
        alone = [await _timed(delivery, ref) for ref in uploads[:UPLOADS]]
        left = iter(waiting)

        async def work() -> None:
            for ref in left:
                message = replace(Work.first(ref), chunk="20261129T000000-00000000/000001").to_message()
                await delivery.handle_message(message.encode())

        workers = [asyncio.create_task(work()) for _ in range(AT_ONCE)]
        await asyncio.sleep(2)
        beside = [await _timed(delivery, ref) for ref in uploads[UPLOADS:]]
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await client.close()
    slower = statistics.median(beside) / statistics.median(alone)
    return [
        Figure("an upload alone (median)", statistics.median(alone), "s"),
        Figure(f"beside {WAITING:,} waiting pictures (median)", statistics.median(beside), "s"),
        Figure("beside them, times as long", slower, "", at_most=2),
    ]


async def _timed(delivery: Delivery, ref: ImageRef) -> float:
    began = time.perf_counter()
    await delivery.handle_upload(ref.container, ref.name)
    return time.perf_counter() - began


async def _batches() -> list[Figure]:
    with serve(Script()) as served:
        museum = Museum(served)
        museum.hang(OF_BATCHES)
        failing = {100 + number for number in range(0, OF_BATCHES, 20)}

        def rule(request: Request) -> Reply:
            fails = request.deployment == DEPLOYMENT and request.images[0].width in failing
            return faults.server_error() if fails else describe(request)

        served.script.always(rule)
        served.batch_store.expire = FILE // 2
        began = time.perf_counter()
        kills = await whole(museum, kills=30)
        seconds = time.perf_counter() - began
        records = {ref.name: stored.record for ref, stored in museum.harness.records.stored.items()}
        right = sum(f"of {100 + int(name[:4])} by 80 pixels" in record.alt_text for name, record in records.items())
        paid = Counter(each.images[0].width for each in served.requests if each.images[0].width not in failing)
        await museum.client.close()
    return [
        Figure(f"batches: {OF_BATCHES:,} pictures, {kills} kills", seconds, "s"),
        Figure("right ends", right, "", at_least=OF_BATCHES),
        Figure("answers that were paid twice", sum(times > 1 for times in paid.values()), "", at_most=0),
        Figure("batches begun", len(served.batch_store.batches), "", at_most=OF_BATCHES / FILE),
    ]


async def _all(storage: Storage, setup: float) -> list[Figure]:
    return [*await _batches(), *await _estimate(), *await _uploads(), *await _listing(storage, setup)]


def _measured(setup: float) -> list[Figure]:
    with TemporaryDirectory() as folder, running(Path(folder), environment.clean()) as storage:
        return asyncio.run(_all(storage, setup))


if __name__ == "__main__":
    options = parser("backfill")
    options.add_argument("--setup", type=float, default=240.0, help="most seconds for putting 100,000 blobs (240)")
    given = options.parse_args()
    conclude(_measured(given.setup), given)
