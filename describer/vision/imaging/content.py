"""Analyses a prepared picture's pixels, to decide how to send it."""

from typing import Final, cast

from PIL import Image, ImageChops

_SAME: Final = 6
"""Maximum difference between the levels of a blank sheet, as codecs leave some."""
_FEW: Final = (24, 24)
_CHROMA: Final = 28
"""Minimum error in levels of chroma that counts as visible, if four pixels share one colour."""
_WRONG: Final = 0.002
"""Share of pixels with such an error from which on the full chroma resolution is kept."""

_NOISE: Final = 0.75
"""Minimum ratio of neighbours' to distant pixels' mean difference in noise: 1 in noise, 0.05 to 0.4 in pictures."""
_EVEN: Final = 3
"""Levels below which neighbours count as equal."""
_STEEP: Final = 32
"""Levels from which a difference of neighbours counts as an edge."""
_EVEN_SHARE: Final = 0.5
_STEEP_SHARE: Final = 0.23
"""Minimum share of edges among unequal neighbours: 0.26 to 0.7 on pages and charts, at most 0.22 on equally even
photographs.
"""
_VERY_EVEN: Final = (0.8, 0.15)
"""The same two shares for maps and drawings, which have few letters on large areas."""
_SCALES: Final = (0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
_ENOUGH_KEPT: Final = 0.7


def is_blank(pixels: Image.Image) -> bool:
    """Return whether the image is a single colour. A few hundred pixels rule out most images that are not."""
    few = pixels.resize(_FEW, Image.Resampling.NEAREST)
    return _is_single(few) and _is_single(pixels)


def _is_single(pixels: Image.Image) -> bool:
    bands = cast("tuple[tuple[int, int], ...]", pixels.convert("RGB").getextrema())
    return all(high - low <= _SAME for low, high in bands)


def shows_nothing(pixels: Image.Image) -> bool:
    """Return whether the image is a single colour or noise (neighbours differ as much as distant pixels)."""
    return is_blank(pixels) or _is_noise(pixels.convert("L"))


def _is_noise(grey: Image.Image) -> bool:
    width, height = grey.size
    if width < _FEW[0] or height < _FEW[1]:
        return False
    spread = _mean(ImageChops.difference(grey, grey.rotate(180)))
    return min(map(_mean, _differences(grey))) > _NOISE * spread


def _differences(grey: Image.Image) -> tuple[Image.Image, Image.Image]:
    """Return how much each pixel differs from its neighbour to the right, and from the one below."""
    width, height = grey.size
    across = ImageChops.difference(grey.crop((1, 0, width, height)), grey.crop((0, 0, width - 1, height)))
    along = ImageChops.difference(grey.crop((0, 1, width, height)), grey.crop((0, 0, width, height - 1)))
    return across, along


def _mean(grey: Image.Image) -> float:
    return sum(level * count for level, count in enumerate(grey.histogram())) / (grey.width * grey.height)


def needs_full_chroma(pixels: Image.Image) -> bool:
    """Return whether shared chroma would fade coloured lines and letters. Takes 4 ms per megapixel."""
    width, height = pixels.width // 2, pixels.height // 2
    if width < 2 or height < 2:
        return True
    chroma = pixels.crop((0, 0, 2 * width, 2 * height)).convert("YCbCr")
    return any(_loses(chroma.getchannel(number)) for number in (1, 2))


def _loses(band: Image.Image) -> bool:
    """Return whether too many pixels differ from the interpolated chroma; one of each four is checked."""
    shared = band.reduce(2)
    width, height = shared.width - 1, shared.height - 1
    one = band.resize(shared.size, Image.Resampling.NEAREST).crop((0, 0, width, height))  # one pixel of each four
    between = shared.resize((width, height), Image.Resampling.BILINEAR, (0.25, 0.25, width + 0.25, height + 0.25))
    counts = ImageChops.difference(one, between).histogram()
    return sum(counts[_CHROMA:]) > _WRONG * width * height


def has_text(pixels: Image.Image) -> bool:
    """Return whether the image looks drawn or written (even areas and sharp edges). Takes 4 ms per megapixel."""
    grey = pixels.convert("L")
    width, height = grey.size
    if width < 8 or height < 8:
        return False
    across, along = (each.histogram() for each in _differences(grey))
    even = min(sum(counts[:_EVEN]) / sum(counts) for counts in (across, along))
    steep = max(sum(counts[_STEEP:]) / (sum(counts[_EVEN:]) or 1) for counts in (across, along))
    return any(even >= least and steep >= share for least, share in ((_EVEN_SHARE, _STEEP_SHARE), _VERY_EVEN))


def scale_for_text(pixels: Image.Image) -> float:
    """Return the smallest scale at which letters remain separate."""
    grey = pixels.convert("L")
    for scale in _SCALES:
        if _kept(grey, scale) >= _ENOUGH_KEPT:
            return scale
    return 1.0


def _kept(grey: Image.Image, scale: float) -> float:
    """Return the share of edge contrast that remains after shrinking and enlarging."""
    width, height = grey.size
    small = grey.resize((max(1, round(width * scale)), max(1, round(height * scale))), Image.Resampling.BICUBIC)
    again = small.resize(grey.size, Image.Resampling.BICUBIC)
    return _contrast(again) / (_contrast(grey) or 1.0)


def _contrast(grey: Image.Image) -> float:
    width, height = grey.size
    steps = ImageChops.difference(grey.crop((2, 0, width, height)), grey.crop((0, 0, width - 2, height))).histogram()
    return float(sum(level * count for level, count in enumerate(steps) if level >= _STEEP))
