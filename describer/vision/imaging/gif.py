"""Reads from a GIF's blocks what Pillow provides only after decoding every frame."""

from typing import Final

_EXTENSION: Final = 0x21
_IMAGE: Final = 0x2C


def frames(data: bytes, most: int) -> int:
    """Return the number of frames up to `most`; 1 if the blocks are invalid. Blocks: GIF89a, 18 to 26."""
    at = 13 + _table(data[10:11])
    count = 0
    while count < most and at < len(data):
        if data[at] == _EXTENSION:
            at = _after_blocks(data, at + 2)
        elif data[at] == _IMAGE:
            count += 1
            at = _after_blocks(data, at + 11 + _table(data[at + 9 : at + 10]))
        else:  # the trailer or an invalid block
            break
    return max(1, count)


def first_fills_canvas(data: bytes) -> bool:
    """Return whether the first frame fills the canvas; if not, Pillow colours the rest, unlike browsers."""
    at = 13 + _table(data[10:11])
    while at < len(data) and data[at] == _EXTENSION:
        at = _after_blocks(data, at + 2)
    return data[at + 5 : at + 9] == data[6:10]


def _table(packed: bytes) -> int:
    """Return the size of the colour table in bytes, by these flags."""
    flags = int.from_bytes(packed)
    return 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while size := int.from_bytes(data[at : at + 1]):
        at += 1 + size
    return at + 1
