"""Reads a JPEG's metadata segments. XMP part 3, 1.1.3; CIPA DC-008; Photoshop File Formats, "Image Resource Blocks"."""

from collections.abc import Iterable, Iterator
from typing import Final

from describer.vision.embedded_text.blocks import MOST, Blocks, iim_of

_XMP: Final = b"http://ns.adobe.com/xap/1.0/\0"
_EXTENSION: Final = b"http://ns.adobe.com/xmp/extension/\0"
_EXIF: Final = b"Exif\0"
_PHOTOSHOP: Final = b"Photoshop 3.0\0"
_GUID: Final = 32
_SEGMENTS: Final = 4096
_APP1: Final = 0xE1
_APP13: Final = 0xED
_PIXELS: Final = frozenset({0xDA, 0xD9})
_WITHOUT_LENGTH: Final = frozenset({0x01, *range(0xD0, 0xD9)})
"""Markers without a length field."""


def of_jpeg(data: bytes) -> Blocks:
    """Return the blocks before the pixels."""
    found = list(_segments(data))
    app1 = [body for marker, body in found if marker == _APP1]
    resources = b"".join(body[len(_PHOTOSHOP) :] for at, body in found if at == _APP13 and body.startswith(_PHOTOSHOP))
    iim, digest = iim_of(resources)
    return Blocks(
        xmp=tuple(body[len(_XMP) :] for body in app1 if body.startswith(_XMP)),
        extended=_joined(body[len(_EXTENSION) :] for body in app1 if body.startswith(_EXTENSION)),
        iim=iim,
        iim_digest=digest,
        exif=next((body[6:] for body in app1 if body.startswith(_EXIF)), b""),
    )


def _segments(data: bytes) -> Iterator[tuple[int, bytes]]:
    at = 2
    for _ in range(_SEGMENTS):
        if data[at : at + 2] == b"\xff\xff":  # a fill byte
            at += 1
            continue
        if at + 4 > len(data) or data[at] != 0xFF or data[at + 1] in _PIXELS:
            return
        marker, size = data[at + 1], int.from_bytes(data[at + 2 : at + 4])
        if marker in _WITHOUT_LENGTH:
            at += 2
            continue
        if marker in {_APP1, _APP13}:
            yield marker, data[at + 4 : at + 2 + size]
        at += 2 + size


def _joined(segments: Iterable[bytes]) -> dict[str, bytes]:
    """Return the complete extended packets by GUID; their parts may be in any order."""
    parts = dict[tuple[bytes, int], dict[int, bytes]]()
    for segment in segments:
        guid, full = segment[:_GUID], int.from_bytes(segment[_GUID : _GUID + 4])
        offset = int.from_bytes(segment[_GUID + 4 : _GUID + 8])
        parts.setdefault((guid, full), {})[offset] = segment[_GUID + 8 :]
    found = dict[str, bytes]()
    for (guid, full), by_offset in parts.items():
        whole = bytearray()
        for offset in sorted(by_offset):
            if offset == len(whole):
                whole += by_offset[offset]
        if len(whole) == full <= MOST:
            found[guid.decode("latin-1").upper()] = bytes(whole)
    return found
