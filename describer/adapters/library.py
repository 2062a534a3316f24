"""The listing of a container, 5,000 blobs a request (the service's own limit, "List Blobs"), with their metadata."""

from dataclasses import dataclass

from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobServiceClient

from describer.adapters.listing import page_of
from describer.adapters.storage import storage_errors
from describer.domain.errors import DescriberError, InvalidName
from describer.domain.image_ref import ImageRef
from describer.pipeline.ports import MOST_LISTED
from describer.pipeline.sweep.library import ListedBlob, Listing


@dataclass(frozen=True, slots=True)
class BlobLibrary:
    """The port `Library` on one storage account."""

    service: BlobServiceClient

    async def page(self, container: str, prefix: str, cursor: str) -> Listing:
        """One request."""
        client = self.service.get_container_client(container)
        blobs = client.list_blobs(name_starts_with=prefix or None, include=["metadata"], results_per_page=MOST_LISTED)
        page = await page_of("the pictures' container", blobs, cursor)
        listed = [one for blob in page.items if (one := _listed(container, blob))]
        return Listing(listed, page.cursor, len(page.items) - len(listed))

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """One range request; the service answers with less where the blob is shorter."""
        try:
            with storage_errors("the picture"):
                stream = await self.service.get_blob_client(ref.container, ref.name).download_blob(0, length)
                return await stream.readall()
        except DescriberError:
            return b""


def _listed(container: str, blob: BlobProperties) -> ListedBlob | None:
    try:
        ref = ImageRef(container, str(blob.name))
    except InvalidName:
        return None
    return ListedBlob(ref, blob.size, blob.last_modified, blob.metadata or {}, str(blob.blob_tier or ""))
