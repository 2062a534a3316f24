"""Stands in for Event Grid: a system topic of one storage account, with one subscription to a webhook.

    EVENTGRID_ENDPOINT=<webhook with its key> python -m local.eventgrid --log FILE --account NAME --blob-service URL
        --subject-begins-with /blobServices/default/containers/images/blobs/

It reads Azurite's access log, looks the written blob up with the managed identity, and posts events in Event Grid's
schema, one a request. What differs from the service: a blob that is replaced at once is told of with its newest ETag
and size; failed deliveries are tried again sooner (half a second to 30 s; Event Grid: 10 s to 12 h); there is no dead
letter, only a line in the log. What is the same: the handshake, the filter, the shape, 30 tries, and that 400, 401, 403
and 413 are never tried again (https://learn.microsoft.com/azure/event-grid/delivery-and-retry).
"""

import argparse
import asyncio
import datetime as dt
import itertools
import os
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp
from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.identity.aio import ManagedIdentityCredential
from azure.storage.blob import BlobProperties
from azure.storage.blob.aio import BlobClient, BlobServiceClient

from local.accesslog import Write, end_of, follow, parse

CREATED = "Microsoft.Storage.BlobCreated"
ACTIVE = "The subscription is active"  # what local/stack.py waits for

NEVER_RETRIED = frozenset({400, 401, 403, 413})
DELAYS = (0.5, 1, 2, 5, 10)  # seconds before each new try, then LONGEST
LONGEST = 30.0
TRIES = 30
HANDSHAKE = 60.0  # seconds in which the webhook must come up

TOPIC = "/subscriptions/{0}/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/{1}"


def subject(write: Write) -> str:
    """Give the subject of a blob's events; the name is not encoded in it."""
    return f"/blobServices/default/containers/{write.container}/blobs/{write.name}"


def blob_created(write: Write, url: str, blob: BlobProperties) -> dict[str, Any]:
    """Give the event that Event Grid would send; ETags have no quotes there."""
    return {
        "topic": TOPIC.format(uuid.UUID(int=0), write.account),
        "subject": subject(write),
        "eventType": CREATED,
        "eventTime": dt.datetime.now(dt.UTC).isoformat().replace("+00:00", "Z"),
        "id": str(uuid.uuid4()),
        "data": {
            "api": write.api,
            "clientRequestId": str(uuid.uuid4()),
            "requestId": str(uuid.uuid4()),
            "eTag": str(blob.etag).strip('"'),
            "contentType": blob.content_settings.content_type,
            "contentLength": blob.size,
            "blobType": str(getattr(blob.blob_type, "value", blob.blob_type)),
            "url": url,
            "sequencer": f"{time.time_ns():048X}",
            "storageDiagnostics": {"batchId": str(uuid.uuid4())},
        },
        "dataVersion": "",
        "metadataVersion": "1",
    }


@dataclass(frozen=True, slots=True)
class Subscription:
    """Delivers the events that pass its filter to a webhook."""

    endpoint: str
    subject_begins_with: str
    http: aiohttp.ClientSession
    retries: set[asyncio.Task[None]] = field(default_factory=set)

    async def validate(self) -> None:
        """Prove that the endpoint wants events.

        Raises:
            SystemExit: it does not answer the handshake as it should.

        """
        code = str(uuid.uuid4())
        event = {
            "id": str(uuid.uuid4()),
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "subject": "",
            "data": {"validationCode": code},
            "eventTime": dt.datetime.now(dt.UTC).isoformat(),
            "metadataVersion": "1",
            "dataVersion": "2",
        }
        async with asyncio.timeout(HANDSHAKE):
            status, body = await self._post_when_up(event)
        if status != 200 or body.get("validationResponse") != code:
            raise SystemExit(f"The webhook failed the subscription's handshake: {status} {body}")

    async def deliver(self, event: dict[str, Any]) -> None:
        """Try once; a failure is tried again beside the events that follow, so that it holds none of them up."""
        if not await self._try(event, 0):
            task = asyncio.create_task(self._retry(event))
            self.retries.add(task)
            task.add_done_callback(self.retries.discard)

    async def _retry(self, event: dict[str, Any]) -> None:
        delays = itertools.chain(DELAYS, itertools.repeat(LONGEST))
        for tried, delay in zip(range(1, TRIES), delays, strict=False):
            await asyncio.sleep(delay)
            if await self._try(event, tried):
                return
        print(f"GIVEN UP after {TRIES} tries: {event['subject']}")

    async def _try(self, event: dict[str, Any], tried: int) -> bool:
        """Post it; False if it is worth another try."""
        try:
            status, _ = await self._post(event, {"aeg-event-type": "Notification", "aeg-delivery-count": str(tried)})
        except (aiohttp.ClientError, TimeoutError) as error:
            print(f"no answer ({error!r}): {event['subject']}")
            return False
        if status in NEVER_RETRIED:
            print(f"DROPPED, {status} is never tried again: {event['subject']}")
            return True
        print(f"{status}: {event['subject']}")
        return 200 <= status < 300

    async def _post_when_up(self, event: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        while True:
            try:
                return await self._post(event, {"aeg-event-type": "SubscriptionValidation"})
            except aiohttp.ClientConnectionError:
                await asyncio.sleep(0.05)

    async def _post(self, event: dict[str, Any], headers: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        headers = {"aeg-subscription-name": "LOCAL", "aeg-metadata-version": "1", **headers}
        async with self.http.post(self.endpoint, json=[event], headers=headers) as answer:
            is_json = answer.content_type == "application/json"
            return answer.status, await answer.json() if is_json else {}


async def _announce(write: Write, blob: BlobClient, subscription: Subscription) -> None:
    try:
        properties = await blob.get_blob_properties()
    except ResourceNotFoundError:
        print(f"gone before it was told of: {subject(write)}")
    except AzureError as error:
        print(f"NOT TOLD OF, it cannot be looked up ({error!r}): {subject(write)}")
    else:
        await subscription.deliver(blob_created(write, blob.url, properties))


async def run(log: Path, account: str, blob_service: str, endpoint: str, subject_begins_with: str) -> None:
    """Subscribe, then announce what is written from then on, until cancelled."""
    async with (
        ManagedIdentityCredential(client_id=os.environ.get("AZURE_CLIENT_ID")) as credential,
        BlobServiceClient(blob_service, credential=credential) as service,
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30)) as http,
    ):
        subscription = Subscription(endpoint, subject_begins_with, http)
        await subscription.validate()
        position = end_of(log)
        print(ACTIVE)
        async for line in follow(log, position):
            write = parse(line)
            if write and write.account == account and subject(write).startswith(subject_begins_with):
                await _announce(write, service.get_blob_client(write.container, write.name), subscription)


def main() -> None:
    """Read the command line and run."""
    parser = argparse.ArgumentParser(prog="python -m local.eventgrid", description="A stand-in for Event Grid.")
    parser.add_argument("--log", type=Path, required=True, help="Azurite's access log")
    parser.add_argument("--account", required=True, help="the account whose blobs are announced")
    parser.add_argument("--blob-service", required=True, help="that account's blob service")
    parser.add_argument("--subject-begins-with", default="/blobServices/default/containers/")
    options = parser.parse_args()
    endpoint = os.environ["EVENTGRID_ENDPOINT"]
    asyncio.run(run(options.log, options.account, options.blob_service, endpoint, options.subject_begins_with))


if __name__ == "__main__":
    main()
