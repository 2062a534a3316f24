"""Counts a container's pictures page by page for the price of a backfill; the count is stored with the backfill."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from random import Random
from typing import Final, Self

from pydantic import BaseModel, Field

from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.domain.renditions import Renditions
from describer.pipeline.backfill.derived import DerivedSizes, Judged
from describer.vision.estimate import Estimate
from describer.vision.pricing import BATCH_SHARE

SAMPLE: Final = 200
"""Randomly chosen pictures whose first bytes are read; the listing suffices for the others."""


@dataclass(frozen=True, slots=True)
class Preview:
    """The expected work and cost of a backfill.

    Args:
        judged: number of blobs by the reason for queueing or skipping them.
        pictures: number that would be queued.
        size: bytes of these.
        tiers: bytes by access tier: of these in tiers that charge for reading, and of archived blobs (skipped).
        sampled: pictures whose first bytes were read.
        with_sides: of these, the number whose sides could be read.
        asked: tokens; None if the model's way of counting pictures is unknown.
        usd: minimum, expected and maximum cost by list price; None if there is no list price.
        seconds: duration at the deployment's quota; None if that is unknown.
        derived: of these pictures, the number by system that look like a content system's derived sizes of another one.
        derived_usd: as `usd`, for describing each of these separately.
        derived_are_free: RENDITIONS names the systems, so such pictures get the texts of the larger one; of the figures
            above only `pictures` and `size` include them.
    """

    judged: dict[str, int]
    pictures: int
    size: int
    tiers: dict[str, int]
    sampled: int
    with_sides: int
    asked: Estimate | None
    usd: tuple[float, float, float] | None
    seconds: float | None
    derived: dict[str, int] = field(default_factory=dict)
    derived_usd: tuple[float, float, float] | None = None
    derived_are_free: bool = False

    @property
    def usd_each(self) -> float | None:
        """Expected US dollars per picture."""
        return self.usd[1] / self.pictures if self.usd and self.pictures else None

    @property
    def usd_in_batches(self) -> tuple[float, float, float] | None:
        share = float(BATCH_SHARE)
        return (share * self.usd[0], share * self.usd[1], share * self.usd[2]) if self.usd else None

    @property
    def usd_each_in_batches(self) -> float | None:
        return None if self.usd_each is None else float(BATCH_SHARE) * self.usd_each


class Sampled(BaseModel, frozen=True):
    """The properties of a listed picture that decide what is asked about it."""

    name: str
    size: int
    metadata: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def of(cls, picture: ImageBlob, **more: bool) -> Self:
        """Return the properties to store."""
        return cls.model_validate(
            {"name": picture.ref.name, "size": picture.size, "metadata": dict(picture.metadata), **more}
        )

    def picture(self, container: str) -> ImageBlob:
        """Return the picture without its ETag, which no reader of it needs."""
        return ImageBlob(ImageRef(container, self.name), "", self.size, self.metadata)


class Unsure(Sampled):
    """A picture that looks like a derived size; its original may be on a later page.

    Args:
        has_original: a larger one was already listed.
        is_queued: the backfill would queue it.
    """

    has_original: bool
    is_queued: bool


class Sample(BaseModel, frozen=True):
    """A uniform random sample of `seen` pictures."""

    seen: int = 0
    kept: tuple[Sampled, ...] = ()


class Counted(BaseModel, frozen=True):
    """The state of a count.

    Args:
        cursor: cursor of the listing's next page.
        ended: whether all pages were counted.
        judged, size, tiers, derived: as in `Preview`.
        originals: sample of the pictures to queue that are not derived sizes.
        sizes: sample of those that are.
        unsure: pictures of the last page that a later page may show to be derived sizes.
    """

    cursor: str = ""
    ended: bool = False
    judged: dict[str, int] = Field(default_factory=dict)
    size: int = 0
    tiers: dict[str, int] = Field(default_factory=dict)
    derived: dict[str, int] = Field(default_factory=dict)
    originals: Sample = Sample()
    sizes: Sample = Sample()
    unsure: tuple[Unsure, ...] = ()

    @property
    def looked_at(self) -> int:
        """Number of blobs that were counted."""
        return sum(self.judged.values())

    @property
    def pictures(self) -> int:
        """Number of pictures that would be queued."""
        return self.originals.seen + self.sizes.seen


class _Sampling:
    """Adds to a sample (Vitter's algorithm R), repeatably: counting a page again gives the same sample."""

    def __init__(self, before: Sample) -> None:
        self._seen, self._kept, self._chance = before.seen, list(before.kept), Random(before.seen)  # noqa: S311

    def add(self, picture: ImageBlob) -> None:
        self._seen += 1
        place = len(self._kept) if len(self._kept) < SAMPLE else self._chance.randrange(self._seen)
        if place < SAMPLE:
            self._kept[place : place + 1] = [Sampled.of(picture)]

    def sample(self) -> Sample:
        return Sample(seen=self._seen, kept=tuple(self._kept))


class Counting:
    """Adds one page to a count.

    Args:
        before: the count without the page.
        rules: rules of the systems whose derived sizes are recognised.
    """

    def __init__(self, before: Counted, container: str, rules: Renditions) -> None:
        self.judged, self.tiers, self._derived = Counter(before.judged), Counter(before.tiers), Counter(before.derived)
        self._size, self._kinds = before.size, DerivedSizes(rules)
        self._originals, self._sizes = _Sampling(before.originals), _Sampling(before.sizes)
        self._queued: set[ImageRef] = set()
        for unsure in before.unsure:
            picture = unsure.picture(container)
            self._kinds.restore(picture, has_original=unsure.has_original)
            if unsure.is_queued:
                self._queued.add(picture.ref)

    def add(self, picture: ImageBlob, *, is_queued: bool) -> None:
        """Count the next picture of the listing."""
        if is_queued:
            self._queued.add(picture.ref)
            self._size += picture.size
        self._sample(self._kinds.feed(picture))

    def counted(self, cursor: str) -> Counted:
        """Return the count including the page; `cursor` is that of the next page, or empty."""
        if not cursor:
            self._sample(self._kinds.end())
        unsure = [
            Unsure.of(picture, has_original=has_original, is_queued=picture.ref in self._queued)
            for picture, has_original in self._kinds.waiting()
        ]
        return Counted(
            cursor=cursor,
            ended=not cursor,
            judged={name: count for name, count in self.judged.items() if count},
            size=self._size,
            tiers=dict(self.tiers),
            derived=dict(self._derived),
            originals=self._originals.sample(),
            sizes=self._sizes.sample(),
            unsure=tuple(unsure),
        )

    def _sample(self, judged: Iterable[Judged]) -> None:
        for picture, system in judged:
            if picture.ref in self._queued:
                self._queued.discard(picture.ref)
                self._derived.update([system] if system else [])
                (self._sizes if system else self._originals).add(picture)
