"""A library of 20,000 records in Azurite: `python -m benchmarks.export` (Linux).

How many requests and seconds it takes to find the few records that wait for a person, and what it took before there was
an index: a GET for each. How long all of them take as a spreadsheet's CSV, and by how much memory grows from the first
thousand to the end. How many would be written by an import of that file without a change. Azurite and this process
share this machine's cores, so others' load shows. Not Azure.
"""

import asyncio
import os
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import batched
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.figures import Figure, main
from benchmarks.memory import forget_peak, peak, resident
from describer.adapters.blob_images import BlobImages
from describer.adapters.sidecars import BlobRecords
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Status
from describer.entrypoints.transfer.export import Export, Form, Survey
from describer.entrypoints.transfer.import_rows import Importer, Kind
from describer.entrypoints.transfer.rows import read
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.correct import Corrector
from describer.pipeline.find_records import Wanted, find
from local import environment
from local.storage import Storage, running

RECORDS, SAMPLED, AT_ONCE = 20_000, 500, 16
SETTLED, GROWTH = 1_000, 20
"""Rows after which memory must stay flat, and the MiB that it may still grow."""
WAITING = frozenset(range(0, RECORDS, 2000))
"""The number of records that wait for a person."""
TEXT = "A grey tabby cat sleeps on a red sofa beside a folded newspaper; the afternoon light falls through a window. "


class Nothing:
    """A queue and a topic that must not be used."""

    async def send(self, message: str, *, delay: float) -> None:
        """Fail."""
        raise AssertionError(f"a record is written: {message}, {delay}")

    async def publish(self, stored: StoredRecord) -> None:
        """Fail."""
        raise AssertionError(f"a record was written: {stored.etag}")


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
async def library(storage: Storage) -> AsyncIterator[Catalogue]:
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
        yield Catalogue(BlobFilter(("images",)), BlobImages(service), records, ("en", "de"))


async def exported(catalogue: Catalogue, file: Path) -> list[Figure]:
    """Write all records into a CSV."""
    began = time.perf_counter()
    export = Export(Form.CSV, await Survey.of(catalogue.entries("images"), catalogue.languages))
    early, lines, size = 0.0, 0, 0
    with file.open("w", encoding="utf-8", newline="") as out:
        async for line in export.lines(catalogue.stored("images")):
            out.write(line)
            lines += 1
            size += len(line.encode())
            if lines == SETTLED:
                forget_peak()
                early = resident(os.getpid())
    seconds = time.perf_counter() - began
    assert export.written == RECORDS
    return [
        Figure(f"{RECORDS:,} records as CSV: seconds", seconds, "s"),
        Figure("megabytes", size / 10**6, "MB"),
        Figure(f"memory beyond that after {SETTLED:,} rows", peak(os.getpid()) - early, "MiB", at_most=GROWTH),
    ]


async def unchanged(catalogue: Catalogue, file: Path) -> list[Figure]:
    """Import the unchanged file; writing a record would queue a message first, which fails here."""
    nothing = Nothing()
    corrector = Corrector(catalogue.blob_filter, catalogue.images, catalogue.records, nothing, nothing)
    importer = Importer(catalogue, corrector, write=True)
    began, kinds = time.perf_counter(), Counter[Kind]()
    for rows in batched(read(file, "images"), AT_ONCE, strict=False):
        kinds.update([outcome.kind for outcome in await asyncio.gather(*map(importer.take, rows))])
    return [
        Figure("imported again without a change: seconds", time.perf_counter() - began, "s"),
        Figure("unchanged", kinds[Kind.UNCHANGED], "", at_least=RECORDS),
        Figure("changed or refused", kinds[Kind.CHANGED] + kinds[Kind.REFUSED], "", at_most=0),
    ]


def listings(storage: Storage) -> int:
    """Return the number of listings in Azurite's access log."""
    return storage.access_log.read_text("utf-8").count("comp=list")


async def waiting(storage: Storage, catalogue: Catalogue) -> list[Figure]:
    """Find the records that wait for a person."""
    records = catalogue.records
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
            async with library(storage) as catalogue:
                file = Path(state) / "texts.csv"
                figures = await waiting(storage, catalogue)
                return figures + await exported(catalogue, file) + await unchanged(catalogue, file)

        return asyncio.run(whole())


if __name__ == "__main__":
    main("export", measure)
