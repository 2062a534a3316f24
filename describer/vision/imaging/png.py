"""Reads the chunks of a PNG that affect how it is shown, wherever they are. PNG, third edition."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from describer.vision.imaging.colour import Space

_SIGNATURE: Final = 8
_AROUND: Final = 12  # length, type and CRC of a chunk
_XMP: Final = b"XML:com.adobe.xmp\0"


@dataclass(frozen=True, slots=True)
class Png:
    """A PNG's header.

    Args:
        width, height: pixels as stored.
        depth, colours: bits per sample and colour type.
        interlaced: whether it is stored in seven passes and therefore decoded as a whole.
        frames: frames of an animation (APNG), else 1.
        space: colour information without an ICC profile, which the decoder reads.
        exif, xmp: these blocks, or empty.
    """

    width: int
    height: int
    depth: int
    colours: int
    interlaced: bool
    frames: int
    space: Space
    exif: bytes
    xmp: bytes


def read(data: bytes) -> Png:
    """Read the header. Raises ValueError if it is missing or invalid."""
    found: dict[bytes, bytes] = {}
    xmp = b""
    for kind, body in _chunks(data):
        if kind == b"iTXt" and body.startswith(_XMP):
            xmp = body
        found.setdefault(kind, body)
    head = found.get(b"IHDR", b"")
    if len(head) < 13 or not data.startswith(b"IHDR", 12):
        raise ValueError("no header")
    width, height = int.from_bytes(head[:4]), int.from_bytes(head[4:8])
    if not width or not height:
        raise ValueError("no pixels")
    frames = max(1, int.from_bytes(found.get(b"acTL", b"")[:4]))
    exif = found.get(b"eXIf", b"")
    return Png(width, height, head[8], head[9], bool(head[12]), frames, _space(found), exif, xmp)


def _space(found: dict[bytes, bytes]) -> Space:
    """Return the colour information by the precedence of 4.3: cICP, iCCP, sRGB, then gAMA and cHRM."""
    cicp = found.get(b"cICP", b"")
    if len(cicp) == 4:
        return Space(cicp=(cicp[0], cicp[1]))
    if b"sRGB" in found:
        return Space()
    gamma, around = found.get(b"gAMA", b""), found.get(b"cHRM", b"")
    values = tuple(int.from_bytes(around[at : at + 4]) / 100_000 for at in range(0, 32, 4)) if len(around) == 32 else ()
    sound = all(0.001 < value < 1 for value in values)
    return Space(
        gamma=int.from_bytes(gamma) / 100_000 if len(gamma) == 4 else None,
        chromaticities=values if values and sound else None,
    )


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk without pixels."""
    at = _SIGNATURE
    while kind := data[at + 4 : at + 8]:
        length = int.from_bytes(data[at : at + 4])
        if kind not in {b"IDAT", b"fdAT"}:
            yield kind, data[at + 8 : at + 8 + length]
        at += _AROUND + length
