"""Estimates what a backfill would queue and cost, without calling the model or writing anything."""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import batched
from typing import Final

from describer.domain.image_blob import ImageBlob
from describer.domain.renditions import SYSTEMS, Renditions
from describer.pipeline.backfill.counted import Counted, Counting, Preview
from describer.pipeline.backfill.library import Library
from describer.pipeline.backfill.selection import Judgement, Selection
from describer.vision import estimate
from describer.vision.brief import Brief
from describer.vision.estimate import Estimate
from describer.vision.sizing import Sizes

_AT_ONCE: Final = 8
_COOL: Final = ("Cool", "Cold")
_EVERY_SYSTEM: Final = Renditions(SYSTEMS)

type _Known = tuple[ImageBlob, tuple[int, int] | None]
"""A picture of the sample, with its sides if the start of its file contains them."""


@dataclass(frozen=True, slots=True)
class Asking:
    """The request and sizes for which to estimate.

    Args:
        brief: the request; prefixes may change it.
        tokens_per_minute: the deployment's quota; 0 if unknown.
    """

    brief: Brief
    sizes: Sizes
    tokens_per_minute: int = 0

    @property
    def has_price(self) -> bool:
        return self.sizes.family.image is not None and self.sizes.family.price is not None

    def seconds(self, pictures: int, asked: Estimate) -> float | None:
        """Return the minimum time that the quota imposes: each call counts its prompt and its answer's cap."""
        if not self.tokens_per_minute:
            return None
        return 60 * (asked.prompt[1] + pictures * self.brief.max_completion_tokens) / self.tokens_per_minute


async def preview(library: Library, selection: Selection, asking: Asking) -> Preview:
    """Estimate from the listing and a sample: one request per 5,000 blobs, and up to 400 more."""
    counted = Counted()
    while not counted.ended:
        counted = await with_next_page(library, selection, counted)
    return await priced(library, selection, counted, asking)


async def with_next_page(library: Library, selection: Selection, counted: Counted) -> Counted:
    """Count the next page of the listing."""
    container, prefix = selection.options.container, selection.options.prefix
    rules = selection.blob_filter.renditions
    page = await library.page(container, prefix, counted.cursor)
    counting = Counting(counted, container, rules if rules.systems else _EVERY_SYSTEM)
    counting.judged["unnameable"] += page.unnameable
    for listed in page.items:
        judgement, blob = selection.judge(listed), listed.picture
        counting.judged[judgement.value] += 1
        counting.add(blob, is_queued=judgement.is_queued)
        if judgement is Judgement.ARCHIVED or (judgement.is_queued and blob.tier in _COOL):
            counting.tiers[blob.tier] += blob.size
    return counting.counted(page.cursor)


async def priced(library: Library, selection: Selection, counted: Counted, asking: Asking) -> Preview:
    """Read the first bytes of the samples and estimate the work and cost of all counted pictures."""
    container, free = selection.options.container, bool(selection.blob_filter.renditions.systems)
    originals = await _sides(library, [sampled.picture(container) for sampled in counted.originals.kept])
    sizes = await _sides(library, [sampled.picture(container) for sampled in counted.sizes.kept])
    family, asked, of_sizes = asking.sizes.family, None, estimate.NOTHING
    if family.image:
        of_sizes = _asked(counted.sizes.seen, sizes, asking)
        asked = _asked(counted.originals.seen, originals, asking)
        asked = asked if free else asked + of_sizes
    known = originals if free else [*originals, *sizes]
    paid = counted.originals.seen if free else counted.pictures
    return Preview(
        judged=counted.judged,
        pictures=counted.pictures,
        size=counted.size,
        tiers=counted.tiers,
        sampled=len(known),
        with_sides=sum(side is not None for _, side in known),
        asked=asked,
        usd=asked.usd(family) if asked else None,
        seconds=asking.seconds(paid, asked) if asked else None,
        derived=counted.derived,
        derived_usd=of_sizes.usd(family) if asked else None,
        derived_are_free=free,
    )


async def _sides(library: Library, blobs: Sequence[ImageBlob]) -> list[_Known]:
    from describer.vision.imaging.sides import HEAD_BYTES, sides  # noqa: PLC0415 - loads Pillow, which health checks do without

    async def read(blob: ImageBlob) -> _Known:
        return blob, await asyncio.to_thread(sides, await library.images.head(blob.ref, HEAD_BYTES))

    return [
        found for some in batched(blobs, _AT_ONCE, strict=False) for found in await asyncio.gather(*map(read, some))
    ]


def _asked(pictures: int, known: Sequence[_Known], asking: Asking) -> Estimate:
    each = [estimate.of_picture(asking.brief.about(blob), asking.sizes, side) for blob, side in known]
    return of_sample(each, pictures)


def of_sample(each: Sequence[Estimate], pictures: int) -> Estimate:
    """Estimate so many pictures by the estimates of some; the bounds are wider by two standard errors of their mean."""
    total = sum(each, estimate.NOTHING).times(pictures / len(each) if each else 0)
    if len(each) < 2 or len(each) == pictures:
        return total
    mean = sum(one.prompt[1] for one in each) / len(each)
    spread = math.sqrt(sum((one.prompt[1] - mean) ** 2 for one in each) / (len(each) - 1))
    error = round(2 * pictures * spread / math.sqrt(len(each)))
    least, usual, most = total.prompt
    return Estimate((max(0, least - error), usual, most + error), total.answer)
