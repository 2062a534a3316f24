"""Extracts the first picture of a HEIF image sequence (`msf1`), since libheif reads only items.

Boxes of tracks and samples: ISO 14496-12, 8; of items: 8.11; the sample entry of HEVC: ISO 14496-15, 8.4.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from describer.vision.imaging.boxes import Box, boxes

_PATH: Final = (b"mdia", b"minf", b"stbl")
_ENTRY_HEAD: Final = 78
"""Bytes of a visual sample entry before its boxes."""
_KEPT: Final = {b"hvcC", b"colr", b"pixi", b"pasp", b"clap"}
_ESSENTIAL: Final = 0x80
_MOST: Final = 1000
_NOTHING: Final = Box(b"", 0, 0)


@dataclass(frozen=True, slots=True)
class Still:
    """The first picture as a HEIC file, and the number of pictures, at most 1000."""

    data: bytes
    pictures: int


def first_picture(data: bytes) -> Still | None:
    """Return the first picture of the first HEVC track, or None."""
    try:
        return next(_stills(data), None)
    except (IndexError, KeyError):
        return None


def _stills(data: bytes) -> Iterator[Still]:
    for movie in _children(data, 0, len(data), b"moov"):
        for track in _children(data, movie.start, movie.end, b"trak"):
            inner = track
            for kind in _PATH:
                inner = next(_children(data, inner.start, inner.end, kind), _NOTHING)
            if still := _still(data, {box.kind: box for box in boxes(data, inner.start, inner.end)}):
                yield still


def _still(data: bytes, table: dict[bytes, Box]) -> Still | None:
    described, sizes = table[b"stsd"], table[b"stsz"]
    entry = next(boxes(data, described.start + 8, described.end), _NOTHING)
    if entry.kind not in {b"hvc1", b"hev1"}:
        return None
    wide = b"co64" in table
    chunks = table[b"co64" if wide else b"stco"]
    start = _number(data, chunks.start + 8, 8 if wide else 4)
    size = _number(data, sizes.start + 4) or _number(data, sizes.start + 12)
    properties = [box for box in boxes(data, entry.start + _ENTRY_HEAD, entry.end) if box.kind in _KEPT]
    sides = data[entry.start + 24 : entry.start + 26], data[entry.start + 26 : entry.start + 28]
    kept_boxes = [(box.kind, data[box.start : box.end]) for box in properties]
    kept_boxes.append((b"ispe", bytes(4) + b"".join(side.rjust(4, b"\0") for side in sides)))
    return Still(_file(kept_boxes, data[start : start + size]), min(_MOST, _number(data, sizes.start + 8)))


def _file(properties: list[tuple[bytes, bytes]], pixels: bytes) -> bytes:
    """Return a HEIC file with one item."""
    kind = _box(b"ftyp", b"heic", bytes(4), b"mif1heic")
    links = bytes([_ESSENTIAL * (name == b"hvcC") + number for number, (name, _) in enumerate(properties, 1)])
    container = _box(b"ipco", *(_box(*prop) for prop in properties))
    linked = _box(b"ipma", bytes(4), (1).to_bytes(4), b"\0\1", bytes([len(links)]), links)
    entry = _box(b"infe", b"\2\0\0\0", b"\0\1\0\0", b"hvc1\0")
    inside = [
        _box(b"hdlr", bytes(8), b"pict", bytes(13)),
        _box(b"pitm", bytes(4), b"\0\1"),
        _box(b"iinf", bytes(4), b"\0\1", entry),
        _box(b"iprp", container, linked),
    ]
    where = len(kind) + 12 + sum(map(len, inside)) + 30 + 8  # the header of `meta`, `iloc`, the header of `mdat`
    extent = where.to_bytes(4) + len(pixels).to_bytes(4)
    located = _box(b"iloc", bytes(4), b"\x44\0", b"\0\1", b"\0\1\0\0", b"\0\1", extent)
    return b"".join([kind, _box(b"meta", bytes(4), *inside, located), _box(b"mdat", pixels)])


def _box(kind: bytes, *content: bytes) -> bytes:
    body = b"".join(content)
    return (8 + len(body)).to_bytes(4) + kind + body


def _children(data: bytes, start: int, end: int, kind: bytes) -> Iterator[Box]:
    return (box for box in boxes(data, start, end) if box.kind == kind)


def _number(data: bytes, at: int, length: int = 4) -> int:
    if at + length > len(data):
        raise IndexError("the file ends too early")
    return int.from_bytes(data[at : at + length])
