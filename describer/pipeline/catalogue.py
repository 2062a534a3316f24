"""Lists, counts, compares and reads all pictures and records of a container."""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import InvalidRequest, NotFound
from describer.domain.image_blob import StoredRecord
from describer.domain.index import IndexEntry
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.compare import Pair, compared, read_all
from describer.pipeline.coverage import Coverage, counted
from describer.pipeline.find_records import ALL, Wanted, find
from describer.pipeline.ports import Images, Page, Records, all_items

_UNLISTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")
"""Characters that listings, which are XML, cannot contain."""
_PAGE: Final = 500
"""Number of records to read before the next ones are listed."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All pictures and records in storage. `languages`: the settings' languages, the default first."""

    blob_filter: BlobFilter
    images: Images
    records: Records
    languages: Sequence[str]

    def watched(self, container: str | None) -> str:
        """Return the container, by default the first watched one. Raises NotFound."""
        containers = self.blob_filter.containers
        if container is not None and container not in containers:
            raise NotFound("This container is not watched.")
        return container or containers[0]

    def compared(self, container: str, prefix: str = "") -> AsyncGenerator[Pair]:
        """Return the pictures and records side by side; see compare.py."""
        return compared(self.images, self.records, container, listable(prefix))

    async def find(self, container: str, prefix: str, wanted: Wanted, cursor: str, limit: int) -> Page[StoredRecord]:
        """Return up to `limit` (at most 5,000) matching records of a watched container; an empty page only at the end.

        Raises:
            InvalidRequest: the prefix or the cursor is invalid.
        """
        marker = _decoded(cursor)
        while True:
            page = await find(self.records, container, listable(prefix), wanted, marker, limit)
            found, marker = await self._still(page.items, wanted), page.cursor
            if found or not marker:
                return Page(found, urlsafe_b64encode(marker.encode()).decode())

    def entries(self, container: str, prefix: str = "", wanted: Wanted = ALL) -> AsyncGenerator[IndexEntry]:
        """Return the index entry of every matching record."""
        prefix = listable(prefix)
        return all_items(lambda cursor: find(self.records, container, prefix, wanted, cursor))

    async def coverage(self, container: str, prefix: str = "") -> Coverage:
        """Count the pictures with published texts by language."""
        return await counted(self.compared(container, prefix), self.blob_filter, self.languages)

    def stored(self, container: str, prefix: str = "", wanted: Wanted = ALL) -> AsyncGenerator[StoredRecord]:
        """Return every matching record in the listing's order, holding a few hundred in memory.

        Records that are gone or unreadable are left out.
        """
        return all_items(lambda cursor: self.find(container, prefix, wanted, cursor, _PAGE))

    async def _still(self, entries: Sequence[IndexEntry], wanted: Wanted) -> list[StoredRecord]:
        """Read the records of these entries; those that no longer match or are unreadable are left out."""
        read = await read_all(self.records, [entry.ref for entry in entries])
        return [stored for ref, stored in read if wanted.has(IndexEntry.of(ref, stored.record))]


def listable(prefix: str) -> str:
    """Return `prefix` if a listing can contain it. Raises InvalidRequest."""
    if _UNLISTABLE.search(prefix):
        raise InvalidRequest("A blob's name cannot contain control characters.", field="prefix")
    return prefix


def _decoded(cursor: str) -> str:
    try:
        decoded = urlsafe_b64decode(cursor.encode("ascii")).decode()
    except ValueError:
        decoded = "\0"
    if _UNLISTABLE.search(decoded):
        raise InvalidRequest("Not a cursor returned by this API.", field="cursor")
    return decoded
