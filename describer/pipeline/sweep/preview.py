"""What a sweep would queue, and what that would take: nothing is asked of the model, and nothing is written."""

import asyncio
import math
import random
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import batched
from typing import Final

from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.domain.renditions import SYSTEMS, Renditions
from describer.pipeline.sweep.derived import DerivedSizes, Judged
from describer.pipeline.sweep.library import Library
from describer.pipeline.sweep.selection import Judgement, Selection
from describer.vision import estimate
from describer.vision.brief import Brief
from describer.vision.estimate import Estimate
from describer.vision.imaging.sides import HEAD_BYTES, sides
from describer.vision.sizing import Sizes

SAMPLE: Final = 200
"""Pictures whose first bytes are read, chosen by chance; of the others the listing shows enough."""
_AT_ONCE: Final = 8
_COOL: Final = ("Cool", "Cold")

_EVERY_SYSTEM: Final = Renditions(SYSTEMS)

type _Known = tuple[ImageBlob, tuple[int, int] | None]
"""A picture of the sample, and its sides if the start of its file tells them."""


@dataclass(frozen=True, slots=True)
class Asking:
    """What the model would be asked.

    Args:
        brief: of pictures; by prefix, something else may be.
        sizes: in which it would be shown.
        tokens_per_minute: the deployment's quota; 0 if it is not known.
    """

    brief: Brief
    sizes: Sizes
    tokens_per_minute: int = 0

    def seconds(self, pictures: int, asked: Estimate) -> float | None:
        """How long the quota makes it take at least: each call counts its prompt and the cap of its answer."""
        if not self.tokens_per_minute:
            return None
        return 60 * (asked.prompt[1] + pictures * self.brief.max_completion_tokens) / self.tokens_per_minute


