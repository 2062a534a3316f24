"""Removes the records of deleted pictures; those with a person's text are retained for a time."""

from collections.abc import AsyncGenerator, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Final

from describer.domain.errors import Conflict, Newer, NotOurs, RecordUnreadable
from describer.domain.further_languages import answers_of
from describer.domain.history import DescriptionState
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.naming import shared_key
from describer.domain.precedence import has_words_of_people
from describer.domain.record import Record
from describer.pipeline.compare import compared
from describer.pipeline.ports import Images, Records

RETENTION: Final = timedelta(days=30)
"""Default of DELETED_RETENTION_DAYS."""
CACHED: Final = timedelta(days=30)
"""How long the answer cache keeps an answer.

If a picture is deleted between an answer and its record, no record leads to the cached answer any more. Its age does.
"""


class Fate(StrEnum):
    """The outcome for the record of a deleted picture."""

    REMOVED = "removed"
    """It has only the model's texts and is removed."""
    KEPT = "kept"
    """A person wrote in it: it is marked as deleted and retained, in case the picture comes back."""
    EXPIRED = "expired"
    """Its retention period is over, and it is removed."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A record without its picture."""

    ref: ImageRef
    fate: Fate


@dataclass(frozen=True, slots=True)
class DeletedPictures:
    """Settles the records of deleted pictures."""

    images: Images
    records: Records
    retention: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def orphans(self, container: str, prefix: str = "", *, write: bool) -> AsyncGenerator[Orphan]:
        """Yield the records without a picture and each one's fate; `write`: carry it out.

        The listings are compared, and each candidate's picture is looked up again. A record that another writer
        changes meanwhile, or that this version cannot read, is skipped.
        """
        async for pair in compared(self.images, self.records, container, prefix):
            if pair.picture is None and pair.record and await self.images.get_properties(pair.record.ref) is None:
                with suppress(Conflict, Newer, NotOurs, RecordUnreadable):
                    if orphan := await self._orphan(pair.record.ref, write=write):
                        yield orphan

    async def expire_cached(self, container: str) -> int:
        """Remove old answers from the cache and return their number."""
        return await self.records.expire_cached(container, self.now() - CACHED)

    async def _orphan(self, ref: ImageRef, *, write: bool) -> Orphan | None:
        stored = await self.records.read(ref)
        if stored is None:
            return None
        return Orphan(ref, await self.settle(ref, stored) if write else self.fate(stored.record))

    def fate(self, record: Record) -> Fate:
        """Return the fate of a deleted picture's record."""
        if not has_words_of_people(record):
            return Fate.REMOVED
        is_over = record.deleted_at is not None and self.now() - record.deleted_at >= self.retention
        return Fate.EXPIRED if is_over else Fate.KEPT

    async def settle(self, ref: ImageRef, stored: StoredRecord) -> Fate:
        """Carry out the record's fate and remove it from the answer cache. Raises Conflict."""
        fate = self.fate(stored.record)
        for key in shared_keys(stored.record):
            await self.records.invalidate(ref.container, key)
        if fate is not Fate.KEPT:
            await self.records.delete(ref, stored)
        elif stored.record.deleted_at is None:
            marked = stored.record.model_copy(update={"deleted_at": self.now()})
            await self.records.write(ref, marked, replaces=stored)
        if await self.images.get_properties(ref):
            raise Conflict("The blob came back before its sidecar was deleted")
        return fate


def shared_keys(known: DescriptionState) -> set[str]:
    """Return the keys under which the answer cache may hold a record's or history entry's content."""
    return {shared_key(known.source.sha256, answer.fingerprint) for answer in answers_of(known)}
