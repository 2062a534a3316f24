"""Gives derived sizes of a picture its texts, so that the model is not asked about each size.

a name that looks derived ─► is its original, or a larger size, stored? ─► no: describe it like any picture
                                      │ yes, with a record: use its texts
                                      │ yes, without one: wait once, some minutes, then describe that one first
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from describer.domain import metadata
from describer.domain.errors import Newer, NotOurs, RecordUnreadable, Transient
from describer.domain.etag import unquoted
from describer.domain.further_languages import languages_of
from describer.domain.history import Answered, Request
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record, Usage
from describer.domain.renditions import Derived, Renditions
from describer.domain.review import ANSWERED
from describer.domain.status import Status
from describer.pipeline import call_context
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import Images, Records
from describer.pipeline.weighted_semaphore import Priority
from describer.vision.brief import Brief

WAIT: Final = timedelta(minutes=3)
"""Time after the upload of a derived picture in which its original may arrive and be described."""
RENDITION: Final = "rendition"
"""Flag of a record whose texts are a larger size's."""
_SIBLINGS: Final = 500
"""Maximum number of names with the same prefix to search for a larger size if there is no original."""
_APPLICABLE: Final = ANSWERED | {Status.KEPT, Status.FILTERED}
"""Statuses of an original that apply to its sizes too; an original that is too large or corrupt says nothing about
them.
"""

type Describe = Callable[[ImageRef], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class LargerPictures:
    """Finds the picture that another one is a smaller size of."""

    rules: Renditions
    blob_filter: BlobFilter
    images: Images
    records: Records
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    async def record_for(self, ref: ImageRef, describe: Describe) -> Record | None:
        """Return the record of the picture that `ref` is a size of, or None if it must be described by itself.

        Raises:
            Transient: the picture is so new that its original may still arrive or be in progress.
        """
        derived = self.rules.derived(ref.name)
        picture = await self.images.get_properties(ref) if derived else None
        if derived is None or picture is None or self.blob_filter.skips_picture(picture):
            return None
        async for larger in self._larger(ref, derived):
            record = await self._current(larger)
            if record is None:
                await self._wait_for(picture)
                await describe(larger.ref)
                stored = await self._stored(larger.ref)
                record = stored.record if stored else None
            if record and record.ended.status in _APPLICABLE and not _is_smaller(record, derived):
                return record
        await self._wait_for(picture)
        return None

    async def _wait_for(self, picture: ImageBlob) -> None:
        """Defer an upload while it is new; callers and backfills have the original described at once.

        Marking a picture makes it look new again; one with a record does not count as new.
        """
        if picture.modified is None or call_context.current().priority is not Priority.BACKGROUND:
            return
        left = WAIT - (self.now() - picture.modified)
        if left > timedelta() and not await self._current(picture):
            reason = "The name looks derived, and the original may still be in progress"
            raise Transient(reason, retry_after=left.total_seconds())

    async def _larger(self, ref: ImageRef, derived: Derived) -> AsyncIterator[ImageBlob]:
        """Yield the originals, those with the same extension first, then larger sizes; of each, the largest first."""
        found = await self._listed(ref, f"{derived.original}.")
        if "." in derived.original.rpartition("/")[2] and (exact := await self._properties(ref, derived.original)):
            found = [exact, *found]
        for original in sorted(found, key=lambda other: (not _same_extension(other.ref, ref), -other.size)):
            if derived.is_original(original.ref.name):
                yield original
        for prefix in derived.siblings:
            sizes = [(size, self.rules.derived(size.ref.name)) for size in await self._listed(ref, prefix)]
            larger = [(known.rank, size) for size, known in sizes if known and known.is_larger(derived)]
            for _, size in sorted(larger, key=lambda pair: -pair[0]):
                yield size

    async def _listed(self, ref: ImageRef, prefix: str) -> list[ImageBlob]:
        page = await self.images.page(ref.container, prefix, "", _SIBLINGS)
        return [other for other in page.items if self._is_ours(other) and other.ref != ref]

    async def _properties(self, ref: ImageRef, name: str) -> ImageBlob | None:
        other = await self.images.get_properties(ImageRef(ref.container, name))
        return other if other and self._is_ours(other) else None

    def _is_ours(self, picture: ImageBlob) -> bool:
        return not (self.blob_filter.skips_name(picture.ref) or self.blob_filter.skips_picture(picture))

    async def _current(self, picture: ImageBlob) -> Record | None:
        """Return the record that is about these bytes, if that is known without reading them."""
        named = metadata.value(picture.metadata, metadata.RECORD)
        stored = await self._stored(picture.ref)
        if stored and (named == unquoted(stored.etag) or stored.record.source.etag == picture.etag):
            return stored.record
        return None

    async def _stored(self, ref: ImageRef) -> StoredRecord | None:
        with suppress(Newer, NotOurs, RecordUnreadable):
            return await self.records.read(ref)
        return None


def taken_from(larger: Record, picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
    """Return the record of a derived size: the larger picture's texts, at no cost."""
    languages = languages_of(larger)
    source = larger.source.model_copy(
        update={
            "container": picture.ref.container,
            "name": picture.ref.name,
            "etag": picture.etag,
            "size": content.size,
            "sha256": content.sha256,
            "format": None,
            "width": None,
            "height": None,
        }
    )
    own = {
        "source": source,
        "flags": tuple(dict.fromkeys((*larger.flags, RENDITION))),
        "request": Request.of(brief),
        "fingerprint": brief.fingerprint,
        "answers": (Answered(languages=languages, fingerprint=brief.in_languages(languages).fingerprint),),
        "sent": None,
        "prepared": None,
        "usage": Usage(),
        "cost": None,
        "edited": False,
        "deleted_at": None,
        "history": (),
    }
    return larger.model_copy(update=own)


def _same_extension(one: ImageRef, other: ImageRef) -> bool:
    """Return whether both have the same extension: `boat.png` and `boat.avif` may be different uploads."""
    return one.name.rpartition(".")[2].lower() == other.name.rpartition(".")[2].lower()


def _is_smaller(record: Record, derived: Derived) -> bool:
    """Return whether the supposed original is smaller than the derived picture, and so is another picture."""
    sides = record.source.width, record.source.height
    if derived.sides is None or sides[0] is None or sides[1] is None:
        return False
    return max(derived.sides) > max(sides[0], sides[1]) and min(derived.sides) > min(sides[0], sides[1])
