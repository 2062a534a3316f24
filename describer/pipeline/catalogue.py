"""Lists, counts, compares and reads all pictures and records of a container."""

import asyncio
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import InvalidRequest, Newer, NotFound, NotOurs, RecordUnreadable
from describer.domain.image_blob import StoredRecord
from describer.domain.index import IndexEntry
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.compare import Pair, compared
from describer.pipeline.coverage import Coverage, counted
from describer.pipeline.find_records import ALL, Wanted, find
from describer.pipeline.ports import Images, Page, Records

_UNLISTABLE: Final = re.compile(r"[\x00-\x1f\x7f\ufffe\uffff]")
"""Characters that listings, which are XML, cannot contain."""
_READ_AT_ONCE: Final = 16
_PAGE: Final = 500
"""Number of records to read before the next ones are listed."""


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All pictures and records in storage.

    Args:
        languages: the settings' languages, the default first.
    """

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

    async def entries(self, container: str, prefix: str = "", wanted: Wanted = ALL) -> AsyncGenerator[IndexEntry]:
        """Yield the index entry of every matching record."""
        cursor = ""
        while True:
            page = await find(self.records, container, listable(prefix), wanted, cursor)
            for entry in page.items:
                yield entry
            cursor = page.cursor
            if not cursor:
                return

    async def coverage(self, container: str, prefix: str = "") -> Coverage:
        """Count the pictures with published texts by language."""
        return await counted(self.compared(container, prefix), self.blob_filter, self.languages)

    async def stored(self, container: str, prefix: str = "", wanted: Wanted = ALL) -> AsyncGenerator[StoredRecord]:
        """Yield every matching record in the listing's order, holding a few hundred in memory.

        Records that are gone or unreadable are left out.
        """
        cursor = ""
        while True:
            page = await self.find(container, prefix, wanted, cursor, _PAGE)
            for stored in page.items:
                yield stored
            cursor = page.cursor
            if not cursor:
                return

    async def _still(self, entries: Sequence[IndexEntry], wanted: Wanted) -> list[StoredRecord]:
        """Read the records of these entries; those that no longer match or are unreadable are left out."""
        at_once = asyncio.Semaphore(_READ_AT_ONCE)

        async def read(entry: IndexEntry) -> StoredRecord | None:
            async with at_once:
                with suppress(Newer, RecordUnreadable, NotOurs):
                    stored = await self.records.read(entry.ref)
                    if stored and wanted.has(IndexEntry.of(entry.ref, stored.record)):
                        return stored
            return None

        return [stored for stored in await asyncio.gather(*map(read, entries)) if stored]


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
