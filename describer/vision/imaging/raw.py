"""Camera raw files: not developed, but shown by the largest preview that the camera put into them.

Every maker keeps it elsewhere (NEF, CR2, CR3, ARW, DNG, ORF, RW2, RAF, PEF), but always as a JPEG that can be found.
"""

from dataclasses import dataclass
from typing import Final

from describer.domain.errors import Unsupported
from describer.vision.imaging import jpeg
from describer.vision.imaging.tiff import Page, Tag

USEFUL: Final = 640
"""Pixels of the long side; smaller ones are thumbnails for the camera's list."""
_MOST: Final = 256
"""Beginnings of JPEGs that are looked at; sound files have five."""
_SENSOR: Final = {32803, 34892}
"""Photometric interpretations: a mosaic of colours, and linear raw (DNG 1.7)."""
_COMPRESSIONS: Final = {32767, 32769, 32770, 34713, 65535}
"""Of Sony, Epson, Samsung, Nikon and Pentax."""


@dataclass(frozen=True, slots=True)
class Preview:
    """A JPEG within a file: where it begins, and its header."""

    start: int
    header: jpeg.Jpeg


def is_raw(data: bytes, pages: list[Page]) -> bool:
    """Whether a TIFF holds what a sensor saw, and no picture."""
    if data[8:10] == b"CR":
        return True
    found = [*pages, *(level for page in pages for level in page.levels)]
    return any(
        page.first(Tag.PHOTOMETRIC) in _SENSOR or page.first(Tag.COMPRESSION) in _COMPRESSIONS or Tag.DNG in page.tags
        for page in found
    )


def preview(data: bytes) -> Preview:
    """The largest JPEG within, if it is of use. Raises Unsupported."""
    best: Preview | None = None
    at = -1
    for _ in range(_MOST):
        at = data.find(b"\xff\xd8\xff", at + 1)
        if at < 0:
            break
        header = jpeg.read(data[at : at + 65_536])
        sound = header.frame and not header.is_lossless and header.precision == 8
        if sound and (best is None or header.width * header.height > best.header.width * best.header.height):
            best = Preview(at, header)
    if best is None or max(best.header.width, best.header.height) < USEFUL:
        raise Unsupported(
            f"This is a camera raw file without a preview of at least {USEFUL} pixels. Develop it and use the JPEG."
        )
    return best
