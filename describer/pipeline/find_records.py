"""Stored records by what their listing tells of them: status, review, name. No file is read that is not an answer."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from describer.domain.errors import InvalidRequest
from describer.domain.index import IndexEntry
from describer.domain.naming import sidecar_name
from describer.domain.status import Status
from describer.domain.texts import Review
from describer.pipeline.ports import MOST_LISTED, Page, Records


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which records: those with one of these statuses, and one of these reviews; an empty set asks for nothing."""

    statuses: frozenset[Status] = frozenset()
    reviews: frozenset[Review] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.statuses or self.reviews)

    def has(self, entry: IndexEntry) -> bool:
        """Return whether this record is one of them."""
        of_status = not self.statuses or entry.status in self.statuses
        return of_status and (not self.reviews or entry.review in self.reviews)


ALL: Final = Wanted()


async def find(
    records: Records, container: str, prefix: str, wanted: Wanted, cursor: str = "", limit: int = MOST_LISTED
) -> Page[IndexEntry]:
    """Return up to `limit` records that are wanted, in the order of the listing; none only if there are no more.

    Costs one listing request for each 5,000 sidecars that are passed over, and one more at most.

    Raises:
        InvalidRequest: the cursor is none.
    """
    marker, last = _place(cursor)
    size = MOST_LISTED if last else limit
    found: list[IndexEntry] = []
    while True:
        page = await records.page(container, prefix, marker, size)
        hits = [entry for entry in _behind(last, page.items) if wanted.has(entry)]
        left = limit - len(found)
        if len(hits) > left:
            return Page([*found, *hits[:left]], _cursor(marker, hits[left - 1].ref.name))
        found += hits
        marker, last = page.cursor, ""
        if not marker or len(found) == limit:
            return Page(found, _cursor(marker))
        size = min(4 * size, MOST_LISTED)


def _cursor(marker: str, last: str = "") -> str:
    """Return what leads to a page of the listing, and the picture in it behind which to go on."""
    return f"{len(marker)}:{marker}{last}" if marker or last else ""


def _place(cursor: str) -> tuple[str, str]:
    length, _, rest = cursor.partition(":")
    if not cursor:
        return "", ""
    if not (length.isascii() and length.isdecimal() and len(length) < 6):
        raise InvalidRequest("It is none that a page gave.", field="cursor")
    return rest[: int(length)], rest[int(length) :]


def _behind(last: str, entries: Sequence[IndexEntry]) -> Sequence[IndexEntry]:
    """Those behind the picture called `last`; if its record is gone by now, those whose sidecars have later names."""
    if not last:
        return entries
    names = [entry.ref.name for entry in entries]
    if last in names:
        return entries[names.index(last) + 1 :]
    return [entry for entry in entries if sidecar_name(entry.ref) > sidecar_name(replace(entry.ref, name=last))]
