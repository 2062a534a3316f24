"""Pages of a container's blobs by List Blobs."""

from typing import cast

from azure.core.async_paging import AsyncItemPaged, AsyncPageIterator
from azure.core.exceptions import HttpResponseError
from azure.storage.blob import BlobProperties

from describer.adapters.storage import storage_errors
from describer.domain.errors import InvalidRequest
from describer.domain.etag import quoted
from describer.pipeline.ports import Page


async def page_of(what: str, blobs: AsyncItemPaged[BlobProperties], cursor: str) -> Page[BlobProperties]:
    """Return the page at `cursor`, by one request.

    Args:
        what: start of an error's sentence, such as "The container"; it names no blob.
        blobs: result of `list_blobs`.
        cursor: the previous page's, or empty.

    Raises:
        InvalidRequest: the cursor is invalid.
        NotNow: see `storage_errors`.
    """
    with storage_errors(what):
        pages = cast(AsyncPageIterator[BlobProperties], blobs.by_page(continuation_token=cursor or None))
        try:
            found = [blob async for blob in await anext(pages)]
        except HttpResponseError as error:
            if cursor and error.status_code == 400:
                raise InvalidRequest("Not a cursor returned by this API.", field="cursor") from error
            raise
    return Page(found, str(pages.continuation_token or ""))


def is_folder(blob: BlobProperties) -> bool:
    """Return whether a listing of a hierarchical namespace contains this entry for a folder."""
    return (blob.metadata or {}).get("hdi_isfolder", "").lower() == "true"


def etag_of(blob: BlobProperties) -> str:
    """Return the blob's ETag in quotes, as in other responses; listings omit the quotes."""
    return quoted(str(blob.etag))
