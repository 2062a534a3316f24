"""Pictures that Pillow reads: the header when they are opened, the pixels when they are asked for."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL.Image import Image, Resampling, Transpose
from PIL.ImageFile import ImageFile

from describer.image import colour, gif, png, tones
from describer.image.codec import calling, check_memory
from describer.image.formats import GIF, JPEG, PNG, TIFF, Format
from describer.image.jpeg import in_one_scan
from describer.image.orientation import swapped, turn
from describer.image.values import Header, Limits

PLAIN_JPEG_BYTES_PER_PIXEL: Final = 2.5
"""JPEGs of one sequential scan are shrunk while they are decoded; the others are held whole."""
MOST_FRAMES: Final = 1000
"""Each frame or page is a step through the file, and a hostile one has a million of them."""
NEAR_ENOUGH: Final = 0.97
"""JPEG decodes to 1/1, 1/2, 1/4 and 1/8 only: 4032 px come as 1008 and need no resampling where 1024 are wanted."""


@dataclass(frozen=True, slots=True)
class Decoded:
    """Upright sRGB pixels; `transparent` where paper shows through."""

    pixels: Image
    transparent: bool


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture whose header is read.

    Args:
        form: the format.
        header: what the picture says of itself.
    """

    form: Format
    header: Header
    _source: ImageFile
    _turn: Transpose | None

    def decode(self, size: tuple[int, int]) -> Decoded:
        """Decodes to `size`, given as shown upright, or up to 3 % less where that spares resampling.

        Colours are converted after shrinking: on 12 MP that takes 20 ms instead of 270.

        Raises:
            Corrupt, TooLarge: see `codec.calling`.
        """
        size = swapped(size, self._turn)
        with calling(self.form.name, self.header):
            self._source.draft("RGB", (max(1, int(size[0] * NEAR_ENOUGH)), max(1, int(size[1] * NEAR_ENOUGH))))
            self._source.load()
        full = 65535.0 if "16" in self._source.mode else (1.0 if self._source.mode == "F" else None)
        small = colour.resizable(self._source)
        if small.width > size[0] or small.height > size[1]:
            small = small.resize(size, Resampling.BICUBIC, reducing_gap=1.5)
        if small.mode == "F":
            small = tones.eight_bits(small, tones.range_of(small, full))
        pixels = colour.to_srgb(colour.on_white(small), self._source.info.get("icc_profile"))
        return Decoded(pixels if self._turn is None else pixels.transpose(self._turn), colour.see_through(small))


@contextmanager
def opened(form: Format, data: bytes, limits: Limits) -> Iterator[Opened]:
    """Reads the header, never the pixels.

    Raises:
        Corrupt, TooLarge: see `codec.calling`; or decoding would take too much memory.
    """
    with calling(form.name):
        source = form.plugin(BytesIO(data))
    with source:
        if form is PNG and "Raw profile type exif" not in source.info:
            source.info.setdefault("exif", png.exif(data))  # else Pillow decodes all pixels to look for it
        how = turn(form, source)
        width, height = swapped(source.size, how)
        media_type = source.custom_mimetype or form.media_type
        header = Header(form.name, media_type, width, height)
        check_memory(width * height * _bytes_per_pixel(form, data), form.name, header, limits.decode_memory)
        with calling(form.name, header):
            frames = _frames(form, source, data)
        yield Opened(form, Header(form.name, media_type, width, height, frames), source, how)


def _bytes_per_pixel(form: Format, data: bytes) -> float:
    return PLAIN_JPEG_BYTES_PER_PIXEL if form is JPEG and in_one_scan(data) else form.bytes_per_pixel


def _frames(form: Format, source: ImageFile, data: bytes) -> int:
    """The frames or pages; the first stays the one that is decoded."""
    if form is GIF:
        return gif.frames(data, MOST_FRAMES)
    if form is not TIFF:
        return getattr(source, "n_frames", 1)
    pages = 1
    with suppress(EOFError):
        while pages < MOST_FRAMES:
            source.seek(pages)
            pages += 1
    source.seek(0)
    return pages
