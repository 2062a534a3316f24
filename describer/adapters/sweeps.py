"""Where sweeps are kept: the container `sweeps` of the app's own account.

latest                    the name of the sweep that was begun last
driver                    whose lease lets one process queue pictures at a time
<id>/state.json           the sweep
<id>/<chunk>.names.json   the pictures of a chunk that waits for a batch
<id>/<chunk>.answers.json what the batch answered, by the digests of the questions
<id>/<chunk>.jsonl        an append blob: a line for each picture of the chunk that has ended or was put off
no-pictures/<container>.txt  an append blob: a line for each blob that was found to be no picture
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
from describer.pipeline.sweep.state import Sweep, digest_of

LEASE_SECONDS: Final = 15
"""The service's shortest lease: a process that is killed bars the next one no longer than this."""
_LATEST: Final = "latest"
_DRIVER: Final = "driver"
_WHAT: Final = "the state of sweeps"


@dataclass(frozen=True, slots=True)
class BlobSweeps:
    """The ports `Sweeps` and `Stored` on one container."""

    container: ContainerClient

    async def read(self, sweep_id: str) -> Sweep | None:
        """One GET."""
        found = await self._get(f"{sweep_id}/state.json")
        return Sweep.model_validate_json(found[0]).model_copy(update={"etag": found[1]}) if found else None

    async def write(self, sweep: Sweep) -> Sweep:
        """One conditional PUT."""
        etag = await self._put(f"{sweep.id}/state.json", sweep.model_dump_json(indent=2).encode(), sweep.etag)
        return sweep.model_copy(update={"etag": etag})

    async def latest(self) -> Sweep | None:
        """Two GETs."""
        found = await self._get(_LATEST)
        return await self.read(found[0].decode()) if found and found[0] else None

    async def begin(self, sweep: Sweep) -> Sweep:
        """Two conditional PUTs."""
        found = await self._get(_LATEST)
        written = await self.write(sweep)
        await self._put(_LATEST, sweep.id.encode(), found[1] if found else "")
        return written

    async def report(self, chunk: str, line: str) -> None:
        """One Append Block; the first of a chunk creates the blob."""
        await self._append(f"{chunk}.jsonl", line)

    async def remember_no_picture(self, ref: ImageRef, etag: str) -> None:
        """One Append Block, likewise."""
        await self._append(f"no-pictures/{ref.container}.txt", f"{digest_of(ref.name)} {etag}")

    async def no_pictures(self, container: str) -> Mapping[str, str]:
        """One GET; of a blob that was found so several times, the last ETag counts."""
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
        """One GET; a line that is being written is not cut, as a block is there or is not."""
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
    async def driving(self, patience: float) -> AsyncIterator[None]:
        """A lease on `driver`, renewed until the block ends. Should it be lost, conditional writes still keep order."""
        blob = self._blob(_DRIVER)
        ends = time.monotonic() + patience
        while (lease := await self._lease(blob)) is None:
            if time.monotonic() > ends:
                raise Busy("Another process is queueing the pictures of a sweep.", retry_after=LEASE_SECONDS)
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
        """Replace exactly the blob with this ETag, or write where none is; gives the new ETag."""
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
