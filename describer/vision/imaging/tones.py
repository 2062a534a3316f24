"""Maps samples of any range to eight bits, and finds the value that means "no data"."""

from array import array
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import compress
from math import isfinite, log2
from typing import Final

from PIL import Image

_LOOKED_AT: Final = 65_536
"""Number of samples to determine the range by; enough for a thousandth at either end."""
_OUTLIERS: Final = 0.001
"""Share of samples at either end that may be clipped, such as dead pixels."""
_OFTEN: Final = 0.002
"""Minimum share of samples with an extreme value for it to mean "no data"."""
_MEASURED: Final = 64
"""Minimum number of different values in measurements; drawings have fewer."""
_APART: Final = 1.0
"""Minimum distance of such a value from all others, in multiples of their range."""


@dataclass(frozen=True, slots=True)
class Range:
    """The values that are shown as black and as white."""

    black: float
    white: float


def range_of(channels: Sequence[Image.Image], full: float | None, weight: Image.Image | None = None) -> Range:
    """Return the range to show for channels in mode `F`, the same for all of them, to preserve colours.

    If a picture uses at least half of its full scale, the full scale is shown. If it uses at most an eighth, its own
    range is stretched to all of it. In between, the range changes gradually.

    Args:
        channels: samples; those that are not finite are ignored.
        full: the value of white by the file's type, such as 65535; None if it has none.
        weight: mode `F`; samples with a weight of 0 or less are ignored.
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
    """Convert mode `F` to `L`."""
    factor = 255 / (shown.white - shown.black)
    return channel.point(lambda value: value * factor - shown.black * factor).convert("L")


def missing(sample: Sequence[float]) -> float | None:
    """Return the value that seems to mean "no data": the minimum or maximum, frequent, and far from all others."""
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
    """Return whether each sample is a number of magnitude below `beyond`."""
    return all(-beyond < value < beyond for value in sample)


def middle(sample: Sequence[float], without: float | None, beyond: float) -> float:
    """Return the median of the measured samples."""
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
    """Return the value of white for a picture that uses less than half of its range."""
    if high <= 0:
        return full
    stops = log2(full / high)
    return full / 2 ** (stops * min(1.0, (stops - 1) / 2))
