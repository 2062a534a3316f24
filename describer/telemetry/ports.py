"""The ports, each call in a span. Sizes are in bytes, sides in pixels; no text and no byte of a picture is told."""

from collections.abc import Mapping
from dataclasses import dataclass

from describer import vocabulary as v
from describer.events import ImageRef
from describer.image.values import PreparedImage
from describer.ports import Content, Images, Page, Picture, Records, Stored, Studio, Topic
from describer.record import Record
from describer.telemetry.instruments import Telemetry, tell, visit


@dataclass(frozen=True, slots=True)
class TracedImages:
    """The port `Images`."""

    telemetry: Telemetry
    images: Images

    async def look(self, ref: ImageRef) -> Picture | None:
        """Tells the blob's size."""
        with self.telemetry.span(v.IMAGES_LOOK) as span:
            picture = await self.images.look(ref)
            tell(span, size=picture.size if picture else None)
            return picture

    async def read(self, picture: Picture) -> Content:
        """Tells how much was read."""
        with self.telemetry.span(v.IMAGES_READ) as span:
            content = await self.images.read(picture)
            tell(span, size=content.size)
            return content

    async def mark(self, picture: Picture, metadata: Mapping[str, str]) -> bool:
        """Tells whether the metadata was written."""
        with self.telemetry.span(v.IMAGES_MARK) as span:
            written = await self.images.mark(picture, metadata)
            tell(span, written=written)
            return written


@dataclass(frozen=True, slots=True)
class TracedRecords:
    """The port `Records`."""

    telemetry: Telemetry
    records: Records

    async def read(self, ref: ImageRef) -> Stored | None:
        """Tells whether there was one. Each round of the line begins with its picture's: they are counted here."""
        if (current := visit.get()) and current.ref == ref:
            current.rounds += 1
        with self.telemetry.span(v.RECORDS_READ) as span:
            stored = await self.records.read(ref)
            tell(span, found=stored is not None)
            return stored

    async def write(self, ref: ImageRef, record: Record, *, replaces: Stored | None) -> Stored:
        """Tells the record's status."""
        with self.telemetry.span(v.RECORDS_WRITE, outcome=str(record.status)):
            return await self.records.write(ref, record, replaces=replaces)

    async def confirm(self, ref: ImageRef, stored: Stored) -> None:
        """Passes on."""
        with self.telemetry.span(v.RECORDS_CONFIRM):
            await self.records.confirm(ref, stored)

    async def delete(self, ref: ImageRef, stored: Stored) -> None:
        """Passes on."""
        with self.telemetry.span(v.RECORDS_DELETE):
            await self.records.delete(ref, stored)

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page:
        """Tells how many were found."""
        with self.telemetry.span(v.RECORDS_PAGE) as span:
            page = await self.records.page(container, prefix, cursor, limit)
            tell(span, found=len(page.stored))
            return page

    async def twin(self, container: str, key: str) -> Record | None:
        """Tells whether there was one: such a picture costs nothing."""
        with self.telemetry.span(v.RECORDS_TWIN) as span:
            twin = await self.records.twin(container, key)
            tell(span, found=twin is not None)
            return twin

    async def share(self, container: str, key: str, record: Record) -> None:
        """Passes on."""
        with self.telemetry.span(v.RECORDS_SHARE):
            await self.records.share(container, key, record)

    async def unshare(self, container: str, key: str) -> None:
        """Passes on."""
        with self.telemetry.span(v.RECORDS_UNSHARE):
            await self.records.unshare(container, key)


@dataclass(frozen=True, slots=True)
class TracedStudio:
    """The port `Studio`."""

    telemetry: Telemetry
    studio: Studio

    async def prepare(self, data: bytes, *, model: str, detail: str, max_tokens: int | None = None) -> PreparedImage:
        """Tells what came and what the model is shown."""
        with self.telemetry.span(v.IMAGE_PREPARE, file_size=len(data)) as span:
            image = await self.studio.prepare(data, model=model, detail=detail, max_tokens=max_tokens)
            tell(span, size=len(image.jpeg), width=image.width, height=image.height, notes=image.notes)
            if header := image.header:
                tell(span, format=header.format, file_width=header.width, file_height=header.height)
                tell(span, frames=header.frames)
            return image


@dataclass(frozen=True, slots=True)
class TracedTopic:
    """The port `Topic`."""

    telemetry: Telemetry
    topic: Topic

    async def announce(self, stored: Stored) -> None:
        """Passes on."""
        with self.telemetry.span(v.TOPIC_ANNOUNCE):
            await self.topic.announce(stored)
