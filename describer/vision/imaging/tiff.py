"""The directories of a TIFF: which pages there are, and how each is stored. TIFF 6.0, section 2; BigTIFF likewise.

The readers tell neither whether they know a page's compression nor which of several pages is the picture.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final, Literal

MOST_PAGES: Final = 1000
"""Each page is a step through the file, and a hostile one has a million of them."""
_MOST_ENTRIES: Final = 1024
_MOST_VALUES: Final = 65_536
_MOST_LEVELS: Final = 32
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
"""Of struct, by the type of a field; rationals are not asked for."""
_REDUCED, _MASK = 1, 4


class Tag(IntEnum):
    """What is asked of a directory."""

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
        number: of the page, from 0; that of its parent for a smaller copy below it.
        level: which of the smaller copies below the page this is, or None.
        tags: the values of those in `Tag` that are there.
        levels: the directories below it.
    """

    number: int
    level: int | None
    tags: dict[Tag, Value]
    levels: tuple["Page", ...] = field(default=())

    def first(self, tag: Tag, default: int = 0) -> int:
        """A tag's first value as a whole number."""
        value = self.tags.get(tag)
        return int(value[0]) if value and isinstance(value, tuple) else default

    @property
    def size(self) -> tuple[int, int]:
        """Width and height as stored."""
        return self.first(Tag.WIDTH), self.first(Tag.HEIGHT)

    @property
    def pixels(self) -> int:
        """How many there are."""
        width, height = self.size
        return width * height

    @property
    def is_copy(self) -> bool:
        """Whether it calls itself a smaller copy of another page."""
        return bool(self.first(Tag.SUBFILE) & _REDUCED)

    @property
    def is_mask(self) -> bool:
        """Whether it only tells which pixels of another page are to be seen."""
        return bool(self.first(Tag.SUBFILE) & _MASK) or self.first(Tag.PHOTOMETRIC) == 4


def pages(data: bytes) -> list[Page]:
    """The pages, counted to a thousand; empty where the file makes no sense."""
    try:
        reader = _Reader.of(data)
        return [page for page in reader.chain(reader.start) if page.pixels]
    except (struct.error, IndexError, ValueError, OverflowError):
        return []


def picture(found: list[Page]) -> Page:
    """The page that is the picture: the first that is neither mask nor copy, unless another is far larger."""
    candidates = [page for page in found if not page.is_mask] or found
    candidates = [page for page in candidates if not page.is_copy] or candidates
    largest = max(candidates, key=lambda page: page.pixels)
    return largest if candidates[0].is_copy or largest.pixels >= 16 * candidates[0].pixels else candidates[0]


def smallest_above(page: Page, found: list[Page], size: tuple[int, int]) -> Page:
    """The smallest copy of a page, of the same shape, that has at least these sides as stored; or the page itself."""
    alike = [copy for copy in _copies(page, found) if copy.size[0] >= size[0] and copy.size[1] >= size[1]]
    return min([page, *alike], key=lambda copy: copy.pixels)


def other_copy(shown: Page, page: Page, found: list[Page]) -> Page | None:
    """The smallest copy of a page, of the same shape, other than the one that is shown; None where there is none."""
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
        while at and at not in self.seen and number < MOST_PAGES:
            try:
                tags, after = self.directory(at)
            except (struct.error, OverflowError):
                return
            levels = tags.get(Tag.LEVELS, ())
            below = tuple(self.below(number, levels)) if isinstance(levels, tuple) else ()
            yield Page(number, None, tags, below)
            at, number = after, number + 1

    def below(self, number: int, offsets: tuple[int | float, ...]) -> Iterator[Page]:
        for level, offset in enumerate(offsets[:_MOST_LEVELS]):
            try:
                tags, _ = self.directory(int(offset))
            except (struct.error, OverflowError):
                continue
            yield Page(number, level, tags)

    def directory(self, at: int) -> tuple[dict[Tag, Value], int]:
        """The tags of the directory at an offset, and the offset of the next."""
        self.seen.add(at)
        head, entry, pointer = ("Q", "HHQ", "Q") if self.big else ("H", "HHI", "I")
        (count,) = struct.unpack_from(self.order + head, self.data, at)
        at += struct.calcsize("=" + head)
        step = struct.calcsize("=" + entry + pointer)
        tags: dict[Tag, Value] = {}
        for number in range(min(count, _MOST_ENTRIES)):
            place = at + number * step
            tag, kind, values = struct.unpack_from(self.order + entry, self.data, place)
            if tag in Tag and kind in _CODES and values <= _MOST_VALUES:
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
