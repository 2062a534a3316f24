"""The options and progress of a backfill: one JSON blob, written after each step."""

import hashlib
import uuid
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, Field

from describer.pipeline.backfill.counted import Counted, Preview

CHUNK: Final = 100
"""Pictures queued between two writes of the state, and so the maximum queued twice if a process is killed."""
BATCH_CHUNK: Final = 500
"""The same for batches: pictures in a file. The service accepts 50,000; these are prepared within minutes."""
ID: Final = r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}"
LATEST: Final = "latest"
"""Stands for the ID of the backfill that began last."""


def digest_of(name: str) -> str:
    """Return the digest that identifies a blob of the container in a backfill's files."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


class Only(StrEnum):
    """The pictures that a backfill describes."""

    MISSING = "missing"
    """Pictures without a record."""
    STALE = "stale"
    """Pictures whose record answers another request: another prompt, model, language or detail."""
    FAILED = "failed"
    """Pictures for which all allowed tries failed."""
    REVIEW = "review"
    """Pictures whose answer needs a review: the model is asked for a new one."""
    ALL = "all"
    """All of these."""


class End(StrEnum):
    """The state of a backfill."""

    PRICING = "pricing"
    """The app is counting the pictures and estimating the cost."""
    PRICED = "priced"
    """The estimate is complete, and only an estimate was requested."""
    RUNNING = "running"
    FINISHED = "finished"
    """Every queued picture has been processed."""
    STOPPED = "stopped"
    """A person stopped it; `continue` resumes it."""
    CAPPED = "capped"
    """It has reached its limit on pictures or money; a higher limit resumes it."""

    @property
    def is_over(self) -> bool:
        """Whether the backfill has ended or needs a person to resume it."""
        return self not in {End.PRICING, End.RUNNING}


class BackfillOptions(BaseModel, frozen=True, extra="forbid"):
    """The options of a backfill.

    Args:
        prefix: prefix of names; empty: all.
        include, exclude: globs as in IMAGES_INCLUDE and IMAGES_EXCLUDE, which apply too.
        modified_after, modified_before: bounds of the blobs' last change.
        max_pictures: limit on queued pictures.
        max_usd: limit on cost by list price.
        batch: ask by batches, at half of the price and within about a day.
    """

    container: str
    prefix: str = Field("", max_length=1024)
    only: Annotated[tuple[Only, ...], Field(min_length=1)] = (Only.MISSING,)
    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    modified_after: datetime | None = None
    modified_before: datetime | None = None
    max_pictures: int | None = Field(None, ge=1)
    max_usd: float | None = Field(None, gt=0)
    batch: bool = False


class Tally(BaseModel, frozen=True):
    """The outcomes of some pictures.

    Args:
        outcomes: number of pictures by status or skip reason.
        usd: their cost by list price.
        tokens: prompt and completion tokens together.
    """

    outcomes: dict[str, int] = Field(default_factory=dict)
    usd: float = 0.0
    tokens: int = 0

    @property
    def done(self) -> int:
        """The number of processed pictures."""
        return sum(self.outcomes.values())

    def __add__(self, other: "Tally") -> "Tally":
        outcomes = Counter(self.outcomes) + Counter(other.outcomes)
        return Tally(outcomes=dict(outcomes), usd=self.usd + other.usd, tokens=self.tokens + other.tokens)


class Chunk(BaseModel, frozen=True):
    """Pictures that were queued together and are not all processed.

    Args:
        number: the chunk's number, from 1.
        size: number of its pictures.
        tally: outcomes of the processed ones.
        deferred: number of the others that were deferred.
        held: whether its pictures wait for a batch, and are not queued yet.
        file: of requests, that was uploaded for it.
        batch: that was begun for it.
        answered: the batch has ended.
    """

    number: int
    size: int
    tally: Tally = Tally()
    deferred: int = 0
    held: bool = False
    file: str = ""
    batch: str = ""
    answered: bool = False

    @property
    def under_way(self) -> int:
        """The number of pictures in progress."""
        return self.size - self.tally.done


class Backfill(BaseModel, frozen=True):
    """A backfill and its progress.

    Args:
        dry_run: whether it ends with the estimate.
        counted: state of the count; None if the estimate is complete or was not needed.
        preview: the estimate made at its start.
        usd_each: expected cost of a picture; None if the model has no list price.
        cursor: cursor of the listing's current page.
        after: last examined name of that page.
        listed: whether the listing has ended.
        found: number of examined blobs.
        passed: examined blobs that were not queued, by reason.
        enqueued: number of queued pictures.
        ended: outcomes of the completed chunks.
        waiting: the other chunks.
        etag: ETag of the blob that it was read from.
    """

    schema_version: Literal[1] = 1
    id: str = Field(pattern=f"^{ID}$")
    options: BackfillOptions
    dry_run: bool = False
    counted: Counted | None = None
    preview: Preview | None = None
    usd_each: float | None = None
    state: End = End.RUNNING
    begun: datetime
    updated: datetime
    cursor: str = ""
    after: str = ""
    listed: bool = False
    found: int = 0
    passed: dict[str, int] = Field(default_factory=dict)
    enqueued: int = 0
    chunks: int = 0
    ended: Tally = Tally()
    waiting: tuple[Chunk, ...] = ()
    etag: str = Field("", exclude=True)

    @classmethod
    def new(cls, options: BackfillOptions, preview: Preview | None = None, *, dry_run: bool = False) -> Self:
        """Return a new backfill; without a preview it starts with the estimate."""
        now = datetime.now(UTC)
        backfill = cls(id=f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}", options=options, begun=now, updated=now)
        return (
            backfill.priced(preview)
            if preview
            else backfill.model_copy(update={"state": End.PRICING, "counted": Counted(), "dry_run": dry_run})
        )

    def priced(self, preview: Preview) -> Self:
        """Return the backfill with its estimate: it ends there if it is a dry run, else it starts to queue pictures."""
        state = End.PRICED if self.dry_run else End.RUNNING
        found = {
            "preview": preview,
            "usd_each": preview.usd_each_in_batches if self.options.batch else preview.usd_each,
            "counted": None,
            "state": state,
        }
        return self.model_copy(update=found)

    @property
    def tally(self) -> Tally:
        """The outcomes of all processed pictures."""
        return sum((chunk.tally for chunk in self.waiting), self.ended)

    @property
    def under_way(self) -> int:
        """The number of pictures in progress."""
        return sum(chunk.under_way for chunk in self.waiting)

    @property
    def fresh(self) -> int:
        """The number of pictures in progress that were never deferred."""
        return sum(chunk.under_way - chunk.deferred for chunk in self.waiting)

    @property
    def seconds_left(self) -> float | None:
        """Expected seconds for the queued pictures at the pace so far; the rest of the listing is unknown."""
        done = self.tally.done
        if not done or not self.under_way:
            return None
        return round((datetime.now(UTC) - self.begun).total_seconds() / done * self.under_way, 1)

    @property
    def held(self) -> tuple[Chunk, ...]:
        """Chunks that wait for a batch."""
        return tuple(chunk for chunk in self.waiting if chunk.held)

    @property
    def only_waits(self) -> bool:
        """Whether all that remains is to poll batches."""
        return bool(self.held) and all(chunk.batch for chunk in self.held)

    @property
    def usd_per_picture(self) -> float | None:
        """The average cost of a picture so far; before the first one is processed, the expected cost."""
        tally = self.tally
        return tally.usd / tally.done if tally.usd else self.usd_each

    def chunk_name(self, number: int) -> str:
        """Return the name under which a chunk's work reports its outcome."""
        return f"{self.id}/{number:06}"

    def allows(self) -> int:
        """Return how many more pictures the limits allow, counting those in progress at the average cost."""
        most = BATCH_CHUNK if self.options.batch else CHUNK
        if self.options.max_pictures is not None:
            most = min(most, self.options.max_pictures - self.enqueued)
        each = self.usd_per_picture
        if self.options.max_usd is not None and each:
            left = self.options.max_usd - self.tally.usd - self.under_way * each
            most = min(most, int(left / each))
        return max(0, most)
