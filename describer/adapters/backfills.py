"""Stores backfills in the container `backfills` of the app's own account.

latest                    the id of the backfill that began last
driver                    its lease allows one process at a time to queue pictures
<id>/state.json           the backfill
<id>/<chunk>.names.json   the pictures of a chunk that waits for a batch
<id>/<chunk>.answers.json what the batch answered, by the digests of the questions
<id>/<chunk>.jsonl        an append blob: a line for each processed or deferred picture of the chunk
no-pictures/<container>.txt  an append blob: a line for each blob that turned out not to be a picture
"""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from typing import Final

from azure.core import MatchConditions
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.storage.blob.aio import BlobClient, BlobLeaseClient, ContainerClient

from describer.adapters import versioned_blob
from describer.adapters.storage import code_of, storage_errors
from describer.domain.errors import Busy
from describer.domain.image_ref import ImageRef
from describer.pipeline.backfill.state import Backfill, digest_of

LEASE_SECONDS: Final = 15
"""The service's shortest lease: a killed process blocks the next one for this long."""
_LATEST: Final = "latest"
_DRIVER: Final = "driver"
_WHAT: Final = "The state of backfills"


@dataclass(frozen=True, slots=True)
class BlobBackfills:
    """The ports `Backfills` and `Stored` on one container."""

    container: ContainerClient

    async def read(self, backfill_id: str) -> Backfill | None:
        """Send one GET."""
        found = await self._get(f"{backfill_id}/state.json")
        return Backfill.model_validate_json(found[0]).model_copy(update={"etag": found[1]}) if found else None

    async def write(self, backfill: Backfill) -> Backfill:
        """Send one conditional PUT."""
        etag = await self._put(f"{backfill.id}/state.json", backfill.model_dump_json(indent=2).encode(), backfill.etag)
        return backfill.model_copy(update={"etag": etag})

    async def latest(self) -> Backfill | None:
        """Send two GETs."""
        found = await self._get(_LATEST)
        return await self.read(found[0].decode()) if found and found[0] else None

    async def begin(self, backfill: Backfill) -> Backfill:
        """Send a GET and two conditional PUTs."""
        found = await self._get(_LATEST)
        written = await self.write(backfill)
        await self._put(_LATEST, backfill.id.encode(), found[1] if found else "")
        return written

    async def report(self, chunk: str, line: str) -> None:
        """Send one Append Block; the first of a chunk creates the blob."""
        await self._append(f"{chunk}.jsonl", line)

    async def remember_no_picture(self, ref: ImageRef, etag: str) -> None:
        """Send one Append Block; the first one creates the blob."""
        await self._append(f"no-pictures/{ref.container}.txt", f"{digest_of(ref.name)} {etag}")

    async def no_pictures(self, container: str) -> Mapping[str, str]:
        """Send one GET; if a blob has several lines, the last ETag counts."""
        found = await self._get(f"no-pictures/{container}.txt")
        lines = found[0].decode().splitlines() if found else ()
        return dict(line.split(" ", 1) for line in lines if " " in line)

    async def _append(self, name: str, line: str) -> None:
        blob = self._blob(name)
        data = line.encode() + b"\n"
        with storage_errors(_WHAT):
            try:
                await blob.append_block(data)
            except HttpResponseError as error:
                if code_of(error) != "BlobNotFound":
                    raise
                with suppress(ResourceExistsError):
                    await blob.create_append_blob(match_condition=MatchConditions.IfMissing)
                await blob.append_block(data)

    async def lines(self, chunk: str) -> Sequence[str]:
        """Send one GET; a line is complete, since a block is appended as a whole."""
        found = await self._get(f"{chunk}.jsonl")
        return found[0].decode().splitlines() if found else ()

    async def put(self, chunk: str, kind: str, text: str) -> None:
        """One PUT."""
        with storage_errors(_WHAT):
            await self._blob(f"{chunk}.{kind}.json").upload_blob(text.encode(), overwrite=True)

    async def get(self, chunk: str, kind: str) -> str | None:
        """One GET."""
        found = await self._get(f"{chunk}.{kind}.json")
        return found[0].decode() if found else None

    @asynccontextmanager
    async def driving(self, max_wait: float) -> AsyncIterator[None]:
        """Hold a lease on `driver`, renewed until the block ends. Conditional writes cover the loss of a lease."""
        blob = self._blob(_DRIVER)
        ends = time.monotonic() + max_wait
        while (lease := await self._lease(blob)) is None:
            if time.monotonic() > ends:
                raise Busy("Another process is queuing the pictures of a backfill.", retry_after=LEASE_SECONDS)
            await asyncio.sleep(1)
        renewal = asyncio.create_task(_renew(lease))
        try:
            yield
        finally:
            renewal.cancel()
            with suppress(AzureError):
                await lease.release()

    async def _lease(self, blob: BlobClient) -> BlobLeaseClient | None:
        with storage_errors(_WHAT):
            with suppress(ResourceExistsError):
                await blob.upload_blob(b"", overwrite=False)
            try:
                return await blob.acquire_lease(LEASE_SECONDS)
            except HttpResponseError as error:
                if code_of(error) == "LeaseAlreadyPresent":
                    return None
                raise

    async def _put(self, name: str, data: bytes, etag: str) -> str:
        """Replace exactly the blob with this ETag, or create it; return the new ETag."""
        with storage_errors(_WHAT):
            return await versioned_blob.write(self._blob(name), data, etag)

    async def _get(self, name: str) -> tuple[bytes, str] | None:
        with storage_errors(_WHAT):
            return await versioned_blob.read(self._blob(name))

    def _blob(self, name: str) -> BlobClient:
        return self.container.get_blob_client(name)


async def _renew(lease: BlobLeaseClient) -> None:
    while True:
        await asyncio.sleep(LEASE_SECONDS / 3)
        with suppress(AzureError):
            await lease.renew()
