"""Containers and queues: there, and open to us."""

import uuid
from dataclasses import dataclass
from typing import Final

from azure.core.exceptions import AzureError, HttpResponseError
from azure.storage.blob.aio import ContainerClient
from azure.storage.queue.aio import QueueClient

from describer.adapters.storage import code_of
from describer.pipeline.ports import ProbeResult, Verdict

_CREATE: Final = "az storage {kind} create --auth-mode login --account-name {account} --name {name}"


@dataclass(frozen=True, slots=True)
class ContainerProbe:
    """Lists one blob, and tries to write where the app will.

    Args:
        setting: the one that names the container.
        writes: whether the app writes there, be it metadata only.
    """

    container: ContainerClient
    setting: str
    writes: bool

    @property
    def name(self) -> str:
        """`storage: container images`."""
        return f"storage: container {self.container.container_name}"

    async def check(self) -> ProbeResult:
        """List one blob, and set metadata on an absent one: 404 means that we may, 403 that we may not."""
        try:
            await anext(aiter(self.container.list_blobs(results_per_page=1)), None)
            if self.writes:
                await self._try_to_write()
        except AzureError as error:
            role = "Storage Blob Data Contributor" if self.writes else "Storage Blob Data Reader"
            return _faulty(error, self.container, "container", self.container.container_name, self.setting, role)
        return ProbeResult(Verdict.OK, "Readable and writable." if self.writes else "Readable.")

    async def _try_to_write(self) -> None:
        absent = self.container.get_blob_client(f"no-such-blob-{uuid.uuid4()}")
        try:
            await absent.set_blob_metadata({})
        except HttpResponseError as error:
            if code_of(error) != "BlobNotFound":
                raise


@dataclass(frozen=True, slots=True)
class QueueProbe:
    """Asks how many messages wait.

    Args:
        by_hand: whether nobody but a person reads them.
    """

    queue: QueueClient
    by_hand: bool = False

    @property
    def name(self) -> str:
        """`storage: queue image-work`."""
        return f"storage: queue {self.queue.queue_name}"

    async def check(self) -> ProbeResult:
        """Request its properties. Sending is not tested: the app would handle the message."""
        try:
            properties = await self.queue.get_queue_properties()
        except AzureError as error:
            setting, role = "AzureWebJobsStorage__queueServiceUri", "Storage Queue Data Contributor"
            return _faulty(error, self.queue, "queue", self.queue.queue_name, setting, role)
        waiting = properties.approximate_message_count or 0
        advice = "Somebody should read them: docs/operations.md, poison-messages." if self.by_hand and waiting else ""
        return ProbeResult(Verdict.OK, f"There; about {waiting} messages wait in it.", advice)


def _faulty(
    error: AzureError, client: ContainerClient | QueueClient, kind: str, name: str, setting: str, role: str
) -> ProbeResult:
    where = client.primary_hostname
    if not isinstance(error, HttpResponseError):
        advice = f"Compare {setting} with the account's address; behind private endpoints, ask from inside."
        return ProbeResult(Verdict.FAILED, f"{where} cannot be reached ({type(error).__name__}).", advice)
    if where not in getattr(getattr(error.response, "request", None), "url", ""):  # the identity's answer, or none
        return ProbeResult(Verdict.FAILED, f"Nobody is signed in for {where}.", "See the check of the identity.")
    said = f"{where} answered {error.status_code} {code_of(error) or error.reason}."
    if error.status_code == 404:
        create = _CREATE.format(kind=kind, account=client.account_name, name=name)
        return ProbeResult(
            Verdict.FAILED, f"There is no such {kind}: {said}", f"Create it, `{create}`, or mend {setting}."
        )
    if error.status_code in {401, 403}:
        advice = (
            f"Give the identity the role {role} (it takes up to ten minutes), or open the account's firewall to it."
        )
        return ProbeResult(Verdict.FAILED, said, advice)
    return ProbeResult(Verdict.FAILED, said, "Try again in a minute; then look at the account's health in the portal.")
