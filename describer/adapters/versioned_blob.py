"""A small blob that several processes change: read with its version, and written only if it is still that one."""

from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob.aio import BlobClient

from describer.adapters.storage import code_of


async def read(blob: BlobClient) -> tuple[bytes, str] | None:
    """Its bytes and ETag, by one GET; None if there is none."""
    try:
        stream = await blob.download_blob()
        return await stream.readall(), str(stream.properties.etag)
    except HttpResponseError as error:
        if code_of(error) == "BlobNotFound":
            return None
        raise


async def write(blob: BlobClient, data: bytes, etag: str) -> str:
    """Replace exactly the version with this ETag, or write where none is; gives the new ETag, by one PUT."""
    condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
    written = await blob.upload_blob(data, overwrite=bool(etag), **condition)
    return str(written["etag"])
