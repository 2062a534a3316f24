"""From samples of any range to eight bits: what stands for black and for white, and what for nothing."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from math import isfinite, log2
from typing import Final

from PIL import Image

_LOOKED_AT: Final = 65_536
"""Samples that tell the range; enough for a thousandth at either end."""
_OUTLIERS: Final = 0.001
"""The share of samples at either end that may be cut off: dead pixels, sparks."""
_OFTEN: Final = 0.002
"""The share of samples that an extreme value must have to stand for "no data"."""
_MEASURED: Final = 64
"""Different values from which on they are measurements; a drawing has fewer."""
_APART: Final = 1.0
"""How far from all others such a value lies, in their own spread."""


@dataclass(frozen=True, slots=True)
class Range:
    """The values that are shown as black and as white."""

    black: float
    white: float


def range_of(channels: Sequence[Image.Image], full: float | None, weight: Image.Image | None = None) -> Range:
    """What to show of channels in mode `F`, the same for all of them, so that colours stay.

    A picture that uses half of its full scale or more is shown as it is, one that uses an eighth or less is stretched
    to all of it, and between them the one passes into the other without a step.

    Args:
        channels: samples; those that are not finite are passed over.
        full: the value of white by the file's own type, such as 65535; None where it has none.
        weight: mode `F`; samples where it is 0 or less are passed over.
    """
    sample = sorted(value for channel in channels for value in _sample(channel, weight, len(channels)))
    if not sample:
        return Range(0.0, full or 1.0)
    cut = int(len(sample) * _OUTLIERS)
    low, high = sample[cut], sample[-1 - cut]
    if full is None or low < 0:
        return Range(low, high) if high > low else Range(min(low, 0.0), max(high, 0.0) or 1.0)
    return Range(0.0, max(high, full) if high * 2 >= full else _between(high, full))


def eight_bits(channel: Image.Image, shown: Range) -> Image.Image:
    """Mode `F` as `L`."""
    factor = 255 / (shown.white - shown.black)
    return channel.point(lambda value: value * factor - shown.black * factor).convert("L")


def missing(sample: Sequence[float]) -> float | None:
    """The value that seems to stand for "no data": the least or the greatest, often met, far from all others."""
    finite = [value for value in sample if isfinite(value)]
    counted = Counter(finite)
    if len(counted) < _MEASURED:
        return None
    for value in {min(counted), max(counted)} - {0.0}:
        others = [other for other in finite if other != value]
        low, high = min(others), max(others)
        gap = max(low - value, value - high)
        if counted[value] >= _OFTEN * len(finite) and gap > _APART * (high - low):
            return value
    return None


def all_finite(sample: Sequence[float], beyond: float) -> bool:
    """Whether each is a number on this side of `beyond`."""
    return all(-beyond < value < beyond for value in sample)


def middle(sample: Sequence[float], without: float | None, beyond: float) -> float:
    """The median of what was measured."""
    found = sorted(value for value in sample if -beyond < value < beyond and value != without)
    return found[len(found) // 2] if found else 0.0


def _sample(channel: Image.Image, weight: Image.Image | None, channels: int) -> list[float]:
    values = array("f", channel.tobytes())
    step = max(1, len(values) * channels // _LOOKED_AT)
    some: Sequence[float] = values[::step]
    if weight:
        some = list(compress(some, (share > 0 for share in array("f", weight.tobytes())[::step])))
    return [value for value in some if isfinite(value)]


def _between(high: float, full: float) -> float:
    """White for a picture that uses less than half of its range."""
    if high <= 0:
        return full
    stops = log2(full / high)
    return full / 2 ** (stops * min(1.0, (stops - 1) / 2))
