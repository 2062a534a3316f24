"""What listings tell of pictures and their records, and where a sweep keeps its state."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from describer.domain import metadata
from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.pipeline.compare import paired
from describer.pipeline.ports import MOST_LISTED, Images, Page, Records
from describer.pipeline.sweep.state import Sweep


@dataclass(frozen=True, slots=True)
class Told:
    """What a listing tells of a picture's record.

    Args:
        status: the record's.
        fingerprint: of what was asked.
        has_wishes: a caller asked otherwise than the settings; the pictures' metadata does not tell.
    """

    status: str
    fingerprint: str
    has_wishes: bool = False


@dataclass(frozen=True, slots=True)
class Listed:
    """A picture, and what is told of its record; None if it has none that is about it."""

    picture: ImageBlob
    told: Told | None


@dataclass(frozen=True, slots=True)
class Library:
    """A container's pictures in pages, each with what is known of its record, without a request for each picture.

    Args:
        images: the port.
        records: the port, where pictures are not marked (WRITE_METADATA=false) and the sidecars' own listing tells of
            records; None where the pictures' metadata does.
    """

    images: Images
    records: Records | None = None

    async def page(self, container: str, prefix: str, cursor: str) -> Page[Listed]:
        """Up to 5,000 pictures.

        One request; with `records` about two more, and one for each picture whose place among the sidecars is not
        certain, which are few; see `paired`.
        """
        if self.records is None:
            page = await self.images.page(container, prefix, cursor, MOST_LISTED)
            return Page([Listed(picture, _marked(picture)) for picture in page.items], page.cursor, page.unnameable)
        pairs = await paired(self.images, self.records, container, prefix, cursor)
        listed = [Listed(picture, _recorded(picture, entry) if entry else None) for picture, entry in pairs.items]
        return Page(listed, pairs.cursor, pairs.unnameable)


def _marked(picture: ImageBlob) -> Told | None:
    status = metadata.value(picture.metadata, metadata.STATUS)
    if not status or not metadata.value(picture.metadata, metadata.RECORD):
        return None
    return Told(status, metadata.value(picture.metadata, metadata.FINGERPRINT))


def _recorded(picture: ImageBlob, entry: IndexEntry) -> Told | None:
    """What the sidecar tells; None if the picture has changed since, by more than a mark from earlier."""
    marked = metadata.value(picture.metadata, metadata.RECORD) == entry.etag.strip('"')
    if picture.etag != entry.image_etag and not marked:
        return None
    return Told(entry.status, entry.fingerprint, entry.has_wishes)


class Progress(Protocol):
    """Where work that a sweep queued reports its end."""

    async def report(self, chunk: str, line: str) -> None:
        """Append a line to the report of a chunk, as `Sweep.chunk_name` calls it."""

    async def remember_no_picture(self, ref: ImageRef, etag: str) -> None:
        """Keep in mind that exactly this blob is no picture, so that no later sweep has it looked at."""


class Sweeps(Progress, Protocol):
    """Where sweeps are kept."""

    async def read(self, sweep_id: str) -> Sweep | None:
        """The sweep, or None."""

    async def write(self, sweep: Sweep) -> Sweep:
        """Replace the sweep that was read; gives it as it stands now.

        Raises:
            Conflict: somebody else has written it since.
        """

    async def latest(self) -> Sweep | None:
        """The sweep that was begun last, or None."""

    async def begin(self, sweep: Sweep) -> Sweep:
        """Store a new sweep and make it the latest.

        Raises:
            Conflict: another one was begun at the same moment.
        """

    async def no_pictures(self, container: str) -> Mapping[str, str]:
        """The ETags of the blobs of a container that were found to be no pictures, by the digests of their names."""

    async def lines(self, chunk: str) -> Sequence[str]:
        """The lines that were reported for a chunk so far."""

    def driving(self, patience: float) -> AbstractAsyncContextManager[None]:
        """Hold the lease that lets one process at a time queue pictures of sweeps.

        Raises:
            Busy: another process held it for `patience` seconds.
        """
