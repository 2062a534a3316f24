"""Backfills in memory: a listing of pictures, and the store of the state."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from describer.domain.errors import Conflict
from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.entrypoints.storage_events.backfill_steps import BackfillSteps
from describer.pipeline.backfill.backfiller import Backfiller
from describer.pipeline.backfill.counted import Preview
from describer.pipeline.backfill.library import Library
from describer.pipeline.backfill.preview import Asking
from describer.pipeline.backfill.selection import Selection
from describer.pipeline.backfill.state import Backfill, BackfillOptions, digest_of
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import Page
from describer.vision.brief import Brief
from describer.vision.families import family
from describer.vision.sizing import Sizes
from tests.fakes import FakeImages, FakeQueue

NOW = datetime(2026, 11, 1, tzinfo=UTC)
BRIEF = Brief(("en",), "gpt-5.6-luna", "high", 1500, by_prefix=(("shop/", "languages", ("de", "fr")),))
CURRENT = BRIEF.fingerprint
SHOP = replace(BRIEF, languages=("de", "fr")).fingerprint


def blob(name: str, **change: object) -> ImageBlob:
    """A picture in a listing."""
    plain = ImageBlob(ImageRef("images", name), '"0x1"', 1000, {}, modified=NOW, tier="Hot")
    return replace(plain, **change)  # type: ignore[arg-type]


def recorded(status: str, fingerprint: str = CURRENT) -> dict[str, str]:
    """The metadata of a picture that is marked."""
    return {"description_record": "0x1", "description_status": status, "Description_Fingerprint": fingerprint}


class FakeListing(FakeImages):
    """Pages of `size` blobs in the order of names; none can be read."""

    def __init__(self, listed: Sequence[ImageBlob], size: int = 5000) -> None:
        super().__init__()
        self.listed, self.size = listed, size

    @property
    def library(self) -> Library:
        return Library(self)

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        self.listings += 1
        start = int(cursor or 0)
        some = [each for each in self.listed if each.ref.name.startswith(prefix)][start : start + self.size]
        return Page(some, str(start + self.size) if len(some) == self.size else "")


@dataclass
class FakeBackfills:
    """The state and the reports in memory; a write of an earlier state fails."""

    stored: dict[str, Backfill] = field(default_factory=dict)
    reports: dict[str, list[str]] = field(default_factory=dict)
    last: str = ""
    writes: int = 0
    found: dict[str, str] = field(default_factory=dict)

    async def remember_no_picture(self, ref: ImageRef, etag: str) -> None:
        self.found[digest_of(ref.name)] = etag

    async def no_pictures(self, container: str) -> Mapping[str, str]:
        return dict(self.found)

    async def read(self, backfill_id: str) -> Backfill | None:
        return self.stored.get(backfill_id)

    async def latest(self) -> Backfill | None:
        return self.stored.get(self.last)

    async def begin(self, backfill: Backfill) -> Backfill:
        self.last = backfill.id
        return await self.write(backfill)

    async def write(self, backfill: Backfill) -> Backfill:
        known = self.stored.get(backfill.id)
        if (known.etag if known else "") != backfill.etag:
            raise Conflict("somebody else has written it")
        self.writes += 1
        self.stored[backfill.id] = Backfill.model_validate_json(backfill.model_dump_json()).model_copy(
            update={"etag": str(self.writes)}
        )
        return self.stored[backfill.id]

    async def report(self, chunk: str, line: str) -> None:
        self.reports.setdefault(chunk, []).append(line)

    async def lines(self, chunk: str) -> Sequence[str]:
        return self.reports.get(chunk, [])

    @asynccontextmanager
    async def driving(self, patience: float) -> AsyncIterator[None]:
        yield


def asking(model: str = "gpt-5.6-luna", per_minute: int = 30_000) -> Asking:
    """The request for pictures."""
    found = family(model)
    assert found
    return Asking(BRIEF, Sizes(found, "high", text_tokens=6000), per_minute)


def seen(usd_each: float | None = None) -> Preview:
    """A preview of a backfill of one picture."""
    usd = None if usd_each is None else (usd_each, usd_each, usd_each)
    return Preview({"missing": 1}, 1, 1000, {}, 1, 1, None, usd, None)


def selection(options: BackfillOptions) -> Selection:
    """The rules of the backfill."""
    return Selection(options, BlobFilter(["images"], exclude=["private/"]), BRIEF, max_bytes=5000)


def backfill_steps(*pictures: ImageBlob, queue: FakeQueue | None = None) -> BackfillSteps:
    """Backfills over these pictures, which the app drives by `queue`."""
    backfiller = Backfiller(FakeListing(pictures).library, FakeBackfills(), FakeQueue(), selection, asking())
    return BackfillSteps(backfiller, queue or FakeQueue())
