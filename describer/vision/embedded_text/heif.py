"""Reads the XMP and Exif items of HEIF and AVIF files. ISO 14496-12, 8.11; ISO 23008-12, annex A."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from describer.vision.embedded_text.blocks import MOST, Blocks
from describer.vision.imaging.boxes import Box, boxes

_XMP: Final = b"application/rdf+xml"
_ITEMS: Final = 4096


def of_heif(data: bytes) -> Blocks:
    """Return the blocks of the file's metadata items."""
    meta = next((box for box in boxes(data, 0, len(data)) if box.kind == b"meta"), None)
    if meta is None:
        return Blocks()
    inside = {box.kind: box for box in boxes(data, meta.start + 4, meta.end)}
    if not {b"iinf", b"iloc"} <= inside.keys():
        return Blocks()
    kinds = dict(_kinds(data, inside[b"iinf"]))
    places = dict(_places(data, inside[b"iloc"], {b"": 0} | {kind: box.start for kind, box in inside.items()}))
    content = {kind: _content(data, places.get(number, ())) for number, kind in kinds.items()}
    exif = content.get(b"Exif", b"")
    xmp = content.get(_XMP)
    return Blocks(xmp=(xmp,) if xmp else (), exif=exif[4 + int.from_bytes(exif[:4]) :])


def _kinds(data: bytes, box: Box) -> Iterator[tuple[int, bytes]]:
    """Yield the number and kind of each metadata item."""
    start = box.start + (6 if data[box.start] == 0 else 8)
    for entry in boxes(data, start, box.end):
        version = data[entry.start]
        if version not in {2, 3}:
            continue
        at = entry.start + 4
        length = 2 if version == 2 else 4
        number, kind = int.from_bytes(data[at : at + length]), data[at + length + 2 : at + length + 6]
        if kind == b"mime":
            _, _, media_type = data[at + length + 6 : entry.end].partition(b"\0")
            kind = media_type.partition(b"\0")[0]
        if kind in {b"Exif", _XMP}:
            yield number, kind


@dataclass(slots=True)
class _Reader:
    data: bytes
    at: int

    def number(self, length: int) -> int:
        self.at += length
        return int.from_bytes(self.data[self.at - length : self.at])


def _places(data: bytes, box: Box, starts: Mapping[bytes, int]) -> Iterator[tuple[int, tuple[tuple[int, int], ...]]]:
    """Yield each item's number with the offset and length of its extents in the file."""
    version, sizes = data[box.start], data[box.start + 4 : box.start + 6]
    of_offset, of_length, of_base, of_index = (sizes[0] >> 4, sizes[0] & 15, sizes[1] >> 4, sizes[1] & 15)
    wide = 4 if version == 2 else 2
    reader = _Reader(data, box.start + 6)
    for _ in range(min(reader.number(wide), _ITEMS)):
        number = reader.number(wide)
        method = reader.number(2) & 15 if version else 0
        reader.number(2)
        base, parts = reader.number(of_base), list[tuple[int, int]]()
        base += starts.get(b"idat" if method == 1 else b"", 0)
        for _ in range(min(reader.number(2), _ITEMS)):
            reader.number(of_index if version else 0)
            parts.append((base + reader.number(of_offset), reader.number(of_length)))
        if reader.at > box.end:
            return
        if method in {0, 1}:
            yield number, tuple(parts)


def _content(data: bytes, parts: tuple[tuple[int, int], ...]) -> bytes:
    if sum(length for _, length in parts) > MOST:
        return b""
    return b"".join(data[start : start + length] for start, length in parts)
