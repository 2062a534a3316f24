"""The input and output types of this package; importing them does not load Pillow."""

from dataclasses import dataclass

MIB = 2**20
SPACER_SIDE = 64
SPACER_LINE = 8
"""Maximum sides in pixels of a spacer: a blank picture with both sides up to the first, or one up to the second."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits on one picture.

    Args:
        max_bytes: size of the file.
        decode_memory: bytes of memory for decoding.
        max_pixels: stored pixels; they cost computing time even if they cost no memory.
    """

    max_bytes: int = 100 * MIB
    decode_memory: int = 700 * MIB
    max_pixels: int = 512 * 10**6


@dataclass(frozen=True, slots=True)
class Header:
    """The facts about a picture that are known before decoding.

    Args:
        format: "JPEG", "PNG", "GIF", "WEBP", "BMP", "TIFF", "HEIF" or "AVIF".
        media_type: for `Content-Type`, such as "image/jpeg".
        width, height: pixels of the upright picture.
        frames: frames of an animation, pages of a TIFF, pictures in a HEIF, at most 1,000; otherwise 1.
    """

    format: str
    media_type: str
    width: int
    height: int
    frames: int = 1


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a picture or all of it: an upright sRGB JPEG without metadata; sides in pixels."""

    jpeg: bytes
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class PreparedImage:
    """A picture as the model gets it: an upright sRGB JPEG without metadata, or several for a long picture.

    Args:
        jpeg, width, height: the picture or its first part; sides in pixels.
        notes: notes for people on what was left out or changed: "first of 12 frames", "transparency on white".
        header: the file's header; None if there was no file.
        further: the parts after the first, each overlapping the one before.
        order: direction of the parts, "from top to bottom" or "from left to right"; empty if there is one.
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
        """Whether it is a small single-coloured picture that only separates others, for which no model is needed."""
        sides = (self.header.width, self.header.height) if self.header else (self.width, self.height)
        return self.blank and (max(sides) <= SPACER_SIDE or min(sides) <= SPACER_LINE)

    @property
    def parts(self) -> tuple[Part, ...]:
        """All parts in order."""
        return Part(self.jpeg, self.width, self.height), *self.further

    @property
    def sides(self) -> tuple[tuple[int, int], ...]:
        """Width and height of each part, in pixels."""
        return tuple((part.width, part.height) for part in self.parts)
