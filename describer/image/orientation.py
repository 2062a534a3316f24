"""Which way up a picture is shown: the EXIF orientation."""

from typing import Final

from PIL.ExifTags import Base
from PIL.Image import Transpose
from PIL.ImageFile import ImageFile

from describer.image.formats import Format

# EXIF 2.32, tag 0x0112: what brings the stored rows upright.
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


def turn(form: Format, source: ImageFile) -> Transpose | None:
    """What is left to do once the pixels are decoded. Ask before they are: a plugin may forget it then."""
    if form.turns_itself:
        return None
    try:
        return _TURNS.get(source.getexif().get(Base.Orientation, 1))
    except Exception:  # noqa: BLE001 - a broken EXIF block must not lose the picture
        return None


def swapped(size: tuple[int, int], how: Transpose | None) -> tuple[int, int]:
    """A size before or after the turn: quarter turns swap its sides."""
    return size[::-1] if how in _SWAPS_SIDES else size
