"""Finds stored records by status, review and name from listings, reading only matching files."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from describer.domain.errors import InvalidRequest
from describer.domain.index import IndexEntry
from describer.domain.naming import sidecar_name
from describer.domain.status import Status
from describer.domain.texts import Review
from describer.pipeline.ports import MAX_LISTED, Page, Records


@dataclass(frozen=True, slots=True)
class Wanted:
    """The records to find: any of these statuses and any of these reviews; an empty set matches all."""

    statuses: frozenset[Status] = frozenset()
    reviews: frozenset[Review] = frozenset()

    def __bool__(self) -> bool:
        return bool(self.statuses or self.reviews)

    def has(self, entry: IndexEntry) -> bool:
        of_status = not self.statuses or entry.status in self.statuses
        return of_status and (not self.reviews or entry.review in self.reviews)


ALL: Final = Wanted()


async def find(
    records: Records, container: str, prefix: str, wanted: Wanted, cursor: str = "", limit: int = MAX_LISTED
) -> Page[IndexEntry]:
    """Return up to `limit` matching records in the listing's order; an empty page only at the end.

    Takes one listing request per 5,000 sidecars examined, and at most one more. Raises InvalidRequest for an invalid
    cursor.
    """
    marker, last = _place(cursor)
    size = MAX_LISTED if last else limit
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
        size = min(4 * size, MAX_LISTED)


def _cursor(marker: str, last: str = "") -> str:
    """Return a cursor: a page of the listing and the last picture used in it."""
    return f"{len(marker)}:{marker}{last}" if marker or last else ""


def _place(cursor: str) -> tuple[str, str]:
    length, _, rest = cursor.partition(":")
    if not cursor:
        return "", ""
    if not (length.isascii() and length.isdecimal() and len(length) < 6):
        raise InvalidRequest("Not a cursor returned by this API.", field="cursor")
    return rest[: int(length)], rest[int(length) :]


def _behind(last: str, entries: Sequence[IndexEntry]) -> Sequence[IndexEntry]:
    """Return the entries after the picture called `last`; if its record is gone, those with later sidecar names."""
    if not last:
        return entries
    names = [entry.ref.name for entry in entries]
    if last in names:
        return entries[names.index(last) + 1 :]
    return [entry for entry in entries if sidecar_name(entry.ref) > sidecar_name(replace(entry.ref, name=last))]
