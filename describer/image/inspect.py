"""What a picture says of itself."""

from contextlib import suppress
from typing import Final

from PIL.ImageFile import ImageFile

from describer.image.codec import opened
from describer.image.formats import TIFF, Format
from describer.image.orientation import swapped, turn
from describer.image.values import Header, Limits

MOST_PAGES: Final = 1000
"""Each page of a TIFF is a step through the file, and a hostile one has a million of them."""


def inspect(data: bytes, limits: Limits) -> Header:
    """Reads the header, never the pixels.

    Raises:
        Unsupported, Corrupt, TooLarge: see `codec.opened`.
    """
    with opened(data, limits) as (form, source):
        width, height = swapped(source.size, turn(form, source))
        media_type = source.custom_mimetype or form.media_type
        return Header(form.name, media_type, width, height, _frames(form, source))


def _frames(form: Format, source: ImageFile) -> int:
    if form is not TIFF:
        return getattr(source, "n_frames", 1)
    pages = 1
    with suppress(EOFError):
        while pages < MOST_PAGES:
            source.seek(pages)
            pages += 1
    return pages
