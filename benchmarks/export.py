"""A library of 20,000 records in Azurite: `python -m benchmarks.export` (Linux).

How many requests and seconds it takes to find the few records that wait for a person, and what it took before there was
an index: a GET for each. Azurite and this process share this machine's cores, so others' load shows. Not Azure.
"""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, main
from describer.adapters.sidecars import BlobRecords
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Status
from describer.pipeline.find_records import Wanted, find
from local import environment
from local.storage import Storage, running

RECORDS, SAMPLED, AT_ONCE = 20_000, 500, 16
WAITING = frozenset(range(0, RECORDS, 2000))
"""Those that wait for a person: ten."""
TEXT = "A grey tabby cat sleeps on a red sofa beside a folded newspaper; the afternoon light falls through a window. "


def record(number: int) -> Record:
    """Make a record in two languages, of about 3 KB."""
    status = Status.NEEDS_REVIEW if number in WAITING else Status.DESCRIBED
    return Record.model_validate(
        {
            "status": status,
            "language": "en",
            "alt_text": TEXT[:120],
            "description": TEXT * 4,
            "translations": {"de": {"alt_text": TEXT[:120], "description": TEXT * 4}},
            "tags": ["cat", "sofa", "newspaper"],
            "source": {"container": "images", "name": f"album/{number:06}.jpg", "etag": '"1"', "size": 3},
            "fingerprint": "f" * 16,
            "at": "2026-11-23T00:00:00Z",
        }
    )


@asynccontextmanager
async def library(storage: Storage) -> AsyncIterator[BlobRecords]:
    """Fill the container of descriptions."""
    async with storage.blob_service() as service:
        records = BlobRecords(service.get_container_client("descriptions"))
        at_once = asyncio.Semaphore(AT_ONCE)

        async def write(number: int) -> None:
            async with at_once:
                made = record(number)
                await records.write(ImageRef("images", made.source.name), made, replaces=None)

        for start in range(0, RECORDS, 1000):
            await asyncio.gather(*(write(number) for number in range(start, start + 1000)))
        yield records


def listings(storage: Storage) -> int:
    """How many times blobs were listed, by Azurite's access log."""
    return storage.access_log.read_text("utf-8").count("comp=list")


async def waiting(storage: Storage, records: BlobRecords) -> list[Figure]:
    """Find those that wait for a person."""
    before, began = listings(storage), time.perf_counter()
    page = await find(records, "images", "", Wanted(frozenset({Status.NEEDS_REVIEW})), "", 50)
    seconds = time.perf_counter() - began
    assert len(page.items) == len(WAITING)
    began = time.perf_counter()
    for number in range(0, SAMPLED, AT_ONCE):
        names = [record(each).source.name for each in range(number, number + AT_ONCE)]
        await asyncio.gather(*(records.read(ImageRef("images", name)) for name in names))
    each = (time.perf_counter() - began) / SAMPLED
    case = f"{len(WAITING)} of {RECORDS:,} that wait for a person"
    return [
        Figure(f"{case}: listings", listings(storage) - before, "", at_most=9),
        Figure("seconds", seconds, "s"),
        Figure(f"with a GET for each (of {SAMPLED:,}, scaled): seconds", each * RECORDS, "s"),
    ]


def measure() -> list[Figure]:
    """Measure all."""
    with TemporaryDirectory() as state, running(Path(state), environment.clean()) as storage:
        storage.create_container("descriptions")

        async def whole() -> list[Figure]:
            async with library(storage) as records:
                return await waiting(storage, records)

        return asyncio.run(whole())


if __name__ == "__main__":
    main("export", measure)
