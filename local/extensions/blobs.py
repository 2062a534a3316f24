"""Blob triggers, part 2: from a message on the internal queue to a call."""

import base64
import json
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError
from azure.storage.blob.aio import BlobClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.extensions.connections import Connections
from local.extensions.functions import HOST_STORAGE, Function
from local.extensions.invocation import CallFailed, Invoker, Trigger, as_json
from local.extensions.messages import Messages
from local.extensions.properties import as_dotnet
from local.extensions.queues import Undecodable, decode
from local.extensions.storage import ask, is_not_there

log = logging.getLogger("Microsoft.Azure.WebJobs.Extensions.Storage.Blobs.Listeners.BlobListener")

POISON = "webjobs-blobtrigger-poison"
BYTES = "byte[]"


@dataclass(frozen=True, slots=True)
class BlobMessages:
    """Processes the messages of all blob triggers of an app.

    Args:
        functions: the enabled ones, by id.
        connections: to their accounts.
        invoker: calls them.

    """

    functions: Mapping[str, Function]
    connections: Connections
    invoker: Invoker

    async def poison(self, message: QueueMessage) -> QueueClient:
        """Return the poison queue in the account of the message's function, or of the host."""
        function = self.functions.get(str(_read(message)["FunctionId"]))
        queues = await self.connections.queue(function.connection if function else HOST_STORAGE)
        return queues.get_queue_client(POISON)

    async def unreadable(self, messages: Messages, message: QueueMessage) -> bool:
        """Delete a message that is not base64."""
        try:
            decode(message.content)
        except Undecodable:
            log.warning("Invalid message in blob trigger queue %s", message.id)
            await messages.delete(message)
            return True
        return False

    async def call(self, message: QueueMessage) -> bool:
        """Read the blob's properties twice, and call the function.

        Raises:
            AzureError: the properties cannot be read; this ends the host.
            ValueError, KeyError: the message cannot be read; this ends the host.

        """
        found = _read(message)
        function = self.functions.get(str(found["FunctionId"]))
        if function is None:
            log.debug("A message for %s is dropped: no enabled function has this id", found["FunctionId"])
            return True
        blobs = await self.connections.blob(function.connection)
        blob = blobs.get_blob_client(found["ContainerName"], found["BlobName"])
        try:
            for _ in ("its type", "its metadata"):
                await ask(blob.get_blob_properties)
        except AzureError as error:
            if not is_not_there(error):
                raise
            log.debug("Blob '%s' will not be processed because the blob cannot be found.", blob.blob_name)
            return True
        reason = f"New blob detected(EventGrid): {blob.container_name}/{blob.blob_name}"
        return await self.invoker.ran_well(function, reason, lambda: _bind(function, blob))


def _read(message: QueueMessage) -> Mapping[str, Any]:
    return dict(json.loads(decode(message.content)))


async def _bind(function: Function, blob: BlobClient) -> Trigger:
    path = f"{blob.container_name}/{blob.blob_name}"
    try:
        found = await ask(blob.get_blob_properties)
        content = await _content(function, blob)
    except AzureError as error:
        raise CallFailed(f"Exception binding parameter 'trigger': {str(error).splitlines()[0]}") from None
    known = {
        "BlobTrigger": path,
        "Uri": as_json(blob.url),
        "Properties": as_json(as_dotnet(found)),
        "Metadata": as_json(found.metadata or {}),
    }
    return Trigger(content, {**known, **captures(function.path, path)})


async def _content(function: Function, blob: BlobClient) -> dict[str, str]:
    """Return the bytes if the binding needs them, else the reference from which a worker makes its client."""
    if function.bind == BYTES:
        await ask(blob.get_blob_properties)
        data = await ask(lambda: _download(blob))
        return {"bytes": base64.b64encode(data).decode()}
    names = {"Connection": function.connection, "ContainerName": blob.container_name, "BlobName": blob.blob_name}
    return {
        "version": "1.0",
        "source": "AzureStorageBlobs",
        "contentType": "application/json",
        "content": json.dumps(names, ensure_ascii=False, separators=(",", ":")),
    }


async def _download(blob: BlobClient) -> bytes:
    return await (await blob.download_blob()).readall()


def captures(pattern: str, path: str) -> dict[str, str]:
    """Return the values of a trigger's `{name}` expressions in this path; none if the path does not match."""
    parts = re.split(r"\{(\w+)\}", pattern)
    expression = "".join(f"(?P<{part}>.+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    match = re.fullmatch(expression, path, re.DOTALL)
    return match.groupdict() if match else {}