@dataclass(frozen=True, slots=True)
class Preview:
    """What a sweep would do.

    Args:
        judged: how many blobs, by why they would be queued or not.
        pictures: how many would be queued.
        size: of these, in bytes.
        tiers: bytes of these in tiers whose reading is charged, by tier, and of archived ones that would be left out.
        sampled: pictures whose first bytes were read.
        with_sides: of these, how many told their sides.
        asked: tokens; None if it is not known how the model counts pictures.
        usd: least, usual and most by list price; None if there is none.
        seconds: at the deployment's quota; None if that is not known.
        derived: of these pictures, how many look like sizes that a content system derived of another one, by system.
        derived_usd: what describing these costs each by itself, likewise.
        derived_are_free: the setting RENDITIONS names the systems: such pictures get the texts of the larger one, and
            are in none of the figures above but `pictures` and `size`.
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
        """What a picture is expected to cost."""
        return self.usd[1] / self.pictures if self.usd and self.pictures else None


@dataclass(slots=True)
class _Sample:
    """Some of many by chance, each as likely as another (Vitter's algorithm R)."""

    kept: list[ImageBlob] = field(default_factory=list)
    seen: int = 0
    chance: random.Random = field(default_factory=lambda: random.Random(0))  # noqa: S311 - no secret

    def add(self, blob: ImageBlob) -> None:
        self.seen += 1
        if len(self.kept) < SAMPLE:
            self.kept.append(blob)
        elif (place := self.chance.randrange(self.seen)) < SAMPLE:
            self.kept[place] = blob


@dataclass(slots=True)
class _Counts:
    """What a listing shows of the pictures that would be queued."""

    judged: Counter[str] = field(default_factory=Counter)
    tiers: Counter[str] = field(default_factory=Counter)
    derived: Counter[str] = field(default_factory=Counter)
    size: int = 0
    originals: _Sample = field(default_factory=_Sample)
    sizes: _Sample = field(default_factory=_Sample)

    def count(self, blob: ImageBlob, judgement: Judgement) -> None:
        self.judged[judgement.value] += 1
        self.size += blob.size if judgement.is_queued else 0
        if judgement is Judgement.ARCHIVED or (judgement.is_queued and blob.tier in _COOL):
            self.tiers[blob.tier] += blob.size

    def sample(self, blob: ImageBlob, system: str) -> None:
        if system:
            self.derived[system] += 1
        (self.sizes if system else self.originals).add(blob)

    @property
    def pictures(self) -> int:
        return self.originals.seen + self.sizes.seen


async def preview(library: Library, selection: Selection, asking: Asking) -> Preview:
    """Go through the listing, and read the first bytes of a sample: one request for 5,000 blobs, and up to 400 more."""
    rules = selection.blob_filter.renditions
    counts, cursor, kinds = _Counts(), "", DerivedSizes(rules if rules.systems else _EVERY_SYSTEM)
    container, prefix = selection.options.container, selection.options.prefix
    queued: set[ImageRef] = set()

    def sample(judged: Iterable[Judged]) -> None:
        for blob, system in judged:
            if blob.ref in queued:
                queued.discard(blob.ref)
                counts.sample(blob, system)

    while True:
        page = await library.page(container, prefix, cursor)
        counts.judged["unnameable"] += page.unnameable
        for listed in page.items:
            judgement, blob = selection.judge(listed), listed.picture
            counts.count(blob, judgement)
            if judgement.is_queued:
                queued.add(blob.ref)
            sample(kinds.feed(blob))
        cursor = page.cursor
        if not cursor:
            break
    sample(kinds.end())
    known = await _sides(library, counts.originals.kept), await _sides(library, counts.sizes.kept)
    return _preview(counts, *known, asking, free=bool(rules.systems))


async def _sides(library: Library, blobs: Sequence[ImageBlob]) -> list[_Known]:
    async def read(blob: ImageBlob) -> _Known:
        return blob, await asyncio.to_thread(sides, await library.images.head(blob.ref, HEAD_BYTES))

    return [
        found for some in batched(blobs, _AT_ONCE, strict=False) for found in await asyncio.gather(*map(read, some))
    ]


def _preview(
    counts: _Counts, originals: Sequence[_Known], sizes: Sequence[_Known], asking: Asking, *, free: bool
) -> Preview:
    family, asked, of_sizes = asking.sizes.family, None, estimate.NOTHING
    paid = counts.originals.seen if free else counts.pictures
    if family.image:
        of_sizes = _asked(counts.sizes.seen, sizes, asking)
        asked = _asked(counts.originals.seen, originals, asking)
        asked = asked if free else asked + of_sizes
    known = originals if free else [*originals, *sizes]
    return Preview(
        judged={name: count for name, count in counts.judged.items() if count},
        pictures=counts.pictures,
        size=counts.size,
        tiers=dict(counts.tiers),
        sampled=len(known),
        with_sides=sum(side is not None for _, side in known),
        asked=asked,
        usd=asked.usd(family) if asked else None,
        seconds=asking.seconds(paid, asked) if asked else None,
        derived=dict(counts.derived),
        derived_usd=of_sizes.usd(family) if asked else None,
        derived_are_free=free,
    )


def _asked(pictures: int, known: Sequence[_Known], asking: Asking) -> Estimate:
    """The tokens of all, from those of the sample; the bounds are wider by two standard errors of its mean."""
    each = [estimate.of_picture(asking.brief.about(blob), asking.sizes, side) for blob, side in known]
    total = sum(each, estimate.NOTHING).times(pictures / len(each) if each else 0)
    if len(each) < 2 or len(each) == pictures:
        return total
    mean = sum(one.prompt[1] for one in each) / len(each)
    spread = math.sqrt(sum((one.prompt[1] - mean) ** 2 for one in each) / (len(each) - 1))
    error = round(2 * pictures * spread / math.sqrt(len(each)))
    least, usual, most = total.prompt
    return Estimate((max(0, least - error), usual, most + error), total.answer)
