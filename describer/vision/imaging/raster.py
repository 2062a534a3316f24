"""A decoded and shrunk picture in the colours of its file."""

from dataclasses import dataclass

from PIL.Image import Image

from describer.vision.imaging.colour import UNKNOWN_SPACE, Space


@dataclass(frozen=True, slots=True)
class Raster:
    """Pixels as stored: not yet upright, not yet sRGB.

    Args:
        pixels: mode L, RGB or CMYK.
        alpha: mode L; 255 is opaque; None if the file has no transparency.
        clear: the word for transparent areas in notes.
        notes: notes for people on what decoding left out or changed.
    """

    pixels: Image
    alpha: Image | None = None
    clear: str = "transparency"
    space: Space = UNKNOWN_SPACE
    notes: tuple[str, ...] = ()
