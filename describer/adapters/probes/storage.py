"""Checks that containers and queues exist and are accessible."""

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
    """Lists one blob and tests write access.

    Args:
        setting: name of the setting for the container.
        writes: whether the app writes there, possibly metadata only.
    """

    container: ContainerClient
    setting: str
    writes: bool

    @property
    def name(self) -> str:
        return f"storage: container {self.container.container_name}"

    async def check(self) -> ProbeResult:
        """List one blob, and set metadata on a missing one: 404 proves write access, 403 its absence."""
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
    """Requests the number of waiting messages. `by_hand`: whether only people read the queue."""

    queue: QueueClient
    by_hand: bool = False

    @property
    def name(self) -> str:
        return f"storage: queue {self.queue.queue_name}"

    async def check(self) -> ProbeResult:
        """Request the queue's properties. Sending is not tested, since the app would handle the message."""
        try:
            properties = await self.queue.get_queue_properties()
        except AzureError as error:
            setting, role = "AzureWebJobsStorage__queueServiceUri", "Storage Queue Data Contributor"
            return _faulty(error, self.queue, "queue", self.queue.queue_name, setting, role)
        waiting = properties.approximate_message_count or 0
        advice = "A person should read them: docs/operations.md, poison-messages." if self.by_hand and waiting else ""
        return ProbeResult(Verdict.OK, f"Accessible; messages that wait: about {waiting}.", advice)


def _faulty(
    error: AzureError, client: ContainerClient | QueueClient, kind: str, name: str, setting: str, role: str
) -> ProbeResult:
    where = client.primary_hostname
    if not isinstance(error, HttpResponseError):
        advice = f"Compare {setting} with the account's address; private endpoints are reachable from inside only."
        return ProbeResult(Verdict.FAILED, f"{where} cannot be reached ({type(error).__name__}).", advice)
    if where not in getattr(getattr(error.response, "request", None), "url", ""):  # the identity's response, or none
        return ProbeResult(Verdict.FAILED, f"No identity is signed in for {where}.", "See the check of the identity.")
    said = f"{where} answered {error.status_code} {code_of(error) or error.reason}."
    if error.status_code == 404:
        create = _CREATE.format(kind=kind, account=client.account_name, name=name)
        return ProbeResult(
            Verdict.FAILED, f"The {kind} does not exist: {said}", f"Create it, `{create}`, or correct {setting}."
        )
    if error.status_code in {401, 403}:
        advice = (
            f"Give the identity the role {role} (it takes up to ten minutes), or open the account's firewall to it."
        )
        return ProbeResult(Verdict.FAILED, said, advice)
    return ProbeResult(Verdict.FAILED, said, "Try again in a minute; then check the account's health in the portal.")
