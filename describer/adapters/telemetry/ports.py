"""The ports with a span per call. Sizes are in bytes, sides in pixels; no text and no bytes are recorded."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from describer.adapters.telemetry.instruments import Telemetry, set_attributes, visit
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.record import Record
from describer.pipeline import vocabulary as v
from describer.pipeline.ports import ImagePreparer, Images, Page, Records, Topic
from describer.vision.imaging.values import PreparedImage


@dataclass(frozen=True, slots=True)
class TracedImages:
    telemetry: Telemetry
    images: Images

    async def get_properties(self, ref: ImageRef) -> ImageBlob | None:
        call = self.images.get_properties(ref)
        return await self.telemetry.traced(
            v.IMAGES_PROPERTIES, call, size=lambda picture: picture.size if picture else None
        )

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        call = self.images.page(container, prefix, cursor, limit)
        return await self.telemetry.traced(v.IMAGES_PAGE, call, found=lambda page: len(page.items))

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """Read without a span."""
        return await self.images.head(ref, length)

    async def read(self, picture: ImageBlob) -> ImageContent:
        call = self.images.read(picture)
        return await self.telemetry.traced(v.IMAGES_READ, call, size=lambda content: content.size)

    async def set_metadata(self, picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        call = self.images.set_metadata(picture, metadata)
        return await self.telemetry.traced(v.IMAGES_SET_METADATA, call, written=bool)


@dataclass(frozen=True, slots=True)
class TracedRecords:
    telemetry: Telemetry
    records: Records

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        """Record whether there is one, and count the pipeline's rounds, each of which begins with this call."""
        if (current := visit.get()) and current.ref == ref:
            current.rounds += 1
        call = self.records.read(ref)
        return await self.telemetry.traced(v.RECORDS_READ, call, found=bool)

    async def write(self, ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        with self.telemetry.span(v.RECORDS_WRITE, outcome=str(record.status)):
            return await self.records.write(ref, record, replaces=replaces)

    async def verify_unchanged(self, ref: ImageRef, stored: StoredRecord) -> None:
        await self.telemetry.traced(v.RECORDS_VERIFY, self.records.verify_unchanged(ref, stored))

    async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
        await self.telemetry.traced(v.RECORDS_DELETE, self.records.delete(ref, stored))

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        call = self.records.page(container, prefix, cursor, limit)
        return await self.telemetry.traced(v.RECORDS_PAGE, call, found=lambda page: len(page.items))

    async def find_cached(self, container: str, key: str) -> Record | None:
        """Record whether there is one; such a picture costs nothing."""
        call = self.records.find_cached(container, key)
        return await self.telemetry.traced(v.RECORDS_FIND_CACHED, call, found=bool)

    async def cache(self, container: str, key: str, record: Record) -> None:
        await self.telemetry.traced(v.RECORDS_CACHE, self.records.cache(container, key, record))

    async def invalidate(self, container: str, key: str) -> None:
        await self.telemetry.traced(v.RECORDS_INVALIDATE, self.records.invalidate(container, key))

    async def expire_cached(self, container: str, before: datetime) -> int:
        call = self.records.expire_cached(container, before)
        return await self.telemetry.traced(v.RECORDS_EXPIRE_CACHED, call, found=int)


@dataclass(frozen=True, slots=True)
class TracedPreparer:
    telemetry: Telemetry
    preparer: ImagePreparer

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        """Record the file's header and the prepared picture's size."""
        with self.telemetry.span(v.IMAGE_PREPARE, file_size=len(data)) as span:
            image = await self.preparer.prepare(data, model=model, detail=detail, max_tokens=max_tokens)
            set_attributes(span, size=len(image.jpeg), width=image.width, height=image.height, notes=image.notes)
            if header := image.header:
                set_attributes(span, format=header.format, file_width=header.width, file_height=header.height)
                set_attributes(span, frames=header.frames)
            return image


@dataclass(frozen=True, slots=True)
class TracedTopic:
    telemetry: Telemetry
    topic: Topic

    async def publish(self, stored: StoredRecord) -> None:
        await self.telemetry.traced(v.TOPIC_PUBLISH, self.topic.publish(stored))
