"""What Pillow tells of a GIF only after stepping through all of it: how many frames there are."""

from typing import Final

_EXTENSION: Final = 0x21
_IMAGE: Final = 0x2C


def frames(data: bytes, most: int) -> int:
    """The frames, counted to `most`; 1 where the blocks make no sense. Blocks: GIF89a, 18 to 26."""
    at = 13 + _table(data[10:11])
    count = 0
    while count < most and at < len(data):
        if data[at] == _EXTENSION:
            at = _after_blocks(data, at + 2)
        elif data[at] == _IMAGE:
            count += 1
            at = _after_blocks(data, at + 11 + _table(data[at + 9 : at + 10]))
        else:  # the trailer, or what is none of GIF's
            break
    return max(1, count)


def first_fills_canvas(data: bytes) -> bool:
    """Whether the first frame is as large as the whole; else Pillow gives the rest a colour, and browsers do not."""
    at = 13 + _table(data[10:11])
    while at < len(data) and data[at] == _EXTENSION:
        at = _after_blocks(data, at + 2)
    return data[at + 5 : at + 9] == data[6:10]


def _table(packed: bytes) -> int:
    """The bytes of the colour table that these flags announce."""
    flags = int.from_bytes(packed)
    return 3 * 2 ** (flags % 8 + 1) if flags & 0x80 else 0


def _after_blocks(data: bytes, at: int) -> int:
    while size := int.from_bytes(data[at : at + 1]):
        at += 1 + size
    return at + 1
