"""Merges a container's pictures with their records, from two listings alone.

Both listings come in pages of 5,000, so a million pictures take 400 requests. About a page of each is held in memory
until the other listing has reached the same place.

`compared` goes through everything; `paired` returns a page of pictures and a cursor for another process to continue.
"""

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from describer.domain.errors import InvalidRequest, Newer, NotOurs, RecordUnreadable
from describer.domain.image_blob import ImageBlob, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.naming import is_whole, sidecar_name
from describer.pipeline.ports import MAX_LISTED, Images, Page, Records

type _Order = Callable[[str], Any]

_ORDERS: Final[tuple[_Order, ...]] = (
    lambda name: name,
    lambda name: name.encode("utf-16-be", errors="surrogatepass"),
    lambda name: name.split("/"),  # accounts with a hierarchical namespace: folder by folder
)
"""Orders in which storage may list names; it documents none. An order that a listing breaks is dropped."""
_AT_ONCE: Final = 16
"""Number of concurrent reads of records."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture and its record; one of them may be missing."""

    picture: ImageBlob | None
    record: IndexEntry | None


class _Item(Protocol):
    @property
    def ref(self) -> ImageRef: ...


@dataclass(slots=True)
class _Side[T: _Item]:
    """One of the two listings: the items still without a counterpart, by sidecar name."""

    page: Callable[[str], Awaitable[Page[T]]]
    name: Callable[[ImageRef], str]
    waiting: dict[str, T] = field(default_factory=dict)
    ended: bool = False
    cursor: str = ""
    _last: str | None = None
    _orders: tuple[_Order, ...] = _ORDERS

    async def more(self) -> None:
        page = await self.page(self.cursor)
        for item in page.items:
            name, last = self.name(item.ref), self._last
            self._orders = tuple(order for order in self._orders if last is None or order(last) < order(name))
            self._last = name
            self.waiting[sidecar_name(item.ref)] = item
        self.cursor, self.ended = page.cursor, not page.cursor

    def has_passed(self, ref: ImageRef) -> bool:
        """Return whether `ref` cannot follow in any order that this listing may have."""
        if self.ended:
            return True
        name, last = self.name(ref), self._last
        return last is not None and self.is_in_order and all(order(name) < order(last) for order in self._orders)

    def has_not_reached(self, name: str) -> bool:
        """Return whether the items so far come before `name` in any order that this listing may have."""
        last = self._last
        return last is None or (self.is_in_order and all(order(last) < order(name) for order in self._orders))

    @property
    def is_in_order(self) -> bool:
        """Whether the names so far are in a known order."""
        return bool(self._orders)


async def compared(images: Images, records: Records, container: str, prefix: str = "") -> AsyncGenerator[Pair]:
    """Yield every picture and every record of the container once, roughly by name.

    A missing item was absent when its place in the listing was read. Check again before you delete anything because of
    it. Raises NotNow: a container cannot be listed now.
    """
    pictures = _Side(lambda cursor: images.page(container, prefix, cursor, MAX_LISTED), lambda ref: ref.name)
    entries = _Side(lambda cursor: records.page(container, prefix, cursor, MAX_LISTED), sidecar_name)
    while not (pictures.ended and entries.ended):
        if pictures.ended or (not entries.ended and len(entries.waiting) < len(pictures.waiting)):
            await entries.more()
        else:
            await pictures.more()
        for name in [name for name in pictures.waiting if name in entries.waiting]:
            yield Pair(pictures.waiting.pop(name), entries.waiting.pop(name))
        for name in [name for name, picture in pictures.waiting.items() if entries.has_passed(picture.ref)]:
            yield Pair(pictures.waiting.pop(name), None)
        for name in [name for name, entry in entries.waiting.items() if pictures.has_passed(entry.ref)]:
            yield Pair(None, entries.waiting.pop(name))


async def paired(
    images: Images, records: Records, container: str, prefix: str, cursor: str
) -> Page[tuple[ImageBlob, IndexEntry | None]]:
    """Return up to 5,000 pictures, each with its record or None.

    The sidecars' listing is read from where the previous page left it up to this page's last picture; one page of it is
    read twice. If the listing does not prove that a record is missing, that record is read by itself: if its name is
    truncated, if another picture's name begins with its picture's (`a` and `a-1`), or if the order is unknown.

    Raises:
        InvalidRequest: the cursor is invalid.
        NotNow: a container cannot be listed now.
    """
    at, from_record = _cursors(cursor)
    page = await images.page(container, prefix, at, MAX_LISTED)
    entries = _Side(lambda at: records.page(container, prefix, at, MAX_LISTED), sidecar_name, cursor=from_record)
    wanted = {sidecar_name(picture.ref): picture.ref for picture in page.items}
    last = page.items[-1].ref if page.items else None
    while last and not entries.has_passed(last) and entries.is_in_order:
        if entries.has_not_reached(last.path):  # sidecars of later pictures have later names
            from_record = entries.cursor
        await entries.more()
        entries.waiting = {name: entry for name, entry in entries.waiting.items() if name in wanted}

    unsure = [
        ref
        for name, ref in wanted.items()
        if name not in entries.waiting and not (entries.is_in_order and entries.has_passed(ref) and is_whole(name, ref))
    ]
    found = dict(entries.waiting)
    for ref, stored in await read_all(records, unsure):
        found[sidecar_name(ref)] = IndexEntry.of(ref, stored.record, stored.etag, is_indexed=False)
    pairs = [(picture, found.get(sidecar_name(picture.ref))) for picture in page.items]
    return Page(pairs, json.dumps([page.cursor, from_record]) if page.cursor else "", page.unnameable)


def _cursors(cursor: str) -> tuple[str, str]:
    try:
        at, from_record = json.loads(cursor) if cursor else ("", "")
    except ValueError:
        raise InvalidRequest("Not a cursor returned by this API.", field="cursor") from None
    return at, from_record


async def read_all(records: Records, refs: Sequence[ImageRef]) -> list[tuple[ImageRef, StoredRecord]]:
    """Read the records of these pictures, one request each; missing and unreadable ones are left out."""
    at_once = asyncio.Semaphore(_AT_ONCE)

    async def read(ref: ImageRef) -> StoredRecord | None:
        async with at_once:
            with suppress(Newer, RecordUnreadable, NotOurs):
                return await records.read(ref)
        return None

    found = await asyncio.gather(*map(read, refs))
    return [(ref, stored) for ref, stored in zip(refs, found, strict=True) if stored]
