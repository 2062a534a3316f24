"""The ports in memory. `tests/contracts` runs the same suite on each and its adapter, so that they behave alike.

Like the real ones, each lets other tasks run before it acts, so that tests see interleavings.
"""

import asyncio
import hashlib
import itertools
import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from describer.domain.description import Description, ImageKind, Texts
from describer.domain.errors import Conflict, DescriberError, ImageRejected, Newer, Transient
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.naming import sidecar_name
from describer.domain.record import Record, Usage
from describer.pipeline import call_context
from describer.pipeline.ports import Page
from describer.vision.answer import Answer, FreeAnswer
from describer.vision.brief import Brief, Question
from describer.vision.families import family
from describer.vision.imaging.values import Header, PreparedImage
from describer.vision.sizing import Layout, Sizes

_etags = (f'"0x{number:X}"' for number in itertools.count(0x8DC0000))


@dataclass
class _Blob:
    data: bytes
    metadata: dict[str, str]
    etag: str = field(default_factory=lambda: next(_etags))
    modified: datetime = field(default_factory=lambda: datetime.now(UTC))


async def give_way() -> None:
    """Let other tasks run, as I/O does."""
    await asyncio.sleep(0)


def _page[T](named: Mapping[str, T], cursor: str, limit: int) -> tuple[list[T], str]:
    """Up to `limit` in the order of names behind `cursor`, and the cursor to the next ones."""
    later = [name for name in sorted(named) if name > cursor]
    return [named[name] for name in later[:limit]], later[limit - 1] if len(later) > limit else ""


