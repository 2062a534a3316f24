"""Determines a picture's orientation by Exif, or by XMP if Exif has none."""

import re
from typing import Final

from PIL.ExifTags import Base
from PIL.Image import Exif, Transpose
from PIL.ImageFile import ImageFile

# EXIF 2.32, tag 0x0112: the operation that turns the stored rows upright.
_TURNS: Final = {
    2: Transpose.FLIP_LEFT_RIGHT,
    3: Transpose.ROTATE_180,
    4: Transpose.FLIP_TOP_BOTTOM,
    5: Transpose.TRANSPOSE,
    6: Transpose.ROTATE_270,
    7: Transpose.TRANSVERSE,
    8: Transpose.ROTATE_90,
}
_SWAPS_SIDES: Final = {Transpose.TRANSPOSE, Transpose.ROTATE_270, Transpose.TRANSVERSE, Transpose.ROTATE_90}
_BY_XMP: Final = re.compile(rb"""tiff:Orientation(?:\s*=\s*["']|>)\s*([1-8])""")


def turn(number: int) -> Transpose | None:
    """Return the operation for an orientation, to be applied after decoding."""
    return _TURNS.get(number)


def by_exif(source: ImageFile) -> int:
    """Return the orientation that Pillow finds. Call it before decoding: a plugin may drop it then."""
    try:
        return int(source.getexif().get(Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - a damaged EXIF block must not make the picture fail
        return 1


def in_block(exif: bytes, xmp: bytes = b"") -> int:
    """Return the orientation from an EXIF block, or else from an XMP packet."""
    block = Exif()
    try:
        block.load(exif)
        number = int(block.get(Base.Orientation, 0))
    except Exception:  # noqa: BLE001 - a damaged EXIF block must not make the picture fail
        number = 0
    return number or in_xmp(xmp)


def in_xmp(packet: bytes) -> int:
    """Return the orientation from an XMP packet; 1 if it has none."""
    found = _BY_XMP.search(packet)
    return int(found[1]) if found else 1


def swapped(size: tuple[int, int], how: Transpose | None) -> tuple[int, int]:
    """Return the size before or after the operation: quarter turns swap the sides."""
    return size[::-1] if how in _SWAPS_SIDES else size
