"""A container's pictures and their records side by side, from the two listings alone.

Both listings come in pages of 5,000, so that a million pictures take 400 requests. Memory holds what waits for the
other listing to get as far, about a page of each.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.naming import sidecar_name
from describer.pipeline.ports import MOST_LISTED, Images, Page, Records

type _Order = Callable[[str], "_Comparable"]

_ORDERS: Final[tuple[_Order, ...]] = (
    lambda name: name,
    lambda name: name.encode("utf-16-be", errors="surrogatepass"),
    lambda name: name.split("/"),  # accounts with a hierarchical namespace: folder by folder
)
"""In which storage may list names; it does not say. An order that a listing breaks is given up for that comparison."""


@dataclass(frozen=True, slots=True)
class Pair:
    """A picture and its record; one of them may be missing."""

    picture: ImageBlob | None
    record: IndexEntry | None


class _Comparable(Protocol):
    def __lt__(self, other: Any, /) -> bool: ...


class _Item(Protocol):
    @property
    def ref(self) -> ImageRef: ...


@dataclass(slots=True)
class _Side[T: _Item]:
    """One of the two listings: what came of it and waits for its counterpart, by sidecar name."""

    page: Callable[[str], Awaitable[Page[T]]]
    name: Callable[[ImageRef], str]
    waiting: dict[str, T] = field(default_factory=dict)
    ended: bool = False
    _cursor: str = ""
    _last: str | None = None
    _orders: tuple[_Order, ...] = _ORDERS

    async def more(self) -> None:
        """Fetch a page."""
        page = await self.page(self._cursor)
        for item in page.items:
            name, last = self.name(item.ref), self._last
            self._orders = tuple(order for order in self._orders if last is None or order(last) < order(name))
            self._last = name
            self.waiting[sidecar_name(item.ref)] = item
        self._cursor, self.ended = page.cursor, not page.cursor

    def has_passed(self, ref: ImageRef) -> bool:
        """Whether `ref` can come no more, in whatever order this listing may be."""
        if self.ended:
            return True
        name, last = self.name(ref), self._last
        return last is not None and bool(self._orders) and all(order(name) < order(last) for order in self._orders)


async def compared(images: Images, records: Records, container: str, prefix: str = "") -> AsyncGenerator[Pair]:
    """Every picture and every record of the container, each once, in about the order of their names.

    What is said to be missing was not there when its place in the listing was read. Whoever would delete for it looks
    again first.

    Args:
        images: the port.
        records: the port.
        container: the pictures'.
        prefix: of the pictures' names.

    Raises:
        Transient, Misconfigured: a container cannot be listed now.
    """
    pictures = _Side(lambda cursor: images.page(container, prefix, cursor, MOST_LISTED), lambda ref: ref.name)
    entries = _Side(lambda cursor: records.page(container, prefix, cursor, MOST_LISTED), sidecar_name)
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
