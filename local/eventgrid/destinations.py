"""The destinations of a subscription: a webhook, or a storage queue.

Webhook: https://learn.microsoft.com/azure/event-grid/end-point-validation-event-grid-events-schema and
https://learn.microsoft.com/azure/event-grid/end-point-validation-cloud-events-schema.
Queue: https://learn.microsoft.com/azure/event-grid/handler-storage-queues.
"""

import asyncio
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import aiohttp
from azure.core.exceptions import AzureError
from azure.storage.queue.aio import QueueClient

from local.eventgrid.events import Schema, now

NEVER_RETRIED = frozenset({400, 401, 403, 413})
HANDSHAKE = 60.0  # seconds until which the webhook must answer
ORIGIN = "eventgrid.azure.net"

type Json = dict[str, Any]


class Undelivered(Exception):
    """The delivery failed and is retried."""


class Refused(Exception):
    """The receiver rejects the event, which is not retried."""


class Destination(Protocol):
    """Receives events, one at a time, in the subscription's schema."""

    async def validate(self) -> None:
        """Validate the destination. Raises SystemExit if that fails."""

    async def deliver(self, event: Json, tried: int) -> str:
        """Deliver an event after so many tries.

        Raises:
            Undelivered: it failed and may be retried.
            Refused: it is not retried.

        """


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook; the schema determines the handshake, and `http` the timeout."""

    endpoint: str
    schema: Schema
    http: aiohttp.ClientSession

    async def validate(self) -> None:
        """Validate the endpoint by the schema's handshake.

        Raises:
            SystemExit: it does not answer the handshake correctly.

        """
        shake_hands = self._options if self.schema is Schema.CLOUD_EVENTS else self._validation_code
        async with asyncio.timeout(HANDSHAKE):
            while True:
                try:
                    said = await shake_hands()
                except aiohttp.ClientConnectionError:
                    await asyncio.sleep(0.05)
                    continue
                if said:
                    raise SystemExit(f"The webhook failed the subscription's handshake: {said}")
                return

    async def _validation_code(self) -> str:
        """POST a code that the endpoint must return; return the fault."""
        code = str(uuid.uuid4())
        event = {
            "id": str(uuid.uuid4()),
            "eventType": "Microsoft.EventGrid.SubscriptionValidationEvent",
            "subject": "",
            "data": {"validationCode": code},
            "eventTime": now(),
            "metadataVersion": "1",
            "dataVersion": "2",
        }
        headers = self._headers("SubscriptionValidation")
        async with self.http.post(self.endpoint, data=json.dumps([event]), headers=headers) as answer:
            text = await answer.text()
            if answer.status == 200 and _field(text, "validationResponse") == code:  # 202 does not answer this
                return ""
            return f"{answer.status} {text}"

    async def _options(self) -> str:
        """Request permission with OPTIONS (CloudEvents' abuse protection); return the fault."""
        async with self.http.options(self.endpoint, headers={"WebHook-Request-Origin": ORIGIN}) as answer:
            allowed = answer.headers.get("WebHook-Allowed-Origin")
            if answer.status == 200 and allowed in {ORIGIN, "*"}:
                return ""
            return f"{answer.status}, WebHook-Allowed-Origin is {allowed}: {await answer.text()}"

    async def deliver(self, event: Json, tried: int) -> str:
        """POST the event: in an array of one in Event Grid's schema, alone as a CloudEvent."""
        body: Json | list[Json] = event if self.schema is Schema.CLOUD_EVENTS else [event]
        headers = {**self._headers("Notification"), "aeg-delivery-count": str(tried)}
        try:
            async with self.http.post(self.endpoint, data=json.dumps(body), headers=headers) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise Undelivered(f"no answer ({error!r})") from error
        if status in NEVER_RETRIED:
            raise Refused(str(status))
        if not 200 <= status < 300:
            raise Undelivered(str(status))
        return str(status)

    def _headers(self, kind: str) -> Mapping[str, str]:
        content = "application/cloudevents+json" if self.schema is Schema.CLOUD_EVENTS else "application/json"
        return {
            "Content-Type": f"{content}; charset=utf-8",
            "aeg-subscription-name": "LOCAL",
            "aeg-metadata-version": "1",
            "aeg-event-type": kind,
        }


@dataclass(frozen=True, slots=True)
class StorageQueue:
    """A storage queue; `client` encodes base64, and a message lives for a week, the service's default."""

    client: QueueClient

    async def validate(self) -> None:
        """Do nothing: the role on the queue decides."""

    async def deliver(self, event: Json, tried: int) -> str:
        """Send one message with the event alone."""
        try:
            await self.client.send_message(json.dumps(event))
        except AzureError as error:
            raise Undelivered(f"try {tried + 1}: {str(error).splitlines()[0]}") from error
        return "queued"


def _field(text: str, name: str) -> object:
    try:
        body = json.loads(text)
    except json.JSONDecodeError:
        return None
    return body.get(name) if isinstance(body, dict) else None
