"""The sidecars in Blob Storage, and beside them, under `_content/`, what twins may share."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, cast

from azure.core import MatchConditions
from azure.core.async_paging import AsyncPageIterator
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobProperties, ContentSettings
from azure.storage.blob.aio import BlobClient, ContainerClient

from describer.adapters.storage import NO_NAME, absent_is_fine, code_of, protected_stays, storage_errors
from describer.domain.errors import (
    Archived,
    Conflict,
    Encrypted,
    ImageRejected,
    InvalidRequest,
    Misconfigured,
    Newer,
    RecordUnreadable,
)
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.naming import shared_name, sidecar_name
from describer.domain.record import NewerRecord, Record
from describer.pipeline.ports import Page

_UNREADABLE: Final[dict[type[ImageRejected], str]] = {
    Archived: "is in the archive tier; move it to another tier, and leave the descriptions out of the rule behind it",
    Encrypted: "is encrypted with a key that the app does not have; store it without one",
}


class _NotOurs(Misconfigured):
    """A file of somebody else's lies where a sidecar belongs."""


@contextmanager
def _errors() -> Iterator[None]:
    try:
        with storage_errors("the sidecar"):
            yield
    except (Archived, Encrypted) as error:
        raise RecordUnreadable(f"the sidecar {_UNREADABLE[type(error)]}") from error


@dataclass(frozen=True, slots=True)
class BlobRecords:
    """The port `Records` on the descriptions container."""

    container: ContainerClient

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        """One GET."""
        return await self._read(sidecar_name(ref))

    async def write(self, ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        """One conditional PUT: in the place of exactly `replaces`, or where nothing is."""
        return await self._write(sidecar_name(ref), record, replaces)

    async def verify_unchanged(self, ref: ImageRef, stored: StoredRecord) -> None:
        """One HEAD."""
        name = sidecar_name(ref)
        with _errors():
            properties = await self._client(name).get_blob_properties()
        if properties.etag != stored.etag:
            raise Conflict("the sidecar was replaced")

    async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
        """One conditional DELETE."""
        name = sidecar_name(ref)
        with protected_stays(), _errors():
            await self._client(name).delete_blob(
                delete_snapshots="include", etag=stored.etag, match_condition=MatchConditions.IfNotModified
            )

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page:
        """One request for the names, and one GET for each; what cannot be read as a record is passed over."""
        with storage_errors("the descriptions container"):
            blobs = self.container.list_blobs(name_starts_with=f"{container}/{prefix}", results_per_page=limit)
            pages = cast(AsyncPageIterator[BlobProperties], blobs.by_page(continuation_token=cursor or None))
            try:
                names = [str(blob.name) async for blob in await anext(pages)]
            except HttpResponseError as error:
                if cursor and error.status_code == 400:
                    raise InvalidRequest("It is none that a page gave.", field="cursor") from error
                raise
        found = await asyncio.gather(*(self._listed(name) for name in names if name.endswith(".json")))
        return Page([stored for stored in found if stored], str(pages.continuation_token or ""))

    async def find_cached(self, container: str, key: str) -> Record | None:
        """One GET; what cannot be read as a record is none: the model's answer costs less than to bring it back."""
        try:
            stored = await self._read(shared_name(container, key))
        except (Newer, RecordUnreadable, _NotOurs):
            return None
        return stored.record if stored else None

    async def cache(self, container: str, key: str, record: Record) -> None:
        """One PUT where nothing is."""
        try:
            await self._write(shared_name(container, key), record, None)
        except (Conflict, RecordUnreadable):
            return  # a twin elsewhere was faster; its answer is as good

    async def invalidate(self, container: str, key: str) -> None:
        """One DELETE."""
        name = shared_name(container, key)
        with protected_stays(), _errors(), absent_is_fine():
            await self._client(name).delete_blob(delete_snapshots="include")

    async def _listed(self, name: str) -> StoredRecord | None:
        try:
            return await self._read(name)
        except (Newer, RecordUnreadable, _NotOurs):
            return None

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
            ImageRef(record.source.container, record.source.name)  # whoever reads the record may follow it
            return StoredRecord(record, str(stream.properties.etag))
        except NewerRecord as error:
            raise Newer(f"{name!r} was written by a later version of this app and is left alone: {error}") from error
        except ValueError as error:
            sentence = "a blob in the descriptions container is no record of this app; move it away"
            raise _NotOurs(sentence, quoting=name) from error

    async def _write(self, name: str, record: Record, replaces: StoredRecord | None) -> StoredRecord:
        condition = (
            {"etag": replaces.etag, "match_condition": MatchConditions.IfNotModified, "overwrite": True}
            if replaces
            else {"overwrite": False}  # If-None-Match: *
        )
        settings = ContentSettings(content_type="application/json", cache_control="no-cache")
        with _errors():
            written = await self._client(name).upload_blob(record.to_json(), content_settings=settings, **condition)
        return StoredRecord(record, str(written["etag"]))

    def _client(self, name: str) -> BlobClient:
        return self.container.get_blob_client(name)
