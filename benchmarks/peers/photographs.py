"""The pictures: as many different files as are wanted from a few that are encoded once.

Copies of a file are described once by the app, so each has some bytes of its own where its format ignores them.
"""

import struct
import zlib
from collections.abc import Callable, Mapping
from functools import cache
from typing import Final

from benchmarks.preparation import photo

type Named = Mapping[str, bytes]

MEGAPIXELS_12: Final = (4032, 3024)
MIXED: Final = (27, 7, 3, 3)
"""Of forty: JPEG, PNG, WebP, HEIC. As many HEIC that the 95th of a hundred is one."""


@cache
def _encoded(form: str, width: int, height: int) -> bytes:
    options = {"JPEG": {"quality": 94}, "WEBP": {"quality": 85, "method": 1}, "PNG": {"compress_level": 1}}
    return photo(width, height, form, **options.get(form, {}))


def jpeg(number: int, size: tuple[int, int] = MEGAPIXELS_12) -> bytes:
    """A photograph of about 4 MB at twelve megapixels, with its number in a comment."""
    data, comment = _encoded("JPEG", *size), f"{number:08}".encode()
    return data[:2] + b"\xff\xfe" + struct.pack(">H", 2 + len(comment)) + comment + data[2:]


def png(number: int) -> bytes:
    """A screen's size, with its number in a text."""
    data, body = _encoded("PNG", 1920, 1080), b"tEXtnumber\0" + f"{number:08}".encode()
    chunk = struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
    return data[:33] + chunk + data[33:]


def webp(number: int) -> bytes:
    """Three megapixels, with its number behind the picture."""
    data, text = _encoded("WEBP", 2048, 1536), f"{number:08}".encode()
    chunks = data[12:] + b"NMBR" + struct.pack("<I", len(text)) + text
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def heic(number: int) -> bytes:
    """A phone's twelve megapixels, with its number in a free box at the end."""
    text = f"{number:08}".encode()
    return _encoded("HEIF", *MEGAPIXELS_12) + struct.pack(">I", 8 + len(text)) + b"free" + text


def photographs(count: int, size: tuple[int, int] = MEGAPIXELS_12) -> dict[str, bytes]:
    """So many photographs by name."""
    return {f"{number:04}.jpg": jpeg(number, size) for number in range(1, count + 1)}


def mixed(count: int) -> dict[str, bytes]:
    """Pictures of four formats, spread evenly, so many in all."""
    kinds: tuple[tuple[str, Callable[[int], bytes]], ...] = (
        ("jpg", jpeg),
        ("png", png),
        ("webp", webp),
        ("heic", heic),
    )
    spread = sorted(
        ((place + 0.5) / share, kind, make)
        for share, (kind, make) in zip(MIXED, kinds, strict=True)
        for place in range(share)
    )
    found = {}
    for number in range(count):
        _, kind, make = spread[number % len(spread)]
        found[f"{number:04}.{kind}"] = make(number)
    return found
