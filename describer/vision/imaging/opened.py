"""A picture whose header is read and which can be decoded repeatedly, at any size."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL.Image import Transpose

from describer.vision.imaging.formats import Format
from describer.vision.imaging.raster import Raster
from describer.vision.imaging.values import Header

type Decode = Callable[[tuple[int, int], int], Raster]
"""Decodes a frame at a size: returns the pixels as stored, at that size, up to 3 % smaller, or at the file's own size
if that is smaller. Raises like `codec.calling`.
"""


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture whose header is read.

    Args:
        turn: the operation that turns the stored rows upright.
        full_chroma: whether every pixel has its own colour.
        notes: notes for people on what will not be shown.
    """

    form: Format
    header: Header
    turn: Transpose | None
    decode: Decode
    full_chroma: bool = True
    notes: tuple[str, ...] = ()
