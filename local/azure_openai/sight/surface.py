"""Measures a picture's colours, and whether it was drawn or photographed."""

from dataclasses import dataclass

import cv2
import numpy as np

from local.azure_openai.sight.picture import Pixels

_SAMPLE = 256
"""Pixels a side."""
_EDGE = 40
_HUES = ((6, "red"), (22, "orange"), (34, "yellow"), (82, "green"), (98, "teal"), (130, "blue"), (150, "purple"))
"""Upper limits in OpenCV's hue, 0 to 179; above them are pink and then red again."""


@dataclass(frozen=True, slots=True)
class Surface:
    """Measures of one picture.

    Args:
        colours: names of at most three that cover a fifth or more, the largest first.
        drawn: True for flat areas with sharp edges in a few colours: charts, screenshots, drawings.
        noise: True if nearly every pixel differs from its neighbour, so that objects found are false.
    """

    colours: tuple[str, ...]
    drawn: bool
    noise: bool


def measure(pixels: Pixels) -> Surface:
    """Measure a picture; the thresholds lie in the gaps between photos and drawings, also after JPEG at quality 75."""
    steps = np.abs(np.diff(pixels.astype(np.int16), axis=1)).max(axis=2)
    even, sharp = float((steps == 0).mean()), float((steps > _EDGE).mean())
    # Smoothing adds colours between the real ones, which falsifies the count, and removes noise, which helps the names.
    picked, levelled = _sampled(pixels, cv2.INTER_NEAREST), _sampled(pixels, cv2.INTER_AREA)
    drawn = even >= 0.6 and 0.005 <= sharp <= 0.3 and _share_of_four_colours(picked) >= 0.85
    return Surface(_colours(levelled), drawn, sharp > 0.3)


def _sampled(pixels: Pixels, interpolation: int) -> Pixels:
    return np.asarray(cv2.resize(pixels, (_SAMPLE, _SAMPLE), interpolation=interpolation), dtype=np.uint8)


def _share_of_four_colours(sample: Pixels) -> float:
    """Return the share of the four commonest colours, counted in 16 steps a channel."""
    steps = sample.astype(np.int32) >> 4
    counts = np.bincount((steps[..., 0] * 256 + steps[..., 1] * 16 + steps[..., 2]).ravel())
    return float(np.sort(counts)[-4:].sum() / counts.sum())


def _colours(sample: Pixels) -> tuple[str, ...]:
    hue, saturation, value = (channel.ravel() for channel in cv2.split(cv2.cvtColor(sample, cv2.COLOR_RGB2HSV)))
    conditions = [
        value < 50,
        (saturation < 38) & (value > 205),
        saturation < 38,
        (hue >= 5) & (hue < 22) & (value < 165),
    ]
    names = ["black", "white", "grey", "brown"]
    for end, name in _HUES:
        conditions.append(hue < end)
        names.append(name)
    named = np.select([*conditions, hue >= 170], [*names, "red"], "pink")
    kinds, counts = np.unique(named, return_counts=True)
    order = np.argsort(-counts)[:3]
    return tuple(str(kinds[index]) for index in order if counts[index] >= named.size / 5)
