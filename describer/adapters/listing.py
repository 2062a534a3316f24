"""Pages of a container's blobs, as List Blobs gives them."""

from typing import cast

from azure.core.async_paging import AsyncItemPaged, AsyncPageIterator
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobProperties

from describer.adapters.storage import storage_errors
from describer.domain.errors import InvalidRequest
from describer.pipeline.ports import Page


async def page_of(what: str, blobs: AsyncItemPaged[BlobProperties], cursor: str) -> Page[BlobProperties]:
    """The page to which `cursor` leads; one request.

    Args:
        what: begins the sentence of an error, such as "the container"; it names no blob.
        blobs: what `list_blobs` gave.
        cursor: of the page before, or empty.

    Raises:
        InvalidRequest: the cursor is none.
        Transient, Misconfigured: as `storage_errors` says.
    """
    with storage_errors(what):
        pages = cast(AsyncPageIterator[BlobProperties], blobs.by_page(continuation_token=cursor or None))
        try:
            found = [blob async for blob in await anext(pages)]
        except HttpResponseError as error:
            if cursor and error.status_code == 400:
                raise InvalidRequest("It is none that a page gave.", field="cursor") from error
            raise
    return Page(found, str(pages.continuation_token or ""))


def is_folder(blob: BlobProperties) -> bool:
    """Whether this is how an account with a hierarchical namespace lists a folder."""
    return (blob.metadata or {}).get("hdi_isfolder", "").lower() == "true"


def etag_of(blob: BlobProperties) -> str:
    """The blob's ETag in quotes, as every other answer has it: listings leave them out."""
    return f'"{str(blob.etag).strip('"')}"'
