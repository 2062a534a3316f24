"""What every reader gives: a picture whose header is read, and which can be decoded at any size, more than once."""

from collections.abc import Callable
from dataclasses import dataclass

from PIL.Image import Transpose

from describer.vision.imaging.formats import Format
from describer.vision.imaging.raster import Raster
from describer.vision.imaging.values import Header

type Decode = Callable[[tuple[int, int], int], Raster]
"""From a size and the number of a frame to its pixels as stored: of this size, up to 3 % smaller, or the file's own
where that is smaller. Raises as `codec.calling` does."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A picture whose header is read.

    Args:
        form: the format.
        header: what the picture says of itself.
        turn: what brings the stored rows upright.
        decode: gives the pixels as stored.
        full_chroma: whether every pixel has a colour of its own.
        notes: what is known already of what is not shown.
    """

    form: Format
    header: Header
    turn: Transpose | None
    decode: Decode
    full_chroma: bool = True
    notes: tuple[str, ...] = ()
