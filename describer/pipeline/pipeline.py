"""The pipeline for every picture from every entry point.

    get properties ─► read ─► current? ─► describe (describe.py) ─► write ─► publish ─► mark ─► verify

The sidecar is the source of truth. The metadata is its copy and, written last, marks that everything is done. Every
write is conditional on what was read before it. If another writer wins a race, a new round starts with the answer
already paid.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from describer.domain import metadata, precedence, settling
from describer.domain.companions import Companion
from describer.domain.errors import Conflict, Newer, NoUsableAnswer, Transient
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.naming import shared_key, sidecar_name
from describer.domain.precedence import has_words_of_people
from describer.domain.record import Record, Usage
from describer.domain.status import Skip, SkipReason
from describer.pipeline import reading
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.call_context import UPLOAD_SECONDS, limited
from describer.pipeline.deleted_pictures import RETENTION, DeletedPictures, shared_keys
from describer.pipeline.describe import ImageDescriber, Maker, source_of
from describer.pipeline.events import Work
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.ports import Images, Queue, Records, Topic
from describer.pipeline.renditions import LargerPictures, taken_from
from describer.pipeline.weighted_semaphore import Priority
from describer.pipeline.xmp_sidecars import XmpSidecars
from describer.vision.brief import Brief

ROUNDS: Final = 5
"""How often a picture may change during processing before its work is deferred."""

UNSETTLED: Final = "The blob may still be written to or copied; it is read once it has not changed for a while"

NOT_MARKED: Final = "metadata_not_written"
"""Flag of a record whose picture cannot be marked: it is immutable or archived, or its metadata is full."""

type _Made = Mapping[str, Record]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """Processes one picture; keeps no state between pictures.

    Args:
        images, records, topic, queue: the ports; see ports.py. The queue is `image-work`.
        max_bytes: maximum size of a blob that is read.
        memory: budget for the bytes of all pictures, from before reading until they are prepared for the model.
        write_metadata: False: pictures' metadata is not written.
        models: models that callers may choose besides the default one.
        deleted_retention: how long to retain a deleted picture's record with a person's text.
        larger: finds the larger picture of a derived size, if the settings name such systems.
    """

    blob_filter: BlobFilter
    images: Images
    records: Records
    image_describer: ImageDescriber
    topic: Topic
    max_bytes: int
    memory: MemoryBudget
    queue: Queue
    write_metadata: bool = True
    models: tuple[str, ...] = ()
    deleted_retention: timedelta = RETENTION
    larger: LargerPictures | None = None

    async def describe(self, ref: ImageRef, brief: Brief) -> Record | Skip:
        """Describe one picture, unless its record is current. Raises NotNow; the entry point decides what to do."""
        if self.blob_filter.is_xmp_sidecar(ref):
            return await self._look_at_pictures_of(ref)
        made: dict[str, Record] = {}
        larger = await self._larger(ref, brief)

        async def make(picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
            if larger:
                taken = taken_from(larger, picture, content, brief)
                return _with_flags(taken, *(flag for flag in taken.flags if flag != NOT_MARKED))
            if content.sha256 is None:  # the next round may find another unreadable blob
                return await self.image_describer.describe(picture, content, brief)
            key = shared_key(content.sha256, brief.fingerprint)
            if key not in made:
                made[key] = await self.image_describer.describe(picture, content, brief)
            return made[key]

        return await self._rounds(ref, brief, make, made)

    @property
    def _xmp_sidecars(self) -> XmpSidecars:
        return XmpSidecars(self.blob_filter, self.images)

    async def _look_at_pictures_of(self, sidecar: ImageRef) -> Skip:
        """Queue the pictures of a changed XMP file, each as if it had an event of its own."""
        pictures = [ref async for ref in self._xmp_sidecars.pictures_of(sidecar)]
        for ref in pictures:
            await self.queue.send(Work.first(ref).to_message(), delay=0)
        return Skip(SkipReason.NOT_OURS, f"an XMP file; pictures beside it that are looked at: {len(pictures)}")

    async def _larger(self, ref: ImageRef, brief: Brief) -> Record | None:
        """Return the larger picture's record if it applies to `ref`, that is, unless the caller chose options."""
        if self.larger is None or brief.again or brief.chosen or self.blob_filter.skips_name(ref):
            return None
        return await self.larger.record_for(ref, lambda other: self.describe(other, brief))

    async def give_up(self, ref: ImageRef, brief: Brief, why: str, spent: Usage) -> Record | Skip:
        """Record that all allowed tries failed, with their cost, unless the picture is described by now."""

        async def make(picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
            refused = Record.refused(brief, source_of(picture, content), NoUsableAnswer(why))
            return refused.model_copy(update={"usage": spent})

        return await self._rounds(ref, brief, make, {})

    async def _rounds(self, ref: ImageRef, brief: Brief, make: Maker, made: _Made) -> Record | Skip:
        async with limited(UPLOAD_SECONDS, Priority.BACKGROUND) as call:
            for _ in range(ROUNDS):
                if not call.remaining():
                    raise Transient("No time is left for the picture in this call")
                with suppress(Conflict):
                    return await self._round(ref, brief, make, made)
        raise Transient(f"The picture changed {ROUNDS} times while it was worked on")

    async def _round(self, ref: ImageRef, brief: Brief, make: Maker, made: _Made) -> Record | Skip:
        if skip := self.blob_filter.skips_name(ref):
            return skip
        try:
            stored = await self.records.read(ref)
        except Newer as newer:
            return Skip(SkipReason.NEWER, str(newer))
        picture = await self.images.get_properties(ref)
        if picture is None:
            await self._invalidate(ref, *made.values())
            if stored:
                await DeletedPictures(self.images, self.records, self.deleted_retention).settle(ref, stored)
            return Skip(SkipReason.GONE, "the blob was deleted")
        if skip := self.blob_filter.skips_picture(picture):
            return skip
        if seconds := settling.wait(picture, datetime.now(UTC)):
            raise Transient(UNSETTLED, retry_after=seconds)
        if companion := await reading.companion_of(self.images, picture):
            return await self._passed_over(picture, stored, companion)
        end = await self._work(picture, stored, brief, make, made)
        if seconds := settling.next_check(picture, datetime.now(UTC)):
            await self.queue.send(Work.check_later(ref, seconds).to_message(), delay=seconds)
        return end

    async def _work(
        self, picture: ImageBlob, stored: StoredRecord | None, brief: Brief, make: Maker, made: _Made
    ) -> Record | Skip:
        ref = picture.ref
        async with self.memory.reserve_when_free(min(picture.size, self.max_bytes)) as reservation:
            content = await reading.read(self.images, picture, self.max_bytes)
            content.reservation = reservation
            content.beside = await self._xmp_sidecars.beside(ref)
            await self._invalidate(ref, *(record for record in made.values() if record.source.sha256 != content.sha256))
            brief = precedence.asked(picture, content, stored, brief.about(picture), self.models)
            if precedence.unchanged(picture, content, stored, brief):
                return Skip(SkipReason.UNCHANGED, "its record is complete")
            origin = partial(origin_of, picture, self.blob_filter, self.records)
            record = await self.image_describer.record_of(picture, content, stored, brief, make, origin)
        record = self._flagged(record, picture)
        written = await self._write(ref, record, stored)
        await self._publish(picture, written, stored)
        marked = await self._mark(picture, written)
        if marked != written:
            await self.topic.publish(marked)
        await self.records.verify_unchanged(ref, marked)
        return marked.record

    async def _passed_over(self, picture: ImageBlob, stored: StoredRecord | None, companion: Companion) -> Skip:
        """Skip a file that is not a picture; delete the record of an earlier picture unless a person edited it."""
        if stored:
            await self._invalidate(picture.ref, stored.record)
            if not has_words_of_people(stored.record):
                await self.records.delete(picture.ref, stored)
        return Skip(SkipReason.NOT_A_PICTURE, companion.what, picture.etag)

    async def _write(self, ref: ImageRef, record: Record, stored: StoredRecord | None) -> StoredRecord:
        if stored and stored.record == record:
            return stored
        if stored:
            await self._invalidate_keys(ref, shared_keys(stored.record) - shared_keys(record))
        return await self.records.write(ref, record, replaces=stored)

    async def _publish(self, picture: ImageBlob, written: StoredRecord, stored: StoredRecord | None) -> None:
        """Publish a new record, or a stored one that may never have been published.

        The process that wrote a stored record may have stopped before publishing; only the mark proves that it did. So
        the record is published again, with the same id, in each round that goes on to the mark. While a lease prevents
        the mark, it is not published, since the work comes back until the lease has ended. If nothing is ever marked
        (see `_marks`), each further event publishes again.

        Raises:
            Transient: a lease prevents the mark.
        """
        if written is stored and picture.leased and self._marks(written.record):
            raise Transient(
                "The record is written; another client's lease prevents marking the picture, which is retried"
            )
        await self.topic.publish(written)

    def _flagged(self, record: Record, picture: ImageBlob) -> Record:
        """Flag a record whose picture is known to take no metadata, before it is written and published.

        The flag is removed if only an earlier version of the blob could not be marked.
        """
        if picture.refusal and self.write_metadata:
            return record if NOT_MARKED in record.flags else _with_flags(record, *record.flags, NOT_MARKED)
        if NOT_MARKED not in record.flags or record.source.etag == picture.etag:
            return record
        source = record.source.model_copy(update={"etag": picture.etag})
        unflagged = _with_flags(record, *(flag for flag in record.flags if flag != NOT_MARKED))
        return unflagged.model_copy(update={"source": source})

    def _marks(self, record: Record) -> bool:
        return self.write_metadata and NOT_MARKED not in record.flags

    async def _invalidate(self, ref: ImageRef, *records: Record) -> None:
        """Remove cached answers about bytes that no picture has any more."""
        await self._invalidate_keys(ref, {key for record in records for key in shared_keys(record)})

    async def _invalidate_keys(self, ref: ImageRef, keys: Iterable[str]) -> None:
        for key in keys:
            await self.records.invalidate(ref.container, key)

    async def _mark(self, picture: ImageBlob, written: StoredRecord) -> StoredRecord:
        if not self._marks(written.record) or await mark(self.images, picture, written):
            return written
        flagged = _with_flags(written.record, *written.record.flags, NOT_MARKED)
        return await self.records.write(picture.ref, flagged, replaces=written)


async def mark(images: Images, picture: ImageBlob, written: StoredRecord) -> bool:
    """Copy a record into its picture's metadata; False if the metadata cannot be written or has no room for it."""
    name = sidecar_name(picture.ref)
    pairs = metadata.merged(picture.metadata, written.record, etag=written.etag, sidecar=name)
    return pairs is not None and await images.set_metadata(picture, pairs)


async def origin_of(picture: ImageBlob, blob_filter: BlobFilter, records: Records) -> StoredRecord | None:
    """Return the record of another name that the picture's metadata refers to, if this version can read it."""
    other = blob_filter.origin(picture)
    with suppress(Newer):
        return await records.read(other) if other else None
    return None


def _with_flags(record: Record, *flags: str) -> Record:
    return record.model_copy(update={"flags": flags})
