"""What the pipeline needs of the world: promises that `adapters/` and `image/` keep, and `tests/fakes.py` in memory.

At the end, what entry points need: the pipeline itself, and whether all of this works.
"""

from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
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

MOST_LISTED: Final = 5000
"""What one request for a listing gives at most."""


@dataclass(frozen=True, slots=True)
class Page[T]:
    """Some of what a container has; `cursor` leads to the next ones and is empty if there are no more.

    `unnameable` counts blobs that were left out because no program can open them by their names.
    """

    items: Sequence[T]
    cursor: str = ""
    unnameable: int = 0


class Images(Protocol):
    """The pictures."""

    async def get_properties(self, ref: ImageRef) -> ImageBlob | None:
        """Return the blob's properties, without its bytes; None if it is gone."""

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        """Return up to `limit` blobs whose names begin with `prefix`, in storage's order, with their metadata.

        What is told beforehand about those that cannot be read is told by `get_properties` only, but for the tier.

        Raises:
            InvalidRequest: the cursor is none.
        """

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """Return up to `length` bytes from the start of a blob; none if it is gone or cannot be read."""

    async def read(self, picture: ImageBlob) -> ImageContent:
        """Return the bytes of exactly the blob that was looked at.

        Raises:
            Conflict: it changed since, or is gone.
            Archived, Encrypted: storage does not give them out.
        """

    async def set_metadata(self, picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        """Replace the metadata of exactly this blob; False if a policy, its tier or a limit forbids it for good.

        Raises:
            Conflict: it changed since, or is gone.
            Transient: somebody holds a lease on it.
        """


class Records(Protocol):
    """The sidecars."""

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        """Return the picture's record, or None.

        Raises:
            Newer: a later version of the app wrote it.
            RecordUnreadable: storage does not give it out.
        """

    async def write(self, ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        """Store `record` in the place of exactly `replaces`, or where none is.

        Raises:
            Conflict: another record stands there by now.
        """

    async def verify_unchanged(self, ref: ImageRef, stored: StoredRecord) -> None:
        """Check that exactly this record stands.

        Raises:
            Conflict: another record stands there by now, or none.
        """

    async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
        """Delete exactly this record, with its snapshots, unless a policy or a legal hold protects it.

        Raises:
            Conflict: another record stands there by now.
        """

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        """Return up to `limit` records of a container whose pictures' names begin with `prefix`, in storage's order.

        One request, and one more for each sidecar that was not written by this app as it stands. What cannot be read as
        a record is passed over, so that a page may have fewer, even none, before the last one.

        Raises:
            InvalidRequest: the cursor is none.
        """

    async def find_cached(self, container: str, key: str) -> Record | None:
        """Return the record of another picture of the container with the same bytes and brief, or None."""

    async def cache(self, container: str, key: str, record: Record) -> None:
        """Offer `record` to copies; the first one stays."""

    async def invalidate(self, container: str, key: str) -> None:
        """Withdraw what was offered to copies, whoever offered it: the next copy is described afresh.

        What a policy or a legal hold protects stays.
        """


class ImagePreparer(Protocol):
    """Makes of any picture what the model is shown."""

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        """Decode, shrink to what this model looks at in this detail, and encode.

        Args:
            data: the picture's file.
            model: as the server knows it; its family's rule decides the size.
            detail: `low`, `high` or `original`.
            max_tokens: that the picture may take by that rule, one patch or tile at least.

        Raises:
            Unsupported, Corrupt, TooLarge: it cannot be shown to the model.
            Transient: the machine is too busy, or ran out of memory.
            Misconfigured: pictures cannot be prepared on this machine.
        """


class Model(Protocol):
    """The vision model."""

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """Return the model's answer.

        Raises:
            Filtered, NoUsableAnswer: this picture gets no answer, however often it is asked.
            Transient, Misconfigured: later, or not before an operator acts.
        """

    def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """Return the answer about all pictures, piece by piece as it is written; the last item is the whole of it.

        Close it (`aclosing`) when not all of it is read: it holds a connection.

        Raises:
            Filtered: the question or a picture was stopped before there was a word.
            Transient, Misconfigured: as above; Transient also after some pieces, where the answer breaks off.
        """


class Web(Protocol):
    """Pictures by URL."""

    async def fetch(self, url: str, extend: Callable[[int], None]) -> bytes:
        """Return the bytes behind an https: or data: URL.

        Args:
            url: the URL.
            extend: reserves memory for so many bytes in all, before they are there; see `Reservation.extend`.

        Raises:
            Busy: there is no memory for them now.
            FetchFailed: the URL is refused, or fails for good.
            TooLarge, Corrupt: what is there is no picture that can be described.
            Transient: later, maybe.
        """


class Queue(Protocol):
    """The work queue `image-work`."""

    async def send(self, message: str, *, delay: float) -> None:
        """Put a message that becomes visible in `delay` seconds (at most six days) and never expires."""


class Publisher(Protocol):
    """Takes events to whoever subscribed."""

    async def publish(self, event: dict[str, Any]) -> None:
        """Publish a CloudEvent, given as its JSON object.

        Raises:
            Transient, Misconfigured: not published.
        """


class Topic(Protocol):
    """Where it is announced what became of a picture."""

    async def publish(self, stored: StoredRecord) -> None:
        """Publish the outcome; its id follows from the path and the record's ETag, so that a repeat is harmless."""


class ImagePipeline(Protocol):
    """The pipeline, as the entry points see it: pipeline.py, bare or observed."""

    async def describe(self, ref: ImageRef, brief: Brief) -> Record | Skip:
        """Describe one picture, unless that is done already. Raises Transient or Misconfigured: not now."""

    async def give_up(self, ref: ImageRef, brief: Brief, why: str, spent: Usage) -> Record | Skip:
        """Record that a picture was tried as often as allowed, at what cost, unless it is described by now."""


class Uploads(Protocol):
    """Uploads and removes pictures, for the smoke test."""

    async def upload(self, ref: ImageRef, data: bytes) -> None:
        """Put a picture, in the place of any other."""

    async def remove(self, ref: ImageRef) -> None:
        """Delete a picture, if it is there and no policy or legal hold protects it."""


class Verdict(StrEnum):
    """How a look at one connection ended."""

    OK = "ok"
    FAILED = "failed"
    UNKNOWN = "unknown"
    """It cannot be told from here."""


@dataclass(frozen=True, slots=True)
class ProbeResult:
    """What a probe found: a sentence, and what to do about it. Neither holds a secret."""

    verdict: Verdict
    found: str
    advice: str = ""


class Probe(Protocol):
    """Looks whether one connection works, and leaves nothing behind."""

    @property
    def name(self) -> str:
        """Of what is looked at: `storage: container images`."""

    async def check(self) -> ProbeResult:
        """Try it once. Raises Transient or Misconfigured: it does not work."""
