"""Pictures in Blob Storage. Setting metadata raises no BlobCreated event, so it does not trigger the app."""

import asyncio
import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobProperties, BlobType
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from describer.adapters.listing import etag_of, page_of
from describer.adapters.storage import (
    KEPT_CLIENTS,
    METADATA,
    NO_NAME,
    PROTECTED,
    absent_is_fine,
    archived,
    code_of,
    protected_stays,
    storage_errors,
)
from describer.domain.errors import DescriberError, Encrypted, InvalidName
from describer.domain.image_blob import ImageBlob, ImageContent
from describer.domain.image_ref import ImageRef
from describer.pipeline.ports import Page

_GROWING: Final = frozenset({BlobType.APPENDBLOB, BlobType.PAGEBLOB})
_UNWRITABLE: Final = frozenset({"BlobArchived"}) | PROTECTED | METADATA


@dataclass(frozen=True, slots=True)
class BlobImages:
    """Implements the ports `Images` and `Uploads` on a storage account."""

    service: BlobServiceClient
    _clients: Callable[[str, str], BlobClient] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_clients", lru_cache(KEPT_CLIENTS)(self.service.get_blob_client))

    async def get_properties(self, ref: ImageRef) -> ImageBlob | None:
        """Send one HEAD request."""
        try:
            properties = await self._properties(ref)
        except Encrypted as refusal:  # without the key, storage returns no properties
            return ImageBlob(ref, "", 0, {}, refusal=refusal)
        if properties is None:
            return None
        return _blob_of(ref, properties)

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        """Send one request; skip names that `ImageRef` rejects, as events do."""
        blobs = self.service.get_container_client(container).list_blobs(
            name_starts_with=prefix, include=["metadata"], results_per_page=limit
        )
        page = await page_of("The container", blobs, cursor)
        pictures = [picture for blob in page.items if (picture := _listed(container, blob))]
        return Page(pictures, page.cursor, len(page.items) - len(pictures))

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """Send one range request; a shorter blob is returned whole."""
        try:
            with storage_errors("The picture"):
                stream = await self._client(ref).download_blob(0, length)
                return await stream.readall()
        except DescriberError:
            return b""

    async def read(self, picture: ImageBlob) -> ImageContent:
        """Send one conditional GET, or several ranges for a large blob."""
        with storage_errors("The picture"):
            stream = await self._client(picture.ref).download_blob(
                etag=picture.etag, match_condition=MatchConditions.IfNotModified
            )
            data = await stream.readall()
        digest = await asyncio.to_thread(hashlib.sha256, data)
        return ImageContent(len(data), data, digest.hexdigest())

    async def set_metadata(self, picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        """Send one conditional Set Blob Metadata."""
        with storage_errors("The picture's metadata"):
            try:
                await self._client(picture.ref).set_blob_metadata(
                    dict(metadata), etag=picture.etag, match_condition=MatchConditions.IfNotModified
                )
            except HttpResponseError as error:
                if code_of(error) in _UNWRITABLE:
                    return False
                raise
        return True

    async def upload(self, ref: ImageRef, data: bytes) -> None:
        """Send one PUT, which raises a BlobCreated event like any upload."""
        with storage_errors("The picture"):
            await self._client(ref).upload_blob(data, overwrite=True)

    async def remove(self, ref: ImageRef) -> None:
        """Send one DELETE."""
        with protected_stays(), storage_errors("The picture"), absent_is_fine():
            await self._client(ref).delete_blob(delete_snapshots="include")

    async def _properties(self, ref: ImageRef) -> BlobProperties | None:
        with storage_errors("The picture"):
            try:
                return await self._client(ref).get_blob_properties()
            except HttpResponseError as error:
                # A 404 without the service's code comes from a proxy or a gateway; it does not prove that the blob is
                # gone.
                if code_of(error) in {"BlobNotFound", *NO_NAME}:
                    return None
                raise

    def _client(self, ref: ImageRef) -> BlobClient:
        return self._clients(ref.container, ref.name)


def _listed(container: str, blob: BlobProperties) -> ImageBlob | None:
    try:
        return _blob_of(ImageRef(container, str(blob.name)), blob)
    except InvalidName:
        return None


def _blob_of(ref: ImageRef, properties: BlobProperties) -> ImageBlob:
    return ImageBlob(
        ref,
        etag_of(properties),
        properties.size,
        properties.metadata or {},
        leased=properties.lease.status == "locked",
        refusal=archived() if properties.blob_tier == "Archive" else None,
        modified=properties.last_modified,
        grows=properties.blob_type in _GROWING,
        is_being_copied=properties.copy.status == "pending",
        tier=str(properties.blob_tier or ""),
    )
