"""What a sweep was asked and how far it is: one JSON blob, written after each step."""

import hashlib
import uuid
from collections import Counter
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field

from describer.pipeline.sweep.counted import Counted, Preview

CHUNK: Final = 100
"""Pictures that are queued between two writes of the state: as many at most are queued twice if a process is killed."""
BATCH_CHUNK: Final = 500
"""The same of a sweep by batches: pictures in a file. The service takes 50,000; so many are prepared in minutes."""
ID: Final = r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}"
LATEST: Final = "latest"
"""In the place of an ID: the sweep that was begun last."""


def digest_of(name: str) -> str:
    """By what a sweep calls a blob of its container in what it keeps."""
    return hashlib.sha256(name.encode()).hexdigest()[:16]


class Only(StrEnum):
    """Which pictures a sweep describes."""

    MISSING = "missing"
    """Those that have no record."""
    STALE = "stale"
    """Those whose record answers another question: another prompt, model, language or level of detail."""
    FAILED = "failed"
    """Those that were tried as often as allowed."""
    REVIEW = "review"
    """Those whose answer a person should look at: the model is asked for another one."""
    ALL = "all"
    """All of these."""


class End(StrEnum):
    """Whether a sweep goes on."""

    PRICING = "pricing"
    """The app counts what there is and what it would take."""
    PRICED = "priced"
    """That is known, and no more was asked for."""
    RUNNING = "running"
    FINISHED = "finished"
    """Each picture that it queued has its end."""
    STOPPED = "stopped"
    """A person stopped it; `continue` goes on."""
    CAPPED = "capped"
    """Its cap of pictures or money is reached; a higher one goes on."""

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens by itself."""
        return self not in {End.PRICING, End.RUNNING}


class SweepOptions(BaseModel):
    """What is asked of a sweep.

    Args:
        container: a watched one.
        prefix: how names begin; empty: all.
        only: which pictures.
        include, exclude: globs as in IMAGES_INCLUDE and IMAGES_EXCLUDE, which hold as well.
        modified_after, modified_before: bounds of the blobs' last change.
        max_pictures: that are queued.
        max_usd: that may be spent, by list price.
        batch: ask by batches, at half of the price and within about a day.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

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


class Tally(BaseModel):
    """What became of some pictures.

    Args:
        outcomes: how many ended, by status or reason.
        usd: what they took by list price.
        tokens: prompt and completion tokens together.
    """

    model_config = ConfigDict(frozen=True)

    outcomes: dict[str, int] = Field(default_factory=dict)
    usd: float = 0.0
    tokens: int = 0

    @property
    def done(self) -> int:
        """Pictures that have ended."""
        return sum(self.outcomes.values())

    def __add__(self, other: "Tally") -> "Tally":
        outcomes = Counter(self.outcomes) + Counter(other.outcomes)
        return Tally(outcomes=dict(outcomes), usd=self.usd + other.usd, tokens=self.tokens + other.tokens)


class Chunk(BaseModel):
    """Pictures that were queued together and have not all ended.

    Args:
        number: of the chunk, from 1.
        size: pictures in it.
        tally: of those that have ended.
        deferred: how many of the others were put off.
        held: whether its pictures wait for a batch, and are not queued yet.
        file: of requests, that was uploaded for it.
        batch: that was begun for it.
        answered: the batch has ended.
    """

    model_config = ConfigDict(frozen=True)

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
        """Pictures that have not ended."""
        return self.size - self.tally.done


class Sweep(BaseModel):
    """A sweep and how far it is.

    Args:
        id: its name.
        options: what was asked.
        dry_run: whether it ends when it is known what it would take.
        counted: how far that is; None if it is known, or was never asked.
        preview: what it would take, as it was found at the beginning.
        usd_each: what one picture is expected to cost; None if the model has no list price.
        state: whether it goes on.
        cursor: of the listing's page that is being worked on.
        after: the last name of that page that was looked at.
        listed: whether the listing has come to its end.
        found: blobs that were looked at.
        passed: of these, how many were not queued, by reason.
        enqueued: how many were queued.
        chunks: in which these were queued.
        ended: what became of the chunks that have ended.
        waiting: the other chunks.
        etag: of the blob that it was read from.
    """

    model_config = ConfigDict(frozen=True)

    schema_version: Literal[1] = 1
    id: str = Field(pattern=f"^{ID}$")
    options: SweepOptions
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
    def new(cls, options: SweepOptions, preview: Preview | None = None, *, dry_run: bool = False) -> Self:
        """Begin a sweep, or, without a preview, its pricing."""
        now = datetime.now(UTC)
        sweep = cls(id=f"{now:%Y%m%dT%H%M%S}-{uuid.uuid4().hex[:8]}", options=options, begun=now, updated=now)
        return (
            sweep.priced(preview)
            if preview
            else sweep.model_copy(update={"state": End.PRICING, "counted": Counted(), "dry_run": dry_run})
        )

    def priced(self, preview: Preview) -> Self:
        """The same with what it would take: it ends there if that was all that was asked, or begins."""
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
        """What became of all pictures that have ended."""
        return sum((chunk.tally for chunk in self.waiting), self.ended)

    @property
    def under_way(self) -> int:
        """Pictures that were queued and have not ended."""
        return sum(chunk.under_way for chunk in self.waiting)

    @property
    def fresh(self) -> int:
        """Those of them that were never put off: what the app is working on."""
        return sum(chunk.under_way - chunk.deferred for chunk in self.waiting)

    @property
    def seconds_left(self) -> float | None:
        """For what is queued, at the pace so far; the listing does not say how much comes after."""
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
        """Whether nothing is to be done but to ask, once in a while, how far batches are."""
        return bool(self.held) and all(chunk.batch for chunk in self.held)

    @property
    def usd_per_picture(self) -> float | None:
        """What a picture has cost so far on average; before the first one has ended, what is expected."""
        tally = self.tally
        return tally.usd / tally.done if tally.usd else self.usd_each

    def chunk_name(self, number: int) -> str:
        """The name under which the work of a chunk reports its end."""
        return f"{self.id}/{number:06}"

    def allows(self) -> int:
        """How many more pictures the cap lets in now, counting what is under way at what a picture costs."""
        most = BATCH_CHUNK if self.options.batch else CHUNK
        if self.options.max_pictures is not None:
            most = min(most, self.options.max_pictures - self.enqueued)
        each = self.usd_per_picture
        if self.options.max_usd is not None and each:
            left = self.options.max_usd - self.tally.usd - self.under_way * each
            most = min(most, int(left / each))
        return max(0, most)
