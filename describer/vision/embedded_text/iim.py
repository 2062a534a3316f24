"""Reads title, keywords and caption of IPTC's older block. IIM 4.2, parts 5 and 6."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

_CHARACTER_SET: Final = (1, 90)
_TITLE: Final = (2, 5)
_KEYWORD: Final = (2, 25)
_CAPTION: Final = (2, 120)
_UTF8: Final = b"\x1b%G"
_MOST: Final = 4096


@dataclass(frozen=True, slots=True)
class Iim:
    """The texts of an IIM block."""

    title: str = ""
    caption: str = ""
    keywords: tuple[str, ...] = ()


def iim_texts(block: bytes) -> Iim:
    """Return the texts, decoded as UTF-8 if declared or valid, else as Windows-1252 (programs call it Latin-1)."""
    found = dict[tuple[int, int], list[bytes]]()
    for number, value in _datasets(block):
        found.setdefault(number, []).append(value)
    declared = found.get(_CHARACTER_SET, [b""])[0] == _UTF8

    def text(value: bytes) -> str:
        return (value.decode(errors="replace") if declared else decoded(value)).replace("\r\n", "\n").strip(" \0\t\r\n")

    return Iim(
        title=text(found.get(_TITLE, [b""])[0]),
        caption=text(found.get(_CAPTION, [b""])[0]),
        keywords=tuple(dict.fromkeys(filter(None, map(text, found.get(_KEYWORD, ()))))),
    )


def decoded(value: bytes) -> str:
    """Decode a text of unknown encoding: UTF-8 if valid, else Windows-1252, else Latin-1."""
    for charset in ("utf-8", "cp1252"):
        try:
            return value.decode(charset)
        except UnicodeDecodeError:
            continue
    return value.decode("latin-1")


def _datasets(block: bytes) -> Iterator[tuple[tuple[int, int], bytes]]:
    at = 0
    for _ in range(_MOST):
        if at + 5 > len(block) or block[at] != 0x1C:
            return
        number, size = (block[at + 1], block[at + 2]), int.from_bytes(block[at + 3 : at + 5])
        at += 5
        if size & 0x8000:  # extended dataset: this many bytes of length follow
            digits = size & 0x7FFF
            size, at = int.from_bytes(block[at : at + min(digits, 8)]), at + digits
        yield number, block[at : at + size]
        at += size
