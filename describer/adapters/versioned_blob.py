"""Optimistic concurrency on a small blob: read with its ETag, and written only if the ETag still matches."""

from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError
from azure.storage.blob.aio import BlobClient

from describer.adapters.storage import code_of


async def read(blob: BlobClient) -> tuple[bytes, str] | None:
    """Return the bytes and the ETag; None if the blob does not exist. One GET."""
    try:
        stream = await blob.download_blob()
        return await stream.readall(), str(stream.properties.etag)
    except HttpResponseError as error:
        if code_of(error) == "BlobNotFound":
            return None
        raise


async def write(blob: BlobClient, data: bytes, etag: str) -> str:
    """Replace the version with this ETag, or create the blob if the ETag is empty; return the new ETag. One PUT."""
    condition: dict[str, Any] = {"etag": etag, "match_condition": MatchConditions.IfNotModified} if etag else {}
    written = await blob.upload_blob(data, overwrite=bool(etag), **condition)
    return str(written["etag"])
