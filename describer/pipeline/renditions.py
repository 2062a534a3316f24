"""Sizes that content systems derive of a picture: they get its texts, and the model is not asked about each.

a name that looks derived ─► is its original, or a larger size, there? ─► no: it is described as any picture
                                      │ yes, and has its record: its texts
                                      │ yes, without one: wait once, some minutes; then that one is described first
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final

from describer.domain import metadata
from describer.domain.errors import Newer, NotOurs, RecordUnreadable, Transient
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
"""After a derived picture was written, for its original to come and be described."""
RENDITION: Final = "rendition"
"""Flag of a record whose texts are those of a larger size of the picture."""
_SIBLINGS: Final = 500
"""Names that begin like the picture's, of which a larger size is chosen where there is no original."""
_TELLS: Final = ANSWERED | {Status.KEPT, Status.FILTERED}
"""Of an original: what holds for its sizes too. One that is too large, or broken, says nothing about them."""

type Describe = Callable[[ImageRef], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class LargerPictures:
    """Finds of which picture another one is a size.

    Args:
        rules: of the systems that the settings name.
        blob_filter: which blobs are ours.
        images, records: the ports.
        now: the time.
    """

    rules: Renditions
    blob_filter: BlobFilter
    images: Images
    records: Records
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))

    async def record_for(self, ref: ImageRef, describe: Describe) -> Record | None:
        """Return the record of the picture that `ref` is a size of; None if it is to be described by itself.

        Args:
            ref: any picture.
            describe: brings a picture's record up to date, if that is not done yet.

        Raises:
            Transient: the picture is so new that its original may still come, or be under way.
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
            if record and record.ended.status in _TELLS and not _is_smaller(record, derived):
                return record
        await self._wait_for(picture)
        return None

    async def _wait_for(self, picture: ImageBlob) -> None:
        """Put an upload off while it is new; callers and backfills have the original described at once instead.

        Its mark makes a picture look new again: one that has its record is new no more.
        """
        if picture.modified is None or call_context.current().priority is not Priority.BACKGROUND:
            return
        left = WAIT - (self.now() - picture.modified)
        if left > timedelta() and not await self._current(picture):
            reason = "its name looks derived, and the original may be under way"
            raise Transient(reason, retry_after=left.total_seconds())

    async def _larger(self, ref: ImageRef, derived: Derived) -> AsyncIterator[ImageBlob]:
        """Yield the originals, the largest file first, and then larger sizes, from the largest to the smallest."""
        found = await self._listed(ref, f"{derived.original}.")
        if "." in derived.original.rpartition("/")[2] and (exact := await self._properties(ref, derived.original)):
            found = [exact, *found]
        for original in sorted(found, key=lambda other: -other.size):
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
        """Return the record that is known to be about these bytes without reading them."""
        named = metadata.value(picture.metadata, metadata.RECORD)
        stored = await self._stored(picture.ref)
        if stored and (named == stored.etag.strip('"') or stored.record.source.etag == picture.etag):
            return stored.record
        return None

    async def _stored(self, ref: ImageRef) -> StoredRecord | None:
        with suppress(Newer, NotOurs, RecordUnreadable):
            return await self.records.read(ref)
        return None


def taken_from(larger: Record, picture: ImageBlob, content: ImageContent, brief: Brief) -> Record:
    """Return the record of a size of a picture: the texts of the larger one, at no cost."""
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


def _is_smaller(record: Record, derived: Derived) -> bool:
    """Whether a picture is known to be smaller than what is said to be derived of it: then it is another one."""
    sides = record.source.width, record.source.height
    if derived.sides is None or sides[0] is None or sides[1] is None:
        return False
    return max(derived.sides) > max(sides[0], sides[1]) and min(derived.sides) > min(sides[0], sides[1])
