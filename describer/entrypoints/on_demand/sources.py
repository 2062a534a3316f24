"""A caller's pictures and how they are loaded."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from describer.domain import companions, settling
from describer.domain.addresses import shown
from describer.domain.embedded import XmpSidecar
from describer.domain.errors import Conflict, Excluded, ImageRejected, NotFound, Transient, Unsupported
from describer.domain.image_blob import ImageBlob, ImageContent
from describer.domain.image_ref import ImageRef
from describer.pipeline import reading
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.memory_budget import MIN_RESERVATION, MemoryBudget
from describer.pipeline.pipeline import UNSETTLED
from describer.pipeline.ports import Images, Web
from describer.pipeline.xmp_sidecars import XmpSidecars


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes from the caller and their name. The entry point that received them reserves the memory."""

    data: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class Readable:
    """Bytes that can be read at any time, such as a file's; they are read when memory is free.

    Args:
        size: in bytes.
        read: reads them; called in a thread. Its errors are passed on.
    """

    size: int
    read: Callable[[], bytes]
    name: str


@dataclass(frozen=True, slots=True)
class Url:
    """An https: or data: URL. `reserved`: whether the entry point has reserved the memory for a picture in the URL."""

    url: str
    reserved: bool = False


@dataclass(frozen=True, slots=True)
class BlobOf:
    """A blob in a watched container."""

    ref: ImageRef


type PictureSource = Upload | Readable | Url | BlobOf


class Loader:
    """Loads pictures.

    Args:
        memory: budget for the bytes of URLs, blobs and files. The latter two wait for it.
        max_bytes: larger pictures are not read.
    """

    def __init__(self, blob_filter: BlobFilter, images: Images, web: Web, memory: MemoryBudget, max_bytes: int) -> None:
        self.blob_filter = blob_filter
        self._images = images
        self._web = web
        self._memory = memory
        self._max_bytes = max_bytes

    @asynccontextmanager
    async def loaded(self, source: PictureSource) -> AsyncIterator[tuple[ImageBlob, ImageContent]]:
        """Yield the picture and its bytes, until the block ends or `release`; `refusal` says why bytes are missing.

        Raises:
            FetchFailed, Excluded, NotFound: the source provides no picture.
            NotNow: not now.
        """
        match source:
            case Upload(data, name):
                yield _named(name or "upload", len(data)), await self._content(data)
            case Url():
                async with self._fetched(source) as content:
                    yield _named(shown(source.url), content.size), content
            case Readable(size, read, name):
                async with self._memory.reserve_when_free(min(size, self._max_bytes)) as reservation:
                    content = await self._from_file(size, read, name)
                    content.reservation = reservation
                    yield _named(name, content.size), content
            case BlobOf(ref):
                picture = await self.get_properties(ref)
                if companion := await reading.companion_of(self._images, picture):
                    yield picture, ImageContent(picture.size, refusal=Unsupported(companion.sentence))
                    return
                async with self._memory.reserve_when_free(min(picture.size, self._max_bytes)) as reservation:
                    content = await self._read(picture)
                    content.reservation = reservation
                    content.beside = await self._beside(ref)
                    yield picture, content

    async def get_properties(self, ref: ImageRef) -> ImageBlob:
        """Return the blob's properties.

        Raises:
            Excluded: it is outside of the watched containers, or its owner excluded it.
            NotFound: it does not exist.
        """
        if skip := self.blob_filter.skips_name(ref):
            raise Excluded(f"This blob is off limits: {skip.detail}.")
        picture = await self._images.get_properties(ref)
        if picture is None:
            raise NotFound("The blob does not exist.")
        if skip := self.blob_filter.skips_picture(picture):
            raise Excluded(f"This blob is off limits: {skip.detail}.")
        if seconds := settling.wait(picture, datetime.now(UTC)):
            raise Transient(UNSETTLED, retry_after=seconds)
        return picture

    @asynccontextmanager
    async def _fetched(self, source: Url) -> AsyncIterator[ImageContent]:
        with self._memory.try_reserve(MIN_RESERVATION) as reservation:
            try:
                extend = (lambda _size: None) if source.reserved else reservation.extend
                content = await self._content(await self._web.fetch(source.url, extend))
            except ImageRejected as refusal:
                content = ImageContent(0, refusal=refusal)
            content.reservation = reservation
            yield content

    async def _from_file(self, size: int, read: Callable[[], bytes], name: str) -> ImageContent:
        if size > self._max_bytes:
            if companion := companions.by_name(name):
                return ImageContent(size, refusal=Unsupported(companion.sentence))
            return ImageContent(size, refusal=reading.too_large(size, self._max_bytes))
        return await self._content(await asyncio.to_thread(read))

    async def _read(self, picture: ImageBlob) -> ImageContent:
        try:
            return await reading.read(self._images, picture, self._max_bytes)
        except Conflict as race:
            raise Transient("The picture changed while it was read") from race

    async def _beside(self, ref: ImageRef) -> XmpSidecar | None:
        try:
            return await XmpSidecars(self.blob_filter, self._images).beside(ref)
        except Conflict as race:
            raise Transient("The XMP file beside the picture changed while it was read") from race

    async def _content(self, data: bytes) -> ImageContent:
        if len(data) > self._max_bytes:
            return ImageContent(len(data), refusal=reading.too_large(len(data), self._max_bytes))
        digest = await asyncio.to_thread(hashlib.sha256, data)
        return ImageContent(len(data), data, digest.hexdigest())


def _named(name: str, size: int) -> ImageBlob:
    return ImageBlob(ImageRef("", name), "", size, {})
