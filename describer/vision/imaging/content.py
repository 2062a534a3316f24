"""What a prepared picture shows, as far as that decides how it is sent."""

from typing import Final, cast

from PIL import Image, ImageChops

_SAME: Final = 6
"""Levels within which all pixels of a blank sheet lie; codecs leave as much."""
_CHROMA: Final = 28
"""Levels of colour by which a pixel is wrong where four share one colour."""
_WRONG: Final = 0.002
"""The share of such pixels from which on each gets its own."""


def is_blank(pixels: Image.Image) -> bool:
    """Whether it is a single colour."""
    bands = cast("tuple[tuple[int, int], ...]", pixels.convert("RGB").getextrema())
    return all(high - low <= _SAME for low, high in bands)


def needs_full_chroma(pixels: Image.Image) -> bool:
    """Whether coloured lines and letters would pale if four pixels shared one colour."""
    if pixels.width < 2 or pixels.height < 2:
        return True
    _, *chroma = pixels.convert("YCbCr").split()
    return any(_loses(band) for band in chroma)


def _loses(band: Image.Image) -> bool:
    shared = band.reduce(2).resize(band.size, Image.Resampling.BILINEAR)
    counts = ImageChops.difference(band, shared).histogram()
    return sum(counts[_CHROMA:]) > _WRONG * band.width * band.height
