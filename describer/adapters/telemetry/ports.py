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
    """Implements the port `Images`."""

    telemetry: Telemetry
    images: Images

    async def get_properties(self, ref: ImageRef) -> ImageBlob | None:
        """Record the blob's size."""
        with self.telemetry.span(v.IMAGES_PROPERTIES) as span:
            picture = await self.images.get_properties(ref)
            set_attributes(span, size=picture.size if picture else None)
            return picture

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        """Record the number of blobs."""
        with self.telemetry.span(v.IMAGES_PAGE) as span:
            page = await self.images.page(container, prefix, cursor, limit)
            set_attributes(span, found=len(page.items))
            return page

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """Read without a span."""
        return await self.images.head(ref, length)

    async def read(self, picture: ImageBlob) -> ImageContent:
        """Record the number of bytes."""
        with self.telemetry.span(v.IMAGES_READ) as span:
            content = await self.images.read(picture)
            set_attributes(span, size=content.size)
            return content

    async def set_metadata(self, picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        """Record whether the metadata was written."""
        with self.telemetry.span(v.IMAGES_SET_METADATA) as span:
            written = await self.images.set_metadata(picture, metadata)
            set_attributes(span, written=written)
            return written


@dataclass(frozen=True, slots=True)
class TracedRecords:
    """Implements the port `Records`."""

    telemetry: Telemetry
    records: Records

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        """Record whether there is one, and count the pipeline's rounds, each of which begins with this call."""
        if (current := visit.get()) and current.ref == ref:
            current.rounds += 1
        with self.telemetry.span(v.RECORDS_READ) as span:
            stored = await self.records.read(ref)
            set_attributes(span, found=stored is not None)
            return stored

    async def write(self, ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        """Record the record's status."""
        with self.telemetry.span(v.RECORDS_WRITE, outcome=str(record.status)):
            return await self.records.write(ref, record, replaces=replaces)

    async def verify_unchanged(self, ref: ImageRef, stored: StoredRecord) -> None:
        """Record the call."""
        with self.telemetry.span(v.RECORDS_VERIFY):
            await self.records.verify_unchanged(ref, stored)

    async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
        """Record the call."""
        with self.telemetry.span(v.RECORDS_DELETE):
            await self.records.delete(ref, stored)

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        """Record the number of records."""
        with self.telemetry.span(v.RECORDS_PAGE) as span:
            page = await self.records.page(container, prefix, cursor, limit)
            set_attributes(span, found=len(page.items))
            return page

    async def find_cached(self, container: str, key: str) -> Record | None:
        """Record whether there is one; such a picture costs nothing."""
        with self.telemetry.span(v.RECORDS_FIND_CACHED) as span:
            cached = await self.records.find_cached(container, key)
            set_attributes(span, found=cached is not None)
            return cached

    async def cache(self, container: str, key: str, record: Record) -> None:
        """Record the call."""
        with self.telemetry.span(v.RECORDS_CACHE):
            await self.records.cache(container, key, record)

    async def invalidate(self, container: str, key: str) -> None:
        """Record the call."""
        with self.telemetry.span(v.RECORDS_INVALIDATE):
            await self.records.invalidate(container, key)

    async def expire_cached(self, container: str, before: datetime) -> int:
        """Record how many there were."""
        with self.telemetry.span(v.RECORDS_EXPIRE_CACHED) as span:
            expired = await self.records.expire_cached(container, before)
            set_attributes(span, found=expired)
            return expired


@dataclass(frozen=True, slots=True)
class TracedPreparer:
    """Implements the port `ImagePreparer`."""

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
    """Implements the port `Topic`."""

    telemetry: Telemetry
    topic: Topic

    async def publish(self, stored: StoredRecord) -> None:
        """Record the call."""
        with self.telemetry.span(v.TOPIC_PUBLISH):
            await self.topic.publish(stored)
