"""Locates the metadata blocks in a picture's file.

No picture library is used: this runs in the app's process, which decodes no pictures, and Pillow provides neither the
XMP of a GIF, nor that of a PNG outside iTXt, nor the extended packets of a JPEG.
"""

import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

MOST: Final = 2**21
"""Maximum bytes of a block; larger blocks contain pictures, not texts."""
CHUNKS: Final = 32_768
"""Maximum number of chunks of a file to examine."""


@dataclass(frozen=True, slots=True)
class Blocks:
    """The metadata blocks of a file.

    Args:
        xmp: packets, the authoritative one first.
        extended: complete extended packets of a JPEG, by the GUID that the main packet names.
        iim: IPTC's block, as in resource 0x0404.
        iim_digest: its MD5 at the last synchronization with XMP (0x0425), or empty.
        exif: a TIFF structure, including its header.
        png: texts by PNG keyword.
    """

    xmp: tuple[bytes, ...] = ()
    extended: Mapping[str, bytes] = field(default_factory=dict)
    iim: bytes = b""
    iim_digest: bytes = b""
    exif: bytes = b""
    png: Mapping[str, str] = field(default_factory=dict)


def resources(data: bytes) -> dict[int, bytes]:
    """Return Photoshop's image resources (8BIM) by number, the first of each."""
    found, at = dict[int, bytes](), 0
    for _ in range(CHUNKS):
        if data[at : at + 4] != b"8BIM" or at + 12 > len(data):
            break
        number, name = int.from_bytes(data[at + 4 : at + 6]), data[at + 6]
        at += 6 + (name + 2) // 2 * 2  # the length byte and the name, padded to an even number of bytes
        size = int.from_bytes(data[at : at + 4])
        found.setdefault(number, data[at + 4 : at + 4 + size])
        at += 4 + (size + 1) // 2 * 2
    return found


def iim_of(data: bytes) -> tuple[bytes, bytes]:
    """Return the IIM block among image resources and its digest."""
    found = resources(data)
    return found.get(0x0404, b""), found.get(0x0425, b"")


def inflated(data: bytes) -> bytes:
    """Return the content of zlib data; empty if it is damaged or too large."""
    unpacker = zlib.decompressobj()
    try:
        text = unpacker.decompress(data, MOST)
    except zlib.error:
        return b""
    return text if unpacker.eof else b""


def riff_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the kind and content of each metadata chunk of a RIFF file."""
    at = 12
    for _ in range(CHUNKS):
        kind, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if len(kind) < 4:
            return
        if kind in {b"XMP ", b"EXIF"}:
            yield kind, data[at + 8 : at + 8 + size]
        at += 8 + (size + 1) // 2 * 2


def of_webp(data: bytes) -> Blocks:
    """Return the blocks of a WebP file (WebP Container Specification, "Metadata")."""
    found = dict(riff_chunks(data))
    exif = found.get(b"EXIF", b"").removeprefix(b"Exif\0\0")
    return Blocks(xmp=(found[b"XMP "],) if b"XMP " in found else (), exif=exif)
