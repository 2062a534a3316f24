"""From samples of any range to eight bits: what stands for black and for white."""

from array import array
from dataclasses import dataclass
from math import isfinite, log2
from typing import Final

from PIL import Image

_LOOKED_AT: Final = 65_536
"""Pixels that tell the range; enough for a thousandth at either end."""
_OUTLIERS: Final = 0.001
"""The share of pixels at either end that may be cut off: dead pixels, sparks."""


@dataclass(frozen=True, slots=True)
class Range:
    """The values that are shown as black and as white."""

    black: float
    white: float


def range_of(image: Image.Image, full: float | None) -> Range:
    """What to show of a picture in mode `F`.

    One that uses half of its full scale or more is shown as it is, one that uses an eighth or less is stretched to all
    of it, and between them the one passes into the other without a step.

    Args:
        image: samples; those that are not finite are passed over.
        full: the value of white by the file's own type, such as 65535; None where it has none.
    """
    values = array("f", image.tobytes())
    sample = sorted(filter(isfinite, values[:: max(1, len(values) // _LOOKED_AT)]))
    if not sample:
        return Range(0.0, 1.0)
    cut = int(len(sample) * _OUTLIERS)
    low, high = sample[cut], sample[-1 - cut]
    if full is None:
        return Range(low, high) if high > low else Range(min(low, 0.0), max(high, 0.0) or 1.0)
    if low < 0:
        return Range(low, max(high, full) if high > 0 else high)
    return Range(0.0, max(high, full) if high * 2 >= full else _between(high, full))


def eight_bits(image: Image.Image, shown: Range) -> Image.Image:
    """Mode `F` as `L`; what is not finite is black."""
    factor = 255 / (shown.white - shown.black) if shown.white > shown.black else 0.0
    return image.point(lambda value: value * factor - shown.black * factor).convert("L")


def _between(high: float, full: float) -> float:
    """White for a picture that uses less than half of its range."""
    if high <= 0:
        return full
    stops = log2(full / high)
    return full / 2 ** (stops * min(1.0, (stops - 1) / 2))
