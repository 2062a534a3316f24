"""What goes into and comes out of this package; free of Pillow, so that naming these types loads nothing."""

from dataclasses import dataclass

MIB = 2**20


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
class PreparedImage:
    """What the model is shown: an upright sRGB JPEG without any metadata.

    Args:
        width, height: pixels.
        notes: what was left out or changed, for people: "first of 12 frames", "transparency on white".
        header: what the file said of itself; None where there was no file.
    """

    jpeg: bytes
    width: int
    height: int
    notes: tuple[str, ...] = ()
    header: Header | None = None
