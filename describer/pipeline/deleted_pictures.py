"""Records of pictures that are gone: removed, unless a person wrote in them; those are kept for a time."""

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
"""DELETED_RETENTION_DAYS as it comes."""


class Fate(StrEnum):
    """What becomes of the record of a picture that is gone."""

    REMOVED = "removed"
    """It had only the model's texts."""
    KEPT = "kept"
    """A person wrote in it: it is marked, and waits for the picture to come back."""
    EXPIRED = "expired"
    """It was kept for as long as the settings say, and is removed."""


@dataclass(frozen=True, slots=True)
class Orphan:
    """A record without its picture."""

    ref: ImageRef
    fate: Fate


@dataclass(frozen=True, slots=True)
class DeletedPictures:
    """Settles what becomes of records whose picture is gone.

    Args:
        images: the port.
        records: the port.
        retention: how long a record with a person's words is kept.
        now: gives the time.
    """

    images: Images
    records: Records
    retention: timedelta
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def orphans(self, container: str, prefix: str = "", *, write: bool) -> AsyncGenerator[Orphan]:
        """The records of the container whose picture is gone, and what becomes of each; with `write` it is done.

        The listings are compared, and for each candidate the picture is looked for again. A record that somebody else
        changes meanwhile, or that this version cannot read, is passed over.
        """
        async for pair in compared(self.images, self.records, container, prefix):
            if pair.picture is None and pair.record and await self.images.get_properties(pair.record.ref) is None:
                with suppress(Conflict, Newer, NotOurs, RecordUnreadable):
                    if orphan := await self._orphan(pair.record.ref, write=write):
                        yield orphan

    async def _orphan(self, ref: ImageRef, *, write: bool) -> Orphan | None:
        stored = await self.records.read(ref)
        if stored is None:
            return None
        return Orphan(ref, await self.settle(ref, stored) if write else self.fate(stored.record))

    def fate(self, record: Record) -> Fate:
        """What becomes of the record of a picture that is gone."""
        if not has_words_of_people(record):
            return Fate.REMOVED
        is_over = record.deleted_at is not None and self.now() - record.deleted_at >= self.retention
        return Fate.EXPIRED if is_over else Fate.KEPT

    async def settle(self, ref: ImageRef, stored: StoredRecord) -> Fate:
        """Do it, and withdraw what copies share of the record.

        Raises:
            Conflict: the record changed meanwhile, or the picture came back.
        """
        fate = self.fate(stored.record)
        for key in shared_keys(stored.record):
            await self.records.invalidate(ref.container, key)
        if fate is not Fate.KEPT:
            await self.records.delete(ref, stored)
        elif stored.record.deleted_at is None:
            marked = stored.record.model_copy(update={"deleted_at": self.now()})
            await self.records.write(ref, marked, replaces=stored)
        if await self.images.get_properties(ref):
            raise Conflict("the blob came back before its sidecar was deleted")
        return fate


def shared_keys(known: DescriptionState) -> set[str]:
    """Under which copies may share what a record, or a line of its history, holds."""
    return {shared_key(known.source.sha256, answer.fingerprint) for answer in answers_of(known)}
