"""What goes into and comes out of this package; free of Pillow, so that naming these types loads nothing."""

from dataclasses import dataclass

MIB = 2**20
SPACER_SIDE = 64
SPACER_LINE = 8
"""Pixels: a blank picture is a spacer if both its sides have at most the one, or one of them at most the other."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one picture may cost.

    Args:
        max_bytes: of its file.
        decode_memory: bytes, while it is decoded.
        max_pixels: of the stored picture; they cost computing time even where they cost no memory.
    """

    max_bytes: int = 100 * MIB
    decode_memory: int = 700 * MIB
    max_pixels: int = 512 * 10**6


@dataclass(frozen=True, slots=True)
class Header:
    """What a picture says of itself before any pixel is decoded.

    Args:
        format: "JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "HEIF" or "AVIF".
        media_type: for `ImageContent-Type`, such as "image/jpeg".
        width, height: pixels, as shown upright.
        frames: of an animation, pages of a TIFF, pictures in a HEIF, each counted to 1,000; otherwise 1.
    """

    format: str
    media_type: str
    width: int
    height: int
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a picture, or all of it: an upright sRGB JPEG without any metadata; sides in pixels."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """What the model is shown: an upright sRGB JPEG without any metadata, or several where the picture is long.

    Args:
        jpeg, width, height: the picture, or its first part; sides in pixels.
        notes: what was left out or changed, for people: "first of 12 frames", "transparency on white".
        header: what the file said of itself; None where there was no file.
        further: the parts that follow the first, each overlapping the one before.
        order: in which the parts lie, "from top to bottom" or "from left to right"; empty where there is one.
        blank: whether it shows a single colour.
    """

    jpeg: bytes
    width: int
    height: int
    notes: tuple[str, ...] = ()
    header: Header | None = None
    further: tuple[Part, ...] = ()
    order: str = ""
    blank: bool = False

    @property
    def is_spacer(self) -> bool:
        """Whether it is of those single-coloured pictures that only keep others apart; nobody needs to be asked."""
        sides = (self.header.width, self.header.height) if self.header else (self.width, self.height)
        return self.blank and (max(sides) <= SPACER_SIDE or min(sides) <= SPACER_LINE)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All that is sent, in order."""
        return Part(self.jpeg, self.width, self.height), *self.further

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        """Width and height of each part, in pixels."""
        return tuple((part.width, part.height) for part in self.parts)
