"""Applies people's corrections: first to the sidecar, then the event, then the picture's metadata.

A message that checks the picture again is queued before anything is written. If the app stops in between or storage
rejects a later step, that message completes the correction; otherwise it finds nothing to do.
"""

import logging
from dataclasses import dataclass
from typing import Final

from describer.domain import dates
from describer.domain.correction import Correction
from describer.domain.errors import Conflict, InvalidRequest, NotFound, NotNow, Outdated, Transient
from describer.domain.etag import quoted
from describer.domain.evidence import Evidence
from describer.domain.history import DescriptionState
from describer.domain.image_blob import ImageBlob, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.events import Work
from describer.pipeline.pipeline import NOT_MARKED, ROUNDS, mark
from describer.pipeline.ports import Images, Queue, Records, Topic

CHECK_AFTER: Final = 60.0
"""Seconds until the queued message becomes visible; a correction takes less."""
ANY: Final = ("*",)
"""The `If-Match` value for any version of the record."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Corrector:
    """Writes people's corrections.

    Args:
        images, records, topic, queue: the ports; see ports.py. The queue is `image-work`.
        write_metadata: False: pictures' metadata is not written.
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
        """Apply a correction and return the record; nothing is written if it changes nothing.

        `if_match` has the ETags of the record that the person saw, in quotes; `*` means any.

        Raises:
            InvalidRequest: the record has nothing that the correction could change.
            NotFound: the record or the picture does not exist.
            Outdated: the record has changed.
            NotNow: not now; nothing was written.
        """
        self.check(correction)
        for _ in range(ROUNDS):
            stored = await self._stored(ref, if_match)
            picture = await self.images.get_properties(ref)
            if picture is None:
                raise NotFound("The blob no longer exists.")
            known = Evidence(picture, picture.size, None, stored)
            corrected = correction.applied(known.previous or stored.record)
            if corrected in (stored.record, known.previous):
                return stored
            await self.queue.send(Work.first(ref).to_message(), delay=CHECK_AFTER)
            try:
                written = await self.records.write(ref, corrected.after(*known.replaced), replaces=stored)
            except Conflict:
                continue
            await self._finish(picture, written, is_of_picture=known.here)
            return written
        raise Transient("The record changed during each attempt to correct it")

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
        except (Conflict, NotNow) as fault:
            _log.warning("correction.unfinished", extra={"picture": picture.ref, "reason": fault.message})

    async def _mark(self, picture: ImageBlob, written: StoredRecord) -> None:
        if not self.write_metadata or picture.refusal or NOT_MARKED in written.record.flags:
            return
        await mark(self.images, picture, written)


def _seen(record: Record, etags: tuple[str, ...]) -> dict[str, str]:
    """Return the facts that the history still has of the version that the caller saw."""
    for line in record.history:
        if line.record and quoted(line.record) in etags:
            return _facts(quoted(line.record), line)
    return {"etag": ", ".join(etags)[:200]}


def _facts(etag: str, known: DescriptionState) -> dict[str, str]:
    facts = {"at": dates.written(known.at), "status": known.status, "review": known.review}
    return {"etag": etag, **facts, "alt_text": known.alt_text}
