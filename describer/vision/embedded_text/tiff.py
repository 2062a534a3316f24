"""Reads the text fields of TIFF directories, and so of Exif blocks. TIFF 6.0; BigTIFF; CIPA DC-008.

The GPS directory is never read.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from describer.vision.embedded_text.blocks import MOST, Blocks, iim_of

IMAGE_DESCRIPTION: Final = 270
XP_TITLE: Final = 0x9C9B
XP_COMMENT: Final = 0x9C9C
XP_KEYWORDS: Final = 0x9C9E
USER_COMMENT: Final = 0x9286
_XMP: Final = 700
_IIM: Final = 33723
_PHOTOSHOP: Final = 34377
_EXIF: Final = 0x8769
_IN_FIRST: Final = frozenset(
    {IMAGE_DESCRIPTION, XP_TITLE, XP_COMMENT, XP_KEYWORDS, _XMP, _IIM, _PHOTOSHOP, _EXIF},
)
_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 7: 1, 13: 4, 16: 8, 18: 8}
"""Bytes of a value by its type."""
_ENTRIES: Final = 512


@dataclass(frozen=True, slots=True)
class Fields:
    """The text fields of the first directory and of Exif's by number, and the byte order of numbers."""

    values: Mapping[int, bytes]
    order: Literal["little", "big"]


def of_tiff(data: bytes) -> Blocks:
    """Return the blocks of the first directory."""
    values = fields(data).values
    iim, digest = iim_of(values.get(_PHOTOSHOP, b""))
    xmp = values.get(_XMP)
    return Blocks(xmp=(xmp,) if xmp else (), iim=values.get(_IIM) or iim, iim_digest=digest, exif=data)


def fields(data: bytes) -> Fields:
    """Return the text fields; empty if there is no header."""
    order: Literal["little", "big"] = "little" if data[:2] == b"II" else "big"
    magic = int.from_bytes(data[2:4], order)
    if data[:2] not in {b"II", b"MM"} or magic not in {42, 43}:
        return Fields({}, order)
    wide = magic == 43
    start = int.from_bytes(data[8:16] if wide else data[4:8], order)
    values = _directory(data, start, order, wide=wide, wanted=_IN_FIRST)
    if pointer := values.pop(_EXIF, b""):
        inner = int.from_bytes(pointer, order)
        values |= _directory(data, inner, order, wide=wide, wanted=frozenset({USER_COMMENT}))
    return Fields(values, order)


def _directory(
    data: bytes, at: int, order: Literal["little", "big"], *, wide: bool, wanted: frozenset[int]
) -> dict[int, bytes]:
    head, length, inline = (8, 20, 8) if wide else (2, 12, 4)
    count = int.from_bytes(data[at : at + head], order)
    found = dict[int, bytes]()
    for entry in range(at + head, at + head + min(count, _ENTRIES) * length, length):
        number = int.from_bytes(data[entry : entry + 2], order)
        size = _SIZES.get(int.from_bytes(data[entry + 2 : entry + 4], order), 0)
        size *= int.from_bytes(data[entry + 4 : entry + 4 + inline], order)
        if number not in wanted or not 0 < size <= MOST:
            continue
        value = entry + 4 + inline
        if size > inline:
            value = int.from_bytes(data[value : value + inline], order)
        found.setdefault(number, data[value : value + size])
    return found
