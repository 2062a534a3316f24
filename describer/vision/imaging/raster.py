"""A picture that is decoded and shrunk, in the colours of its file."""

from dataclasses import dataclass

from PIL.Image import Image

from describer.vision.imaging.colour import UNKNOWN_SPACE, Space


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels as stored: not yet upright, not yet sRGB.

    Args:
        pixels: mode L, RGB or CMYK.
        alpha: mode L, 255 where nothing shows through; None where the file has no transparency.
        clear: what lets the ground be seen, for people.
        space: what the file says of its colours.
        notes: what was left out or changed while it was decoded, for people.
    """

    pixels: Image
    alpha: Image | None = None
    clear: str = "transparency"
    space: Space = UNKNOWN_SPACE
    notes: tuple[str, ...] = ()