class FakeImages:
    """Blobs by name.

    `fails_with` is raised by each read, `unwritable` refuses every mark, `leased` defers it, and `refusal` is known
    beforehand to keep all of them from being read or marked.
    """

    def __init__(self) -> None:
        self.blobs: dict[ImageRef, _Blob] = {}
        self.reads: list[ImageRef] = []
        self.listings = 0
        self.fails_with: DescriberError | None = None
        self.unwritable = False
        self.leased = False
        self.refusal: ImageRejected | None = None
        self.grow = False
        self.are_being_copied = False
        self.tier = "Hot"

    def put(self, ref: ImageRef, data: bytes, **metadata: str) -> None:
        self.blobs[ref] = _Blob(data, metadata)

    def tag(self, ref: ImageRef, **metadata: str) -> None:
        """Set Blob Metadata as another program does: it keeps the bytes and changes the ETag."""
        self.blobs[ref] = _Blob(self.blobs[ref].data, {**self.blobs[ref].metadata, **metadata})

    async def get_properties(self, ref: ImageRef) -> ImageBlob | None:
        await give_way()
        return self._blob(ref) if ref in self.blobs else None

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        await give_way()
        self.listings += 1
        refs = {ref.name: ref for ref in self.blobs if ref.container == container and ref.name.startswith(prefix)}
        found, cursor = _page(refs, cursor, limit)
        return Page([self._blob(ref) for ref in found], cursor)

    async def head(self, ref: ImageRef, length: int) -> bytes:
        await give_way()
        return self.blobs[ref].data[:length] if ref in self.blobs else b""

    async def read(self, picture: ImageBlob) -> ImageContent:
        await give_way()
        self.reads.append(picture.ref)
        if self.fails_with:
            raise self.fails_with
        data = self._exactly(picture).data
        return ImageContent(len(data), data, hashlib.sha256(data).hexdigest())

    async def set_metadata(self, picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        await give_way()
        blob = self._exactly(picture)
        if self.leased:
            raise Transient("another client holds a lease on it")
        if not self.unwritable:
            self.blobs[picture.ref] = _Blob(blob.data, dict(metadata))
        return not self.unwritable

    async def upload(self, ref: ImageRef, data: bytes) -> None:
        await give_way()
        self.put(ref, data)

    async def remove(self, ref: ImageRef) -> None:
        await give_way()
        self.blobs.pop(ref, None)

    def _blob(self, ref: ImageRef) -> ImageBlob:
        blob = self.blobs[ref]
        return ImageBlob(
            ref,
            blob.etag,
            len(blob.data),
            dict(blob.metadata),
            self.leased,
            self.refusal,
            blob.modified,
            self.grow,
            self.are_being_copied,
            self.tier,
        )

    def append(self, ref: ImageRef, data: bytes) -> None:
        """Append as a client of append blobs does, which raises no event."""
        blob = self.blobs[ref]
        self.blobs[ref] = _Blob(blob.data + data, blob.metadata)

    def rest(self, ref: ImageRef, seconds: float) -> None:
        """Let so much time pass without a change."""
        self.blobs[ref].modified -= timedelta(seconds=seconds)

    def _exactly(self, picture: ImageBlob) -> _Blob:
        blob = self.blobs.get(picture.ref)
        if blob is None or blob.etag != picture.etag:
            raise Conflict("changed")
        return blob


class FakeRecords:
    """Sidecars by picture; what copies share by key; those in `newer` are of a later version."""

    def __init__(self) -> None:
        self.newer: set[ImageRef] = set()
        self.stored: dict[ImageRef, StoredRecord] = {}
        self.shared: dict[tuple[str, str], Record] = {}
        self.shared_at: dict[tuple[str, str], datetime] = {}
        self.edited: set[ImageRef] = set()
        self.writes = 0
        self.listings = 0

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        await give_way()
        if ref in self.newer:
            raise Newer("written by a later version")
        return self.stored.get(ref)

    async def write(self, ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        await give_way()
        self._exactly(ref, replaces)
        self.writes += 1
        self.edited.discard(ref)
        self.stored[ref] = StoredRecord(Record.from_json(record.to_json()), next(_etags))
        return self.stored[ref]

    def edit(self, ref: ImageRef, fields: Mapping[str, Any]) -> None:
        """Replace the file as a person with an editor does. A field that is None is removed."""
        saved = json.loads(self.stored[ref].record.to_json()) | fields
        data = json.dumps({name: value for name, value in saved.items() if value is not None or name not in fields})
        self.stored[ref] = StoredRecord(Record.from_json(data.encode()), next(_etags))
        self.edited.add(ref)

    async def verify_unchanged(self, ref: ImageRef, stored: StoredRecord) -> None:
        await give_way()
        self._exactly(ref, stored)

    async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
        await give_way()
        self._exactly(ref, stored)
        del self.stored[ref]

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        await give_way()
        self.listings += 1
        refs = [ref for ref in self.stored if ref.container == container and ref.name.startswith(prefix)]
        found, cursor = _page({sidecar_name(ref): ref for ref in refs}, cursor, limit)
        return Page([self._entry(ref) for ref in found if ref not in self.newer], cursor)

    def _entry(self, ref: ImageRef) -> IndexEntry:
        stored = self.stored[ref]
        return IndexEntry.of(ref, stored.record, stored.etag, is_indexed=ref not in self.edited)

    async def find_cached(self, container: str, key: str) -> Record | None:
        await give_way()
        return self.shared.get((container, key))

    async def cache(self, container: str, key: str, record: Record) -> None:
        await give_way()
        self.shared.setdefault((container, key), record)
        self.shared_at.setdefault((container, key), datetime.now(UTC))

    async def invalidate(self, container: str, key: str) -> None:
        await give_way()
        self.shared.pop((container, key), None)
        self.shared_at.pop((container, key), None)

    async def expire_cached(self, container: str, before: datetime) -> int:
        await give_way()
        old = [key for key, at in self.shared_at.items() if key[0] == container and at < before]
        for _, key in old:
            await self.invalidate(container, key)
        return len(old)

    def _exactly(self, ref: ImageRef, stored: StoredRecord | None) -> None:
        standing = self.stored.get(ref)
        if (standing and standing.etag) != (stored and stored.etag):
            raise Conflict("changed")


@dataclass(frozen=True, slots=True)
class _FixedSizes(Sizes):
    fit: Callable[[int, int], tuple[int, int]] = field(kw_only=True)

    def usual(self, width: int, height: int) -> Layout:
        size = self.fit(width, height)
        return Layout(size, ((0, 0, *size),), None)

    def is_thin(self, width: int, height: int) -> bool:
        return False


def fixed_sizes(fit: Callable[[int, int], tuple[int, int]]) -> Sizes:
    """Sizes by a function, for every model."""
    luna = family("gpt-5.6-luna")
    assert luna is not None
    return _FixedSizes(luna, "high", fit=fit)


class FakePreparer:
    """Accepts every picture; raises `refuses` or returns `gives` instead, if set; `prepared` lists the files."""

    def __init__(self) -> None:
        self.prepared: list[bytes] = []
        self.refuses: DescriberError | None = None
        self.gives: PreparedImage | None = None

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        await give_way()
        self.prepared.append(data)
        if self.refuses:
            raise self.refuses
        if self.gives:
            return self.gives
        return PreparedImage(data, 1024, 768, header=Header("JPEG", "image/jpeg", 4000, 3000))


class PixelsOnly(FakePreparer):
    """Bytes after a plus sign are metadata, which the model does not see."""

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        return await super().prepare(data.partition(b"+")[0], model=model, detail=detail, max_tokens=max_tokens)


_CATS = {
    "de": ("Eine Katze auf einem Sofa.", "Eine Katze schläft auf einem grauen Sofa."),
    "fr": ("Un chat sur un canapé.", "Un chat dort sur un canapé gris."),
}
_CAT = ("A cat on a sofa.", "A cat sleeps on a grey sofa.")


def answer(alt_text: str | None = None, *, languages: tuple[str, ...] = ("en",)) -> Answer:
    """A model's answer about a cat in each language; with this alt text in all of them, if it is given."""

    def texts(language: str) -> Texts:
        own, description = _CATS.get(language, _CAT)
        return Texts(alt_text=own if alt_text is None else alt_text, description=description)

    description = Description(
        image_kind=ImageKind.PHOTO,
        is_decorative=False,
        visible_text="",
        tags=("cat",),
        texts={language: texts(language) for language in languages},
    )
    return Answer("gpt-5.6-luna-2026-07-09", Usage(prompt_tokens=1072, completion_tokens=90, calls=1), description)


FREE_ANSWER = FreeAnswer(
    "A cat sleeps.", "gpt-5.6-luna-2026-07-09", Usage(prompt_tokens=900, completion_tokens=5, calls=1)
)


async def _nothing() -> None:
    """Does nothing while the model thinks, by default."""


class FakeModel:
    """Answers from a script, then always the same; `meanwhile` runs while it thinks."""

    def __init__(self) -> None:
        self.calls: list[PreparedImage] = []
        self.asked: list[Brief | Question] = []
        self.script: list[Answer | FreeAnswer | DescriberError] = []
        self.meanwhile: Callable[[], Awaitable[None]] = _nothing
        self.breaks_after: int | None = None
        self.spends = Usage()
        """The cost of answers that fail."""

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        await give_way()
        self.asked.append(brief)
        self.calls.append(image)
        await self.meanwhile()
        said = self.script.pop(0) if self.script else answer(languages=brief.languages)
        if isinstance(said, DescriberError):
            call_context.current().charge(self.spends)
            raise said
        assert isinstance(said, Answer), "the script has a free answer here"
        return said

    async def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """Word by word; `breaks_after` so many it raises."""
        await give_way()
        self.asked.append(question)
        self.calls.extend(images)
        await self.meanwhile()
        said = self.script.pop(0) if self.script else FREE_ANSWER
        if isinstance(said, DescriberError):
            raise said
        assert isinstance(said, FreeAnswer), "the script has a description here"
        for number, word in enumerate(re.findall(r"\S+\s*", said.text)):
            if number == self.breaks_after:
                raise Transient("The model's answer broke off")
            yield word
        yield said


class FakeWeb:
    """Bytes by URL; `fails_with` is raised instead."""

    def __init__(self) -> None:
        self.pages: dict[str, bytes] = {}
        self.fails_with: DescriberError | None = None

    async def fetch(self, url: str, extend: Callable[[int], None]) -> bytes:
        await give_way()
        if self.fails_with:
            raise self.fails_with
        extend(len(self.pages[url]))
        return self.pages[url]


class FakeQueue:
    """Keeps what was sent, with its delay in seconds."""

    def __init__(self) -> None:
        self.sent: list[tuple[str, float]] = []

    async def send(self, message: str, *, delay: float) -> None:
        await give_way()
        self.sent.append((message, delay))


class FakeLedger:
    """One day's amount; `fails_with` is raised instead; `changes` counts requested changes."""

    def __init__(self) -> None:
        self.day: date | None = None
        self.usd = 0.0
        self.changes = 0
        self.fails_with: DescriberError | None = None

    async def taken(self, day: date) -> float:
        await give_way()
        return self.usd if day == self.day else 0.0

    async def change(self, day: date, change: Callable[[float], float]) -> float:
        await give_way()
        if self.fails_with:
            raise self.fails_with
        self.changes += 1
        if self.day and self.day > day:
            return 0.0
        before = self.usd if self.day == day else 0.0
        self.day, self.usd = day, change(before)
        return self.usd - before


class FakePublisher:
    """Keeps what was published; `fails_with` is raised instead."""

    def __init__(self) -> None:
        self.published: list[dict[str, Any]] = []
        self.fails_with: DescriberError | None = None

    async def publish(self, event: dict[str, Any]) -> None:
        await give_way()
        if self.fails_with:
            raise self.fails_with
        self.published.append(event)


class FakeTopic:
    """Keeps what was announced."""

    def __init__(self) -> None:
        self.published: list[StoredRecord] = []

    async def publish(self, stored: StoredRecord) -> None:
        await give_way()
        self.published.append(stored)
