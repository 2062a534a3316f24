"""Reads a GIF's XMP packet: one application extension without sub-blocks. XMP part 3, 1.1.2."""

from typing import Final

from describer.vision.embedded_text.blocks import MOST, Blocks

_EXTENSION: Final = b"\x21\xff\x0bXMP DataXMP"
_TRAILER: Final = b"\x01" + bytes(range(0xFF, -1, -1)) + b"\0"
"""The "magic trailer": from any byte in it, a reader of sub-blocks arrives at the end."""


def of_gif(data: bytes) -> Blocks:
    """Return the XMP packet, if there is one."""
    start = data.find(_EXTENSION)
    if start < 0:
        return Blocks()
    start += len(_EXTENSION)
    end = data.find(_TRAILER, start, start + MOST)
    return Blocks(xmp=(data[start:end],)) if end >= 0 else Blocks()
