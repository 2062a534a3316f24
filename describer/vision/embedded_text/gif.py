"""A GIF's packet of XMP: one application extension, whose bytes are not split into blocks. XMP part 3, 1.1.2."""

from typing import Final

from describer.vision.embedded_text.blocks import MOST, Blocks

_EXTENSION: Final = b"\x21\xff\x0bXMP DataXMP"
_TRAILER: Final = b"\x01" + bytes(range(0xFF, -1, -1)) + b"\0"
"""Leads readers that look for blocks to the end, wherever they come from."""


def of_gif(data: bytes) -> Blocks:
    """Return the packet, if there is one."""
    start = data.find(_EXTENSION)
    if start < 0:
        return Blocks()
    start += len(_EXTENSION)
    end = data.find(_TRAILER, start, start + MOST)
    return Blocks(xmp=(data[start:end],)) if end >= 0 else Blocks()
