"""Reads the directories of a TIFF: its pages and how each is stored. TIFF 6.0, section 2; BigTIFF.

The decoders report neither whether they support a page's compression nor which of several pages is the picture.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Literal

MAX_PAGES: Final = 1000
"""Maximum number of pages; reading each is a step through the file, and a hostile file has a million."""
_MAX_ENTRIES: Final = 1024
_MAX_VALUES: Final = 65_536
_MAX_LEVELS: Final = 32
_CODES: Final = {
    1: "B",
    2: "s",
    3: "H",
    4: "I",
    6: "b",
    7: "s",
    8: "h",
    9: "i",
    11: "f",
    12: "d",
    13: "I",
    16: "Q",
    18: "Q",
}
"""Format characters of `struct` by field type; rationals are not needed."""
_REDUCED, _MASK = 1, 4


class Tag(IntEnum):
    """The tags of a directory that are read."""

    SUBFILE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    MAKE = 271
    STRIPS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS = 278
    STRIP_BYTES = 279
    PLANAR = 284
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILES = 324
    TILE_BYTES = 325
    LEVELS = 330
    EXTRA = 338
    FORMAT = 339
    XMP = 700
    NO_DATA = 42113
    DNG = 50706


type Value = tuple[int | float, ...] | bytes


@dataclass(frozen=True, slots=True)
class Page:
    """One directory.

    Args:
        number: the page's number from 0; for a smaller copy, its parent's.
        level: the index among the smaller copies below the page, or None for the page itself.
        tags: the values of the tags that are present.
        levels: the directories of smaller copies.
    """

    number: int
    level: int | None
    tags: dict[Tag, Value]
    levels: tuple["Page", ...] = field(default=())

    def first(self, tag: Tag, default: int = 0) -> int:
        """Return a tag's first value as an integer."""
        value = self.tags.get(tag)
        return int(value[0]) if value and isinstance(value, tuple) else default

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as stored."""
        return self.first(Tag.WIDTH), self.first(Tag.HEIGHT)

    @property
    def pixels(self) -> int:
        width, height = self.size
        return width * height

    @property
    def is_copy(self) -> bool:
        """Whether it is marked as a smaller copy of another page."""
        return bool(self.first(Tag.SUBFILE) & _REDUCED)

    @property
    def is_mask(self) -> bool:
        """Whether it is a transparency mask for another page."""
        return bool(self.first(Tag.SUBFILE) & _MASK) or self.first(Tag.PHOTOMETRIC) == 4


def pages(data: bytes) -> list[Page]:
    """Return the pages, at most a thousand; empty if the file is invalid."""
    try:
        reader = _Reader.of(data)
        return [page for page in reader.chain(reader.start) if page.pixels]
    except (struct.error, IndexError, ValueError, OverflowError):
        return []


def picture(found: list[Page]) -> Page:
    """Return the main page: the first that is neither a mask nor a copy, unless another is far larger."""
    candidates = [page for page in found if not page.is_mask] or found
    candidates = [page for page in candidates if not page.is_copy] or candidates
    largest = max(candidates, key=lambda page: page.pixels)
    return largest if candidates[0].is_copy or largest.pixels >= 16 * candidates[0].pixels else candidates[0]


def smallest_above(page: Page, found: list[Page], size: tuple[int, int]) -> Page:
    """Return the smallest copy of a page with the same shape and at least these stored sides, or the page itself."""
    alike = [copy for copy in _copies(page, found) if copy.size[0] >= size[0] and copy.size[1] >= size[1]]
    return min([page, *alike], key=lambda copy: copy.pixels)


def other_copy(shown: Page, page: Page, found: list[Page]) -> Page | None:
    """Return the smallest copy of a page with the same shape other than `shown`, or None."""
    return min((copy for copy in _copies(page, found) if copy is not shown), key=lambda copy: copy.pixels, default=None)


def _copies(page: Page, found: list[Page]) -> list[Page]:
    width, height = page.size
    copies = [*page.levels, *(other for other in found if other.is_copy and not other.is_mask)]
    return [
        copy
        for copy in copies
        if abs(copy.size[0] * height - copy.size[1] * width) <= max(width, height)
        and copy.first(Tag.PHOTOMETRIC) == page.first(Tag.PHOTOMETRIC)
    ]


@dataclass(slots=True)
class _Reader:
    data: bytes
    order: Literal["<", ">"]
    big: bool
    start: int
    seen: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, data: bytes) -> "_Reader":
        order: Literal["<", ">"] = "<" if data[:2] == b"II" else ">"
        big = struct.unpack_from(f"{order}H", data, 2)[0] == 43
        (start,) = struct.unpack_from(f"{order}{'Q' if big else 'I'}", data, 8 if big else 4)
        return cls(data, order, big, start)

    def chain(self, at: int) -> Iterator[Page]:
        number = 0
        while at and at not in self.seen and number < MAX_PAGES:
            try:
                tags, after = self.directory(at)
            except (struct.error, OverflowError):
                return
            levels = tags.get(Tag.LEVELS, ())
            below = tuple(self.below(number, levels)) if isinstance(levels, tuple) else ()
            yield Page(number, None, tags, below)
            at, number = after, number + 1

    def below(self, number: int, offsets: tuple[int | float, ...]) -> Iterator[Page]:
        for level, offset in enumerate(offsets[:_MAX_LEVELS]):
            try:
                tags, _ = self.directory(int(offset))
            except (struct.error, OverflowError):
                continue
            yield Page(number, level, tags)

    def directory(self, at: int) -> tuple[dict[Tag, Value], int]:
        """Return the tags of the directory at an offset, and the offset of the next directory."""
        self.seen.add(at)
        head, entry, pointer = ("Q", "HHQ", "Q") if self.big else ("H", "HHI", "I")
        (count,) = struct.unpack_from(self.order + head, self.data, at)
        at += struct.calcsize("=" + head)
        step = struct.calcsize("=" + entry + pointer)
        tags: dict[Tag, Value] = {}
        for number in range(min(count, _MAX_ENTRIES)):
            place = at + number * step
            tag, kind, values = struct.unpack_from(self.order + entry, self.data, place)
            if tag in Tag and kind in _CODES and values <= _MAX_VALUES:
                tags[Tag(tag)] = self.value(kind, values, place + step - struct.calcsize("=" + pointer), pointer)
        end = at + count * step
        (after,) = struct.unpack_from(self.order + pointer, self.data, end) if end < len(self.data) else (0,)
        return tags, after

    def value(self, kind: int, count: int, at: int, pointer: str) -> Value:
        code = f"{self.order}{count}{_CODES[kind]}"
        if struct.calcsize(code) > struct.calcsize("=" + pointer):
            (at,) = struct.unpack_from(self.order + pointer, self.data, at)
        try:
            found = struct.unpack_from(code, self.data, at)
        except (struct.error, OverflowError):
            return ()
        return found[0] if _CODES[kind] == "s" else found
