"""What the storage extension does between an event or a message and the call of a function.

Blob triggers share one queue in the host's account, `azure-webjobs-blobtrigger-<host id>`: the webhook fills it and a
listener works it. Its poison goes to `webjobs-blobtrigger-poison` in the account of the trigger. A queue trigger has
its own listener, and its poison goes to `<queue>-poison` beside it.
"""

import base64
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobClient
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.host import worker
from local.host.connections import Connections, resolve
from local.host.listener import QueueListener, Undecodable, put
from local.host.options import QueueOptions
from local.host.payloads import captures, container_and_name, decode
from local.host.worker import Function, Message, TypedData

log = logging.getLogger("host.triggers")

HOST_STORAGE = "AzureWebJobsStorage"
BLOB_QUEUE = "azure-webjobs-blobtrigger-{}"
HOST_ID = "AzureFunctionsWebHost__hostid"  # the app setting that gives the host its id
BLOB_POISON = "webjobs-blobtrigger-poison"
ID_PREFIX = "Host.Functions."


@dataclass(slots=True)
class BlobTriggers:
    """All blob triggers of the app, by the name with which the webhook calls them."""

    connections: Connections
    functions: dict[str, Function] = field(default_factory=dict)
    listener: QueueListener | None = None

    def add(self, function: Function) -> None:
        """Take a function with a blob trigger; its path must resolve."""
        if function.trigger.get("source") != "EventGrid":
            raise worker.IndexingFailed(
                f"{function.name}: only blob triggers whose source is Event Grid are known.", ""
            )
        resolve(function.trigger["path"])
        self.functions[ID_PREFIX + function.name] = function

    async def listen(self, options: QueueOptions) -> QueueListener:
        """Give the listener to the queue that they share."""
        queues = await self.connections.queue(HOST_STORAGE)
        name = BLOB_QUEUE.format(self.connections.settings.get(HOST_ID, "local"))
        self.listener = QueueListener(queues.get_queue_client(name), self._poison, self._work, options)
        return self.listener

    async def accept(self, function_id: str, event: Mapping[str, Any]) -> None:
        """Queue one event for a function; neither its type nor its container is looked at.

        An unknown function loses its events without a word to the sender (azure-functions-host#8802).
        """
        if function_id not in self.functions or self.listener is None:
            log.warning("An event for %r is dropped: there is no such function with a blob trigger", function_id)
            return
        data = event["data"]
        container, name = container_and_name(data["url"])
        message = {
            "Type": "BlobTrigger",
            "FunctionId": function_id,
            "BlobType": data.get("blobType"),
            "ContainerName": container,
            "BlobName": name,
            "ETag": data.get("eTag"),
        }
        await put(self.listener.queue, base64.b64encode(json.dumps(message).encode()).decode())
        self.listener.look_now()

    async def _poison(self, message: QueueMessage) -> QueueClient:
        try:
            function = self.functions.get(json.loads(decode(message.content))["FunctionId"])
        except (Undecodable, ValueError, KeyError):
            function = None
        queues = await self.connections.queue(_connection(function.trigger) if function else HOST_STORAGE)
        return queues.get_queue_client(BLOB_POISON)

    async def _work(self, message: QueueMessage) -> None:
        told = json.loads(decode(message.content))
        function = self.functions.get(told["FunctionId"])
        if function is None:
            log.warning("A message for %s is dropped: there is no such function any more", told["FunctionId"])
            return
        blobs = await self.connections.blob(_connection(function.trigger))
        blob = blobs.get_blob_client(told["ContainerName"], told["BlobName"])
        try:
            found = await blob.get_blob_properties()
        except ResourceNotFoundError:
            log.info("%s is not run: %s is gone", function.name, blob.blob_name)
            return
        await worker.invoke(function, await _content(function, blob), _blob_metadata(function, blob, found))


async def _content(function: Function, blob: BlobClient) -> Message:
    """Give a reference for an SDK type (a deferred binding), and the bytes for everything else.

    The host sends bytes to an SDK type, which then fails, where another binding has an expression in braces.
    """
    trigger = function.trigger
    others = (binding for binding in function.bindings if binding is not trigger)
    plain = not any("{" in str(value) for binding in others for value in binding.values() if isinstance(value, str))
    if plain and (trigger.get("properties") or {}).get("SupportsDeferredBinding"):
        names = {"ContainerName": blob.container_name, "BlobName": blob.blob_name}
        content = json.dumps({"Connection": _connection(trigger), **names}).encode()
        reference = Message(version="1.0", source="AzureStorageBlobs", content_type="application/json", content=content)
        return TypedData(model_binding_data=reference)
    return TypedData(bytes=await (await blob.download_blob()).readall())


def _blob_metadata(function: Function, blob: BlobClient, found: BlobProperties) -> dict[str, Message]:
    path = f"{blob.container_name}/{blob.blob_name}"
    properties = {
        "ContentLength": found.size,
        "ContentType": found.content_settings.content_type,
        "ETag": found.etag,
        "LastModified": found.last_modified,
        "CreatedOn": found.creation_time,
    }
    return {
        "BlobTrigger": TypedData(string=path),
        "Uri": worker.as_json(blob.url),
        "Properties": worker.as_json(properties),
        "Metadata": worker.as_json(found.metadata or {}),
        **{name: TypedData(string=value) for name, value in captures(resolve(function.trigger["path"]), path).items()},
    }


async def listen_to_queue(function: Function, connections: Connections, options: QueueOptions) -> QueueListener:
    """Give the listener of a function with a queue trigger."""
    name = resolve(function.trigger["queueName"])
    queues = await connections.queue(_connection(function.trigger))
    poison = queues.get_queue_client(f"{name}-poison")

    async def its_poison(_message: QueueMessage) -> QueueClient:
        return poison

    return QueueListener(queues.get_queue_client(name), its_poison, _queue_work(function, options), options)


def _queue_work(function: Function, options: QueueOptions) -> Callable[[QueueMessage], Awaitable[None]]:
    async def work(message: QueueMessage) -> None:
        text = decode(message.content) if options.base64 else message.content
        metadata = {
            "QueueTrigger": TypedData(string=text),
            "Id": TypedData(string=message.id),
            "PopReceipt": TypedData(string=message.pop_receipt),
            "DequeueCount": worker.as_json(message.dequeue_count),
            "InsertionTime": worker.as_json(message.inserted_on),
            "ExpirationTime": worker.as_json(message.expires_on),
            "NextVisibleTime": worker.as_json(message.next_visible_on),
        }
        await worker.invoke(function, TypedData(string=text), metadata)

    return work


def _connection(trigger: Mapping[str, Any]) -> str:
    return trigger.get("connection") or HOST_STORAGE
