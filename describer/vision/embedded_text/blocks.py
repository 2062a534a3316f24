"""Where each container keeps texts: the blocks of metadata in a picture's file, as bytes.

No picture library is asked: this runs in the app's process, which opens no picture, and Pillow gives neither the XMP
of a GIF, nor that of a PNG outside iTXt, nor the extended packets of a JPEG.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 2**21
"""Bytes of a block; larger ones hold pictures, not texts."""
CHUNKS: Final = 32_768
"""Pieces of a file that are looked at."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The blocks of metadata in a file.

    Args:
        xmp: packets, the one that counts first.
        extended: further parts of a JPEG's packet by the GUID that the main packet names, only complete ones.
        iim: of IPTC, as it stands in resource 0x0404.
        iim_digest: its MD5 when XMP was last made equal to it (0x0425), or nothing.
        exif: a TIFF structure, from its header on.
        png: texts by PNG's keywords.
    """

    xmp: tuple[bytes, ...] = ()
    extended: Mapping[str, bytes] = field(default_factory=dict)
    iim: bytes = b""
    iim_digest: bytes = b""
    exif: bytes = b""
    png: Mapping[str, str] = field(default_factory=dict)


def resources(data: bytes) -> dict[int, bytes]:
    """Photoshop's image resources (8BIM) by number; the first of each."""
    found, at = dict[int, bytes](), 0
    for _ in range(CHUNKS):
        if data[at : at + 4] != b"8BIM" or at + 12 > len(data):
            break
        number, name = int.from_bytes(data[at + 4 : at + 6]), data[at + 6]
        at += 6 + (name + 2) // 2 * 2  # its length and it, padded to an even number of bytes
        size = int.from_bytes(data[at : at + 4])
        found.setdefault(number, data[at + 4 : at + 4 + size])
        at += 4 + (size + 1) // 2 * 2
    return found


def iim_of(data: bytes) -> tuple[bytes, bytes]:
    """Return the IIM among image resources, and its digest."""
    found = resources(data)
    return found.get(0x0404, b""), found.get(0x0425, b"")


def inflated(data: bytes) -> bytes:
    """Return what was compressed by zlib; nothing if it is broken or too large."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, MOST)
    except zlib.error:
        return b""
    return text if unpacker.eof else b""


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield kind and content of each chunk of a RIFF file, but for pixels."""
    at = 12
    for _ in range(CHUNKS):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if len(kind) < 4:
            return
        if kind in {b"XMP ", b"EXIF"}:
            yield kind, data[at + 8 : at + 8 + size]
        at += 8 + (size + 1) // 2 * 2


def of_webp(data: bytes) -> Blocks:
    """WebP Container Specification, "Metadata"."""
    found = dict(riff_chunks(data))
    exif = found.get(b"EXIF", b"").removeprefix(b"Exif\0\0")
    return Blocks(xmp=(found[b"XMP "],) if b"XMP " in found else (), exif=exif)
