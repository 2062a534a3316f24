"""The sidecars in Blob Storage, and the answer cache under `_content/`."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Final

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobProperties, ContentSettings
from azure.storage.blob.aio import BlobClient, ContainerClient

from describer.adapters.listing import etag_of, is_folder, page_of
from describer.adapters.storage import (
    KEPT_CLIENTS,
    NO_NAME,
    absent_is_fine,
    code_of,
    protected_stays,
    storage_errors,
)
from describer.domain.errors import (
    Archived,
    Conflict,
    Encrypted,
    ImageRejected,
    Newer,
    NotOurs,
    RecordUnreadable,
)
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry, md5_of
from describer.domain.naming import shared_name, shared_prefix, sidecar_name, sidecar_prefix
from describer.domain.record import NewerRecord, Record
from describer.pipeline.ports import Page, all_items

_UNREADABLE: Final[dict[type[ImageRejected], str]] = {
    Archived: "is in the archive tier; move it to another tier, and exclude the descriptions from the lifecycle rule",
    Encrypted: "is encrypted with a key that the app does not have; store it without one",
}

_READS: Final = 16
"""Maximum number of concurrent reads of sidecars whose listing lacks an index entry."""


@contextmanager
def _errors() -> Iterator[None]:
    try:
        with storage_errors("The sidecar"):
            yield
    except (Archived, Encrypted) as error:
        raise RecordUnreadable(f"The sidecar {_UNREADABLE[type(error)]}") from error


@dataclass(frozen=True, slots=True)
class BlobRecords:
    """Implements the port `Records` on the descriptions container."""

    container: ContainerClient
    _clients: Callable[[str], BlobClient] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_clients", lru_cache(KEPT_CLIENTS)(self.container.get_blob_client))

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        """Send one GET."""
        return await self._read(sidecar_name(ref))

    async def write(self, ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        """Send one conditional PUT that replaces exactly `replaces`, or creates the sidecar."""
        return await self._write(sidecar_name(ref), record, replaces, IndexEntry.of(ref, record))

    async def verify_unchanged(self, ref: ImageRef, stored: StoredRecord) -> None:
        """Send one HEAD."""
        name = sidecar_name(ref)
        with _errors():
            properties = await self._client(name).get_blob_properties()
        if properties.etag != stored.etag:
            raise Conflict("The sidecar was replaced")

    async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
        """Send one conditional DELETE."""
        name = sidecar_name(ref)
        with protected_stays(), _errors():
            await self._client(name).delete_blob(
                delete_snapshots="include", etag=stored.etag, match_condition=MatchConditions.IfNotModified
            )

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        """Send one request for the sidecars' metadata, and one GET for each whose metadata does not match its file."""
        blobs = self.container.list_blobs(
            name_starts_with=sidecar_prefix(container, prefix), include=["metadata"], results_per_page=limit
        )
        page = await page_of("The descriptions container", blobs, cursor)
        at_once = asyncio.Semaphore(_READS)
        sidecars = [blob for blob in page.items if str(blob.name).endswith(".json") and not is_folder(blob)]
        found = await asyncio.gather(*(self._listed(blob, at_once) for blob in sidecars))
        return Page([entry for entry in found if entry and entry.ref.name.startswith(prefix)], page.cursor)

    async def find_cached(self, container: str, key: str) -> Record | None:
        """Send one GET; unreadable records are ignored, since asking the model again costs less than a repair."""
        try:
            stored = await self._read(shared_name(container, key))
        except (Newer, RecordUnreadable, NotOurs):
            return None
        return stored.record if stored else None

    async def cache(self, container: str, key: str, record: Record) -> None:
        """Send one PUT that does not overwrite."""
        try:
            await self._write(shared_name(container, key), record, None)
        except (Conflict, RecordUnreadable):
            return  # another process stored an equally good answer first

    async def invalidate(self, container: str, key: str) -> None:
        """Send one DELETE."""
        await self._delete_cached(shared_name(container, key))

    async def expire_cached(self, container: str, before: datetime) -> int:
        """Send one listing for each 5,000, and one DELETE for each that is removed."""
        blobs, expired = self.container.list_blobs(name_starts_with=shared_prefix(container)), 0
        async for blob in all_items(lambda cursor: page_of("The descriptions container", blobs, cursor)):
            if blob.last_modified < before and str(blob.name).endswith(".json"):
                await self._delete_cached(str(blob.name))
                expired += 1
        return expired

    async def _delete_cached(self, name: str) -> None:
        with protected_stays(), _errors(), absent_is_fine():
            await self._client(name).delete_blob(delete_snapshots="include")

    async def _listed(self, blob: BlobProperties, at_once: asyncio.Semaphore) -> IndexEntry | None:
        md5 = blob.content_settings.content_md5
        entry = IndexEntry.read(str(blob.name), blob.metadata or {}, etag_of(blob), bytes(md5 or b""))
        if entry:
            return entry
        try:
            async with at_once:
                stored = await self._read(str(blob.name))
        except (Newer, RecordUnreadable, NotOurs):
            return None
        if stored is None:
            return None
        return IndexEntry.of(stored.record.source.ref, stored.record, stored.etag, is_indexed=False)

    async def _read(self, name: str) -> StoredRecord | None:
        with _errors():
            try:
                stream = await self._client(name).download_blob()
                data = await stream.readall()
            except HttpResponseError as error:
                if code_of(error) in {"BlobNotFound", *NO_NAME}:
                    return None
                raise
        try:
            record = Record.from_json(data)
            _ = record.source.ref  # raises InvalidName before readers of the record do
            return StoredRecord(record, str(stream.properties.etag))
        except NewerRecord as error:
            raise Newer(f"{name!r} was written by a later version of this app and is not changed: {error}") from error
        except ValueError as error:
            sentence = "A blob in the descriptions container is not a record of this app; move it away"
            raise NotOurs(sentence, quoting=name) from error

    async def _write(
        self, name: str, record: Record, replaces: StoredRecord | None, index: IndexEntry | None = None
    ) -> StoredRecord:
        condition = (
            {"etag": replaces.etag, "match_condition": MatchConditions.IfNotModified, "overwrite": True}
            if replaces
            else {"overwrite": False}  # If-None-Match: *
        )
        data = record.to_json()
        settings = ContentSettings("application/json", cache_control="no-cache", content_md5=bytearray(md5_of(data)))
        with _errors():
            written = await self._client(name).upload_blob(
                data, content_settings=settings, metadata=index.pairs(data) if index else {}, **condition
            )
        return StoredRecord(record, str(written["etag"]))

    def _client(self, name: str) -> BlobClient:
        return self._clients(name)
