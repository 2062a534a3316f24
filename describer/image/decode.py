"""Pixels, already shrunk: the codec does as much of it as it can."""

from dataclasses import dataclass
from typing import Final

from PIL.Image import Image, Resampling
from PIL.ImageFile import ImageFile

from describer.image import colour
from describer.image.formats import Format
from describer.image.orientation import swapped, turn

NEAR_ENOUGH: Final = 0.97
"""JPEG decodes to 1/1, 1/2, 1/4 and 1/8 only: 4032 px come as 1008 and need no resampling where 1024 are wanted."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Upright sRGB pixels; `transparent` where paper shows through."""

    pixels: Image
    transparent: bool


def decode(form: Format, source: ImageFile, size: tuple[int, int]) -> Decoded:
    """Decodes to `size`, given as shown upright, or up to 3 % less where that spares resampling.

    Colours are converted after shrinking: on 12 MP that takes 20 ms instead of 270.
    """
    how, profile = turn(form, source), source.info.get("icc_profile")
    small = _shrunk(source, swapped(size, how))
    pixels = colour.to_srgb(colour.on_white(small), profile)
    return Decoded(pixels if how is None else pixels.transpose(how), colour.see_through(small))


def _shrunk(source: ImageFile, size: tuple[int, int]) -> Image:
    source.draft("RGB", (max(1, int(size[0] * NEAR_ENOUGH)), max(1, int(size[1] * NEAR_ENOUGH))))
    image = colour.resizable(source)
    if image.width <= size[0] and image.height <= size[1]:
        return image
    return image.resize(size, Resampling.BICUBIC, reducing_gap=1.5)
