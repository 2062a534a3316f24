"""Where a caller's picture comes from, and how its bytes are had."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

from describer.addresses import shown
from describer.errors import Absent, OffLimits, Refused, Superseded, TooLarge, Transient
from describer.events import ImageRef
from describer.memory_budget import MIN_RESERVATION, MemoryBudget
from describer.ports import Content, Images, Picture, Web
from describer.watch import Watch


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that the caller brought, and what they are called there. Whoever takes them in reserves the memory."""

    data: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class Readable:
    """Bytes that can be read at any time, such as those of a file: they are read when there is memory for them.

    Args:
        size: in bytes.
        read: reads them; called in a thread. What it raises is raised.
        name: what they are called there.
    """

    size: int
    read: Callable[[], bytes]
    name: str


@dataclass(frozen=True, slots=True)
class Url:
    """An https: or data: URL.

    Args:
        reserved: whoever took it in holds the memory for a picture in it too.
    """

    url: str
    reserved: bool = False

    @property
    def holds_picture(self) -> bool:
        """Whether it is a `data:` URL."""
        return self.url[:5].lower() == "data:"


@dataclass(frozen=True, slots=True)
class BlobOf:
    """A blob of the watched containers."""

    ref: ImageRef


type PictureSource = Upload | Readable | Url | BlobOf


class Loader:
    """Brings pictures in.

    Args:
        watch: which blobs may be read.
        images, web: the ports; see ports.py.
        memory: for the bytes of URLs, blobs and files. The latter two wait for it.
        max_bytes: larger pictures are not read.
    """

    def __init__(self, watch: Watch, images: Images, web: Web, memory: MemoryBudget, max_bytes: int) -> None:
        self.watch = watch
        self._images = images
        self._web = web
        self._memory = memory
        self._max_bytes = max_bytes

    @asynccontextmanager
    async def loaded(self, source: PictureSource) -> AsyncIterator[tuple[Picture, Content]]:
        """The picture and its bytes, until the block ends or `Content.release`. What is no picture is a refusal in it.

        Raises:
            Unfetchable, OffLimits, Absent: the source gives nothing, whatever it is.
            Busy, Transient, Misconfigured: not now.
        """
        match source:
            case Upload(data, name):
                yield _named(name or "upload", len(data)), await self._content(data)
            case Url():
                async with self._fetched(source) as content:
                    yield _named(shown(source.url), content.size), content
            case Readable(size, read, name):
                async with self._memory.reserve_when_free(min(size, self._max_bytes)) as reservation:
                    content = await self._from_file(size, read)
                    content.reservation = reservation
                    yield _named(name, content.size), content
            case BlobOf(ref):
                picture = await self.look(ref)
                async with self._memory.reserve_when_free(min(picture.size, self._max_bytes)) as reservation:
                    content = await self._read(picture)
                    content.reservation = reservation
                    yield picture, content

    async def look(self, ref: ImageRef) -> Picture:
        """The blob's properties.

        Raises:
            OffLimits: it is not of the watched containers, or its owner keeps it from the model.
            Absent: there is no such blob.
        """
        if skip := self.watch.skips_name(ref):
            raise OffLimits(f"This blob is off limits: {skip.detail}.")
        picture = await self._images.look(ref)
        if picture is None:
            raise Absent("There is no such blob.")
        if skip := self.watch.skips_picture(picture):
            raise OffLimits(f"This blob is off limits: {skip.detail}.")
        return picture

    @asynccontextmanager
    async def _fetched(self, source: Url) -> AsyncIterator[Content]:
        with self._memory.try_reserve(MIN_RESERVATION) as reservation:
            try:
                extend = _counted_already if source.reserved else reservation.extend
                content = await self._content(await self._web.fetch(source.url, extend))
            except Refused as refusal:
                content = Content(0, refusal=refusal)
            content.reservation = reservation
            yield content

    async def _from_file(self, size: int, read: Callable[[], bytes]) -> Content:
        if size > self._max_bytes:
            return Content(size, refusal=self._too_large(size))
        return await self._content(await asyncio.to_thread(read))

    async def _read(self, picture: Picture) -> Content:
        try:
            if picture.refusal:
                raise picture.refusal
            if picture.size > self._max_bytes:
                raise self._too_large(picture.size)
            return await self._images.read(picture)
        except Refused as refusal:
            return Content(picture.size, refusal=refusal)
        except Superseded as race:
            raise Transient("the picture changed while it was read") from race

    async def _content(self, data: bytes) -> Content:
        if len(data) > self._max_bytes:
            return Content(len(data), refusal=self._too_large(len(data)))
        digest = await asyncio.to_thread(hashlib.sha256, data)
        return Content(len(data), data, digest.hexdigest())

    def _too_large(self, size: int) -> TooLarge:
        return TooLarge(f"The picture has {size:,} bytes; MAX_IMAGE_MB allows {self._max_bytes:,}.")


def _named(name: str, size: int) -> Picture:
    return Picture(ImageRef("", name), "", size, {})


def _counted_already(_size: int) -> None:
    """Whoever brought it holds the memory."""
