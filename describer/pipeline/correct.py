"""Corrections by people, from any entry point: the sidecar first, then the event, then the picture's metadata.

A message to look at the picture again is queued before anything is written. If the app is ended in between, or storage
refuses a later step, that message brings the rest to its end; if all went well, it finds nothing to do.
"""

import logging
from dataclasses import dataclass
from typing import Final

from describer.domain import dates, metadata
from describer.domain.correction import Correction
from describer.domain.errors import Conflict, InvalidRequest, Misconfigured, NotFound, Outdated, Transient
from describer.domain.evidence import Evidence
from describer.domain.image_blob import ImageBlob, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.domain.record import Record
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.events import Work
from describer.pipeline.pipeline import NOT_MARKED, ROUNDS
from describer.pipeline.ports import Images, Queue, Records, Topic

RECONCILED_AFTER: Final = 60.0
"""Seconds until the queued message is received: a correction takes less."""
ANY: Final = ("*",)
"""The ETags of a caller who corrects whatever stands."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Corrector:
    """Writes what people say of a record.

    Args:
        blob_filter: which blobs are ours.
        images, records, topic, queue: the ports; see ports.py. The queue is `image-work`.
        write_metadata: False leaves pictures untouched.
        keeps_reviewers: whether it is kept who corrected.
    """

    blob_filter: BlobFilter
    images: Images
    records: Records
    topic: Topic
    queue: Queue
    write_metadata: bool = True
    keeps_reviewers: bool = False

    def check(self, correction: Correction) -> None:
        """Refuse a correction that the settings do not allow.

        Raises:
            InvalidRequest: it says who corrects.
        """
        if correction.reviewed_by and not self.keeps_reviewers:
            sentence = "It is not kept who corrects; leave it out, or set REVIEWED_BY=true in the app's settings."
            raise InvalidRequest(sentence, field="reviewed_by")

    async def correct(self, ref: ImageRef, correction: Correction, if_match: tuple[str, ...] = ANY) -> StoredRecord:
        """Return the record as it stands afterwards; where it says all that already, nothing is written.

        Args:
            ref: the picture.
            correction: what is to be changed.
            if_match: ETags of the record that the person saw, in quotes; `*` stands for any.

        Raises:
            InvalidRequest: there is nothing of that kind to change.
            NotFound: there is no record, or no picture any more.
            Outdated: the record is another one by now.
            Transient, Misconfigured: not now; nothing was written.
        """
        self.check(correction)
        for _ in range(ROUNDS):
            stored = await self._stored(ref, if_match)
            picture = await self.images.get_properties(ref)
            if picture is None:
                raise NotFound("There is no such blob any more.")
            known = Evidence(picture, picture.size, None, stored)
            corrected = correction.applied(known.previous or stored.record)
            if corrected in (stored.record, known.previous):
                return stored
            await self.queue.send(Work.first(ref).to_message(), delay=RECONCILED_AFTER)
            try:
                written = await self.records.write(ref, corrected.after(*known.replaced), replaces=stored)
            except Conflict:
                continue
            await self._finish(picture, written, is_of_picture=known.here)
            return written
        raise Transient("the record changed each time it was about to be corrected")

    async def _stored(self, ref: ImageRef, if_match: tuple[str, ...]) -> StoredRecord:
        stored = await self.records.read(ref) if self.blob_filter.covers(ref) else None
        if stored is None:
            raise NotFound("There is no record of this blob.")
        if if_match != ANY and stored.etag not in if_match:
            raise Outdated(
                "The record has changed since you read it.",
                current=_facts(stored.etag, stored.record),
                given=_seen(stored.record, if_match),
            )
        return stored

    async def _finish(self, picture: ImageBlob, written: StoredRecord, *, is_of_picture: bool) -> None:
        try:
            await self.topic.publish(written)
            if is_of_picture:
                await self._mark(picture, written)
        except (Conflict, Transient, Misconfigured) as fault:
            _log.warning("correction.unfinished", extra={"picture": picture.ref, "reason": fault.message})

    async def _mark(self, picture: ImageBlob, written: StoredRecord) -> None:
        if not self.write_metadata or picture.refusal or NOT_MARKED in written.record.flags:
            return
        name = sidecar_name(picture.ref)
        pairs = metadata.merged(picture.metadata, written.record, etag=written.etag, sidecar=name)
        if pairs is not None:
            await self.images.set_metadata(picture, pairs)


def _seen(record: Record, etags: tuple[str, ...]) -> dict[str, str]:
    """Return what the history still has of the version that the caller saw."""
    for line in record.history:
        if line.record and f'"{line.record}"' in etags:
            facts = {"at": dates.written(line.at), "status": line.status, "review": line.review}
            return {"etag": f'"{line.record}"', **facts, "alt_text": line.alt_text}
    return {"etag": ", ".join(etags)[:200]}


def _facts(etag: str, record: Record) -> dict[str, str]:
    facts = {"at": dates.written(record.at), "status": record.status, "review": record.review}
    return {"etag": etag, **facts, "alt_text": record.alt_text}
