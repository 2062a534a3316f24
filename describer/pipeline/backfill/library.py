"""Lists pictures with facts about their records; the ports for a backfill's state."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from describer.domain import metadata
from describer.domain.etag import unquoted
from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.pipeline.backfill.state import Backfill
from describer.pipeline.compare import paired
from describer.pipeline.ports import MAX_LISTED, Images, Page, Records


@dataclass(frozen=True, slots=True)
class RecordFacts:
    """The facts about a picture's record in a listing.

    Args:
        has_wishes: whether a caller chose options; pictures' metadata does not contain this.
    """

    status: str
    fingerprint: str
    has_wishes: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A picture and the facts about its record; None if it has no record about these bytes."""

    picture: ImageBlob
    facts: RecordFacts | None


@dataclass(frozen=True, slots=True)
class Library:
    """Lists a container's pictures in pages with facts about their records, without a request per picture.

    Args:
        records: the port, if pictures are not marked (WRITE_METADATA=false) and the facts come from the sidecars'
            listing; None if they come from the pictures' metadata.
    """

    images: Images
    records: Records | None = None

    async def page(self, container: str, prefix: str, cursor: str) -> Page[Listed]:
        """Return up to 5,000 pictures.

        Takes one request. With `records` it takes about two more, and one for each of the few pictures whose sidecar's
        place in the listing is uncertain; see `paired`.
        """
        if self.records is None:
            page = await self.images.page(container, prefix, cursor, MAX_LISTED)
            return Page([Listed(picture, _marked(picture)) for picture in page.items], page.cursor, page.unnameable)
        pairs = await paired(self.images, self.records, container, prefix, cursor)
        listed = [Listed(picture, _recorded(picture, entry) if entry else None) for picture, entry in pairs.items]
        return Page(listed, pairs.cursor, pairs.unnameable)


def _marked(picture: ImageBlob) -> RecordFacts | None:
    status = metadata.value(picture.metadata, metadata.STATUS)
    if not status or not metadata.value(picture.metadata, metadata.RECORD):
        return None
    return RecordFacts(status, metadata.value(picture.metadata, metadata.FINGERPRINT))


def _recorded(picture: ImageBlob, entry: IndexEntry) -> RecordFacts | None:
    """Return the facts in the index entry, or None if the picture has changed by more than an earlier mark."""
    marked = metadata.value(picture.metadata, metadata.RECORD) == unquoted(entry.etag)
    if picture.etag != entry.image_etag and not marked:
        return None
    return RecordFacts(entry.status, entry.fingerprint, entry.has_wishes)


class Progress(Protocol):
    """Where queued work reports its outcome to a backfill."""

    async def report(self, chunk: str, line: str) -> None:
        """Append a line to the report of a chunk named by `Backfill.chunk_name`."""

    async def remember_no_picture(self, ref: ImageRef, etag: str) -> None:
        """Record that this version of the blob is not a picture, so that later backfills skip it."""


class Backfills(Progress, Protocol):
    """Stores backfills."""

    async def read(self, backfill_id: str) -> Backfill | None: ...

    async def write(self, backfill: Backfill) -> Backfill:
        """Replace the backfill that was read and return its new version. Raises Conflict: another process wrote it."""

    async def latest(self) -> Backfill | None:
        """Return the backfill that began last, or None."""

    async def begin(self, backfill: Backfill) -> Backfill:
        """Store a new backfill and make it the latest. Raises Conflict: another backfill began at the same moment."""

    async def no_pictures(self, container: str) -> Mapping[str, str]:
        """Return the ETags of a container's blobs that are known not to be pictures, by the digests of their names."""

    async def lines(self, chunk: str) -> Sequence[str]:
        """Return the lines reported for a chunk so far."""

    def driving(self, max_wait: float) -> AbstractAsyncContextManager[None]:
        """Hold the lease that allows one process at a time to queue pictures of backfills. Raises Busy."""
