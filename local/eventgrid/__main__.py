"""Subscribe to one storage account's events and deliver them.

    EVENTGRID_ENDPOINT=<webhook with its key> python -m local.eventgrid --log FILE --account NAME --blob-service URL
        [--queue URL] [--schema S] [--event-type T ...] [--subject-begins-with P ...]

It follows Azurite's access log, looks each written blob up with the managed identity, and sends one event a request or
a message: to the webhook, or with `--queue` to that storage queue, with the managed identity as well.
"""

import argparse
import asyncio
import os
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.identity.aio import ManagedIdentityCredential
from azure.storage.blob.aio import BlobClient, BlobServiceClient
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from local.accesslog import Change, end_of, follow, parse
from local.eventgrid import ACTIVE, events
from local.eventgrid.destinations import Destination, StorageQueue, Webhook
from local.eventgrid.events import CREATED, DELETED, Schema
from local.eventgrid.subscription import Subscription

ANSWERED = 30.0  # seconds that Event Grid waits for a webhook's answer


async def run(options: argparse.Namespace) -> None:
    """Subscribe, then deliver all later changes, until cancelled."""
    async with AsyncExitStack() as closing:
        identity = ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID"))
        credential = await closing.enter_async_context(identity)
        service = await closing.enter_async_context(BlobServiceClient(options.blob_service, credential=credential))
        destination = await _destination(options, credential, closing)
        subscription = Subscription(destination, options.schema, options.event_type, tuple(options.subject_begins_with))
        await destination.validate()
        position = end_of(options.log)
        print(ACTIVE)
        async for line in follow(options.log, position):
            change = parse(line)
            if change and change.account == options.account and subscription.wants(change):
                await _announce(change, service.get_blob_client(change.container, change.name), subscription)


async def _destination(
    options: argparse.Namespace, credential: ManagedIdentityCredential, closing: AsyncExitStack
) -> Destination:
    if options.queue:
        queue = QueueClient.from_queue_url(
            options.queue, credential=credential, message_encode_policy=TextBase64EncodePolicy()
        )
        return StorageQueue(await closing.enter_async_context(queue))
    http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=ANSWERED))
    return Webhook(os.environ["EVENTGRID_ENDPOINT"], options.schema, await closing.enter_async_context(http))


async def _announce(change: Change, blob: BlobClient, subscription: Subscription) -> None:
    if change.deleted:
        await subscription.deliver(events.deleted(change, blob.url))
        return
    subject = events.subject(change.container, change.name)
    try:
        properties = await blob.get_blob_properties()
    except ResourceNotFoundError:
        print(f"deleted before its event was sent: {subject}")
    except AzureError as error:
        print(f"NO EVENT SENT, the blob cannot be read ({error!r}): {subject}")
    else:
        await subscription.deliver(events.created(change, blob.url, properties))


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m local.eventgrid", description="A stand-in for Event Grid.")
    parser.add_argument("--log", type=Path, required=True, help="Azurite's access log")
    parser.add_argument("--account", required=True, help="the account whose blobs are announced")
    parser.add_argument("--blob-service", required=True, help="that account's blob service")
    parser.add_argument("--queue", metavar="URL", help="deliver to this storage queue; default: to EVENTGRID_ENDPOINT")
    parser.add_argument("--schema", type=Schema, choices=list(Schema), default=Schema.EVENT_GRID)
    parser.add_argument("--event-type", action="append", choices=(CREATED, DELETED), help=f"default: {CREATED}")
    parser.add_argument("--subject-begins-with", action="append", metavar="PREFIX", help="one of several may fit")
    options = parser.parse_args()
    options.event_type = options.event_type or [CREATED]
    options.subject_begins_with = options.subject_begins_with or ["/blobServices/default/containers/"]
    asyncio.run(run(options))


if __name__ == "__main__":
    main()
