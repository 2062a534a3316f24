"""The interfaces that `adapters/` and `vision/imaging/` implement, and `tests/fakes.py` in memory.

At the end: interfaces for the entry points, that is, the pipeline itself and health probes.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Protocol

from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.record import Record, Usage
from describer.domain.status import Skip
from describer.vision.answer import Answer, FreeAnswer
from describer.vision.brief import Brief, Question
from describer.vision.imaging.values import PreparedImage

MAX_LISTED: Final = 5000
"""Maximum number of items in one response of a listing."""


@dataclass(frozen=True, slots=True)
class Page[T]:
    """A part of a listing; `cursor` leads to the next page and is empty at the end.

    `unnameable` counts blobs that were left out because no program can open them by their names.
    """

    items: Sequence[T]
    cursor: str = ""
    unnameable: int = 0


async def all_items[T](page: Callable[[str], Awaitable[Page[T]]]) -> AsyncGenerator[T]:
    """Yield the items of every page; `page` returns the one at a cursor."""
    cursor = ""
    while True:
        found = await page(cursor)
        for item in found.items:
            yield item
        if not (cursor := found.cursor):
            return


class Images(Protocol):
    """The pictures in storage."""

    async def get_properties(self, ref: ImageRef) -> ImageBlob | None:
        """Return the blob's properties, without its bytes; None if it is gone."""

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        """Return up to `limit` blobs whose names begin with `prefix`, in storage's order, with their metadata.

        Only `get_properties` says in advance why a blob cannot be read; a listing only has its tier. Raises
        InvalidRequest for an invalid cursor.
        """

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """Return up to `length` bytes from the start of a blob; empty if it is gone or cannot be read."""

    async def read(self, picture: ImageBlob) -> ImageContent:
        """Return the bytes of exactly this version of the blob.

        Raises:
            Conflict: it has changed or is gone.
            Archived, Encrypted: storage does not provide the bytes.
        """

    async def set_metadata(self, picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        """Replace the metadata of exactly this version of the blob; False if a policy, its tier or a limit forbids it.

        Raises:
            Conflict: it has changed or is gone.
            Transient: another client holds a lease on it.
        """


class Records(Protocol):
    """The sidecars."""

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        """Return the picture's record, or None.

        Raises:
            Newer: a later version of the app wrote it.
            RecordUnreadable: storage does not provide it.
        """

    async def write(self, ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        """Store `record` in place of exactly `replaces`, or only if there is none.

        Raises:
            Conflict: another record has been written.
        """

    async def verify_unchanged(self, ref: ImageRef, stored: StoredRecord) -> None:
        """Check that exactly this record is stored. Raises Conflict: another record is, or none."""

    async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
        """Delete exactly this record with its snapshots, unless a policy or a legal hold protects it.

        Raises:
            Conflict: another record has been written.
        """

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        """Return up to `limit` records of pictures whose names begin with `prefix`, in storage's order.

        Takes one request, and one more for each sidecar that another program wrote. Unreadable files are left out, so
        that a page may be short or empty before the last one.

        Raises:
            InvalidRequest: the cursor is invalid.
        """

    async def find_cached(self, container: str, key: str) -> Record | None:
        """Return a cached record for the same bytes and brief from this container, or None."""

    async def cache(self, container: str, key: str, record: Record) -> None:
        """Add `record` to the answer cache; an existing one stays."""

    async def invalidate(self, container: str, key: str) -> None:
        """Remove a record from the answer cache, so that the next copy is described again.

        A record under a policy or a legal hold stays.
        """

    async def expire_cached(self, container: str, before: datetime) -> int:
        """Remove the answers that were added to the cache before that time, and return their number."""


class ImagePreparer(Protocol):
    """Prepares pictures for the model."""

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        """Decode, shrink to the size that this model uses at this detail, and encode.

        Args:
            data: the picture's file.
            model: its name on the server; its family's rule determines the size.
            detail: `low`, `high` or `original`.
            max_tokens: token limit for the picture, at least one patch or tile.

        Raises:
            Unsupported, Corrupt, TooLarge: it cannot be shown to the model.
            Transient: the machine is too busy or ran out of memory.
            Misconfigured: pictures cannot be prepared on this machine.
        """


class Model(Protocol):
    """The vision model."""

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """Return the model's answer.

        Raises:
            Filtered, NoUsableAnswer: this picture gets no answer.
            NotNow: retry later, or after an operator has acted.
        """

    def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """Yield the answer about all pictures piece by piece; the last item is the whole answer.

        Close it (`aclosing`) if you do not read all of it: it holds a connection.

        Raises:
            Filtered: the question or a picture was blocked before the first piece.
            NotNow: as above; Transient also if the answer breaks off.
        """


class Web(Protocol):
    """Fetches pictures by URL."""

    async def fetch(self, url: str, extend: Callable[[int], None]) -> bytes:
        """Return the bytes behind an https: or data: URL.

        `extend` reserves memory for a total number of bytes before they are read; see `Reservation.extend`.

        Raises:
            Busy: there is no memory for them now.
            FetchFailed: the URL is not allowed, or fails permanently.
            TooLarge, Corrupt: the content is not a picture that can be described.
            Transient: a retry may succeed.
        """


class Queue(Protocol):
    """A storage queue."""

    async def send(self, message: str, *, delay: float) -> None:
        """Send a message that becomes visible in `delay` seconds (at most six days) and does not expire."""


class Publisher(Protocol):
    """Publishes events to subscribers."""

    async def publish(self, event: dict[str, Any]) -> None:
        """Publish a CloudEvent, given as its JSON object. Raises NotNow: not published."""


class Topic(Protocol):
    """Publishes the outcomes for pictures."""

    async def publish(self, stored: StoredRecord) -> None:
        """Publish an outcome; its id is derived from path and ETag, so that a repeat is harmless."""


class ImagePipeline(Protocol):
    """The pipeline for entry points: pipeline.py, possibly with telemetry."""

    async def describe(self, ref: ImageRef, brief: Brief) -> Record | Skip:
        """Describe one picture, unless its record is current. Raises Transient or Misconfigured: not now."""

    async def give_up(self, ref: ImageRef, brief: Brief, why: str, spent: Usage) -> Record | Skip:
        """Record that all allowed tries failed, with their cost, unless the picture is described by now."""


class Uploads(Protocol):
    """Uploads and deletes pictures for the smoke test."""

    async def upload(self, ref: ImageRef, data: bytes) -> None:
        """Upload a picture, replacing any other."""

    async def remove(self, ref: ImageRef) -> None:
        """Delete a picture, if it exists and no policy or legal hold protects it."""


class Verdict(StrEnum):
    """The outcome of a health check."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """The check cannot tell."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """The result of a health check: a sentence and advice, both without secrets."""

    verdict: Verdict
    found: str
    advice: str = ""


class Probe(Protocol):
    """Checks one connection without leaving anything behind."""

    @property
    def name(self) -> str:
        """Name of the checked connection, such as `storage: container images`."""

    async def check(self) -> ProbeResult:
        """Check once. Raises Transient or Misconfigured if the connection fails."""
