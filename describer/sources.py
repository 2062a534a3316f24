"""Where a caller's picture comes from, and how its bytes are had."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from describer.addresses import shown
from describer.errors import Absent, OffLimits, Refused, Superseded, TooLarge, Transient
from describer.events import ImageRef
from describer.ports import Content, Images, Picture, Web
from describer.room import Room
from describer.watch import Watch

_FETCHES: Final = 4
"""At a time: nobody knows how large a picture is before it is there."""


@dataclass(frozen=True, slots=True)
class Upload:
    """Bytes that the caller brought, and what they are called there. Whoever takes them in holds the room for them."""

    data: bytes
    name: str = ""


@dataclass(frozen=True, slots=True)
class Url:
    """An https: or data: URL."""

    url: str


@dataclass(frozen=True, slots=True)
class BlobOf:
    """A blob of the watched containers."""

    ref: ImageRef


type PictureSource = Upload | Url | BlobOf


class Loader:
    """Brings pictures in.

    Args:
        watch: which blobs may be read.
        images, web: the ports; see ports.py.
        room: for the bytes of URLs and blobs.
        max_bytes: larger pictures are not read.
    """

    def __init__(self, watch: Watch, images: Images, web: Web, room: Room, max_bytes: int) -> None:
        self.watch = watch
        self._images = images
        self._web = web
        self._room = room
        self._max_bytes = max_bytes
        self._fetches = asyncio.Semaphore(_FETCHES)

    @asynccontextmanager
    async def loaded(self, source: PictureSource) -> AsyncIterator[tuple[Picture, Content]]:
        """The picture and its bytes, which are held until the block ends. What is no picture is a content's refusal.

        Raises:
            Unfetchable, OffLimits, Absent: the source gives nothing, whatever it is.
            Busy, Transient, Misconfigured: not now.
        """
        match source:
            case Upload(data, name):
                yield _named(name or "upload", len(data)), await self._content(data)
            case Url(url):
                async with self._fetched(url) as content:
                    yield _named(shown(url), content.size), content
            case BlobOf(ref):
                async with self.kept(ref) as picture:
                    yield picture, await self._read(picture)

    @asynccontextmanager
    async def kept(self, ref: ImageRef) -> AsyncIterator[Picture]:
        """A blob's properties, and room for its bytes until the block ends. Raises as `look` does, and Busy."""
        picture = await self.look(ref)
        with self._room.hold(min(picture.size, self._max_bytes)):
            yield picture

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
    async def _fetched(self, url: str) -> AsyncIterator[Content]:
        async with self._fetches:
            try:
                data = await self._web.fetch(url)
            except Refused as refusal:
                yield Content(0, refusal=refusal)
                return
        with self._room.hold(len(data)):
            yield await self._content(data)

    async def _read(self, picture: Picture) -> Content:
        try:
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
