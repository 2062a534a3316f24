"""Reads the boxes of HEIF and AVIF that the decoders ignore: colours, cropping, sizes. ISO 14496-12 and 23008-12."""

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Final

from describer.vision.imaging.hevc import coded_size

_MAX_BOXES: Final = 4096
"""Maximum number of boxes in a box and of items in a file."""


@dataclass(frozen=True, slots=True)
class Box:
    """The position of a box's content in the file."""

    kind: bytes
    start: int
    end: int


def boxes(data: bytes, start: int, end: int) -> Iterator[Box]:
    """Yield the boxes between two offsets, up to the first invalid one."""
    for _ in range(_MAX_BOXES):
        size, kind, head = int.from_bytes(data[start : start + 4]), data[start + 4 : start + 8], 8
        if size == 1:
            size, head = int.from_bytes(data[start + 8 : start + 16]), 16
        if size == 0:
            size = end - start
        if size < head or start + size > end:
            return
        yield Box(kind, start + head, start + size)
        start += size


def brands(data: bytes) -> set[bytes]:
    """Return the brands of a file of boxes (HEIF, AVIF, JPEG 2000, MP4); empty for other files."""
    if data[4:8] != b"ftyp":
        return set()
    end = min(int.from_bytes(data[:4]), 256)
    return {data[8:12]} | {data[at : at + 4] for at in range(16, end - 3, 4)}


def is_sequence(data: bytes) -> bool:
    """Return whether a file of boxes has pictures only in a track and none as an item."""
    kinds = {box.kind for box in boxes(data, 0, len(data))}
    return b"moov" in kinds and b"meta" not in kinds


@dataclass(frozen=True, slots=True)
class Item:
    """A picture of the file or a part of one, with its properties."""

    number: int
    properties: tuple[Box, ...]

    def find(self, kind: bytes) -> Box | None:
        """Return the property of this kind, if there is one."""
        return next((box for box in self.properties if box.kind == kind), None)


def items(data: bytes) -> tuple[int, list[Item]]:
    """Return the number of the primary item and all items."""
    meta = next((box for box in boxes(data, 0, len(data)) if box.kind == b"meta"), None)
    if meta is None:
        return 0, []
    inside = {box.kind: box for box in boxes(data, meta.start + 4, meta.end)}
    if not {b"pitm", b"iprp"} <= inside.keys():
        return 0, []
    at = inside[b"pitm"].start
    primary = int.from_bytes(data[at + 4 : at + (6 if data[at] == 0 else 8)])
    parts = {box.kind: box for box in boxes(data, inside[b"iprp"].start, inside[b"iprp"].end)}
    if not {b"ipco", b"ipma"} <= parts.keys():
        return primary, []
    known = list(boxes(data, parts[b"ipco"].start, parts[b"ipco"].end))
    return primary, list(_associated(data, parts[b"ipma"].start, known))


def shown(data: bytes) -> Item:
    """Return the primary item; without properties if the boxes are invalid."""
    primary, found = items(data)
    return next((item for item in found if item.number == primary), Item(primary, ()))


def cicp(data: bytes, item: Item) -> tuple[int, int] | None:
    """Return the item's colour primaries and transfer characteristics (ITU-T H.273), if they are given by numbers."""
    for box in item.properties:
        if box.kind == b"colr" and data[box.start : box.start + 4] == b"nclx":
            return int.from_bytes(data[box.start + 4 : box.start + 6]), int.from_bytes(
                data[box.start + 6 : box.start + 8]
            )
    return None


def crop(data: bytes, item: Item, size: tuple[int, int]) -> tuple[int, int, int, int] | None:
    """Return the crop as left, top, right, bottom in stored pixels; None if the picture is not cropped."""
    box = item.find(b"clap")
    if box is None or box.end - box.start < 32:
        return None
    fields = [int.from_bytes(data[at : at + 4], signed=True) for at in range(box.start, box.start + 32, 4)]
    if not all(fields[1::2]):
        return None
    width, height, right, down = (Fraction(*fields[at : at + 2]) for at in range(0, 8, 2))
    left = round((size[0] - 1) / Fraction(2) + right - (width - 1) / 2)
    top = round((size[1] - 1) / Fraction(2) + down - (height - 1) / 2)
    found = left, top, left + round(width), top + round(height)
    sound = 0 <= left < found[2] <= size[0] and 0 <= top < found[3] <= size[1]
    return found if sound and found != (0, 0, *size) else None


def with_coded_sizes(data: bytes) -> bytes:
    """Return the file with each HEVC item's declared size set to its coded size, as libheif requires since 1.22."""
    repaired = bytearray(data)
    for item in items(data)[1]:
        codec, size = item.find(b"hvcC"), item.find(b"ispe")
        if codec and size and (true := coded_size(data[codec.start : codec.end])):
            repaired[size.start + 4 : size.start + 12] = true[0].to_bytes(4) + true[1].to_bytes(4)
    return bytes(repaired)


def _associated(data: bytes, at: int, known: list[Box]) -> Iterator[Item]:
    version, wide = data[at], data[at + 3] & 1
    count = min(int.from_bytes(data[at + 4 : at + 8]), _MAX_BOXES)
    at += 8
    for _ in range(count):
        length = 2 if version == 0 else 4
        number, links = int.from_bytes(data[at : at + length]), data[at + length : at + length + 1]
        at += length + 1
        properties = []
        for _ in range(int.from_bytes(links)):
            index = int.from_bytes(data[at : at + 1 + wide]) & (0x7FFF if wide else 0x7F)
            at += 1 + wide
            if 0 < index <= len(known):
                properties.append(known[index - 1])
        yield Item(number, tuple(properties))
