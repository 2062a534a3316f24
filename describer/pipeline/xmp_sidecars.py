"""Reads XMP files beside pictures, and finds the pictures that a changed XMP file belongs to."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import suppress
from dataclasses import dataclass

from describer.domain import xmp_sidecar
from describer.domain.embedded import XmpSidecar
from describer.domain.errors import ImageRejected, InvalidName
from describer.domain.image_ref import ImageRef
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import MAX_LISTED, Images, all_items
from describer.vision.embedded_text.blocks import MOST
from describer.vision.embedded_text.read import packet_texts


@dataclass(frozen=True, slots=True)
class XmpSidecars:
    """Finds the XMP file of a picture and the pictures of an XMP file.

    Args:
        blob_filter: selects the readable blobs, and whether XMP files are read at all.
    """

    blob_filter: BlobFilter
    images: Images

    async def beside(self, picture: ImageRef) -> XmpSidecar | None:
        """Return the XMP file beside the picture, or None: four HEAD requests, and a GET if there is one.

        A file that is unreadable or not XMP is ignored: the picture is described without it. Raises Conflict if it was
        replaced while it was read.
        """
        if not self.blob_filter.xmp_sidecars:
            return None
        refs = [ref for name in xmp_sidecar.names_for(picture.name) if (ref := _ref(picture.container, name))]
        readable = (ref for ref in refs if self.blob_filter.is_xmp_sidecar(ref))
        found = await asyncio.gather(*(self._read(ref, picture) for ref in readable))
        return next((sidecar for sidecar in found if sidecar), None)

    async def pictures_of(self, sidecar: ImageRef) -> AsyncGenerator[ImageRef]:
        """Yield the existing pictures that an XMP file belongs to."""
        stem = sidecar.name[: -len(xmp_sidecar.SUFFIX)]
        async for picture in all_items(lambda cursor: self.images.page(sidecar.container, stem, cursor, MAX_LISTED)):
            if xmp_sidecar.is_of(sidecar.name, picture.ref.name) and not self.blob_filter.skips_name(picture.ref):
                yield picture.ref

    async def _read(self, ref: ImageRef, picture: ImageRef) -> XmpSidecar | None:
        blob = await self.images.get_properties(ref)
        if blob is None or blob.refusal or blob.is_being_copied or not 0 < blob.size <= MOST:
            return None
        if self.blob_filter.skips_picture(blob):
            return None
        with suppress(ImageRejected):
            content = await self.images.read(blob)
            packet = await asyncio.to_thread(packet_texts, content.data)
            extension = xmp_sidecar.extension(picture.name).lower()
            others = packet and packet.extension and packet.extension.lower() != extension
            if packet and content.sha256 and (not others or xmp_sidecar.names_in_full(ref.name, picture.name)):
                return XmpSidecar(ref.name, content.sha256, packet.texts)
        return None


def _ref(container: str, name: str) -> ImageRef | None:
    with suppress(InvalidName):
        return ImageRef(container, name)
    return None
