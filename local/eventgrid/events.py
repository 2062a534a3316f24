"""Events of a storage account as Event Grid sends them, in either of its schemas.

https://learn.microsoft.com/azure/event-grid/event-schema-blob-storage
"""

import datetime as dt
import time
import uuid
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from azure.storage.blob import BlobProperties

from local.accesslog import Change

CREATED = "Microsoft.Storage.BlobCreated"
DELETED = "Microsoft.Storage.BlobDeleted"

ACCOUNT = "/subscriptions/{0}/resourceGroups/local/providers/Microsoft.Storage/storageAccounts/{1}"


class Schema(StrEnum):
    """`eventDeliverySchema` of a subscription."""

    EVENT_GRID = "EventGridSchema"
    CLOUD_EVENTS = "CloudEventSchemaV1_0"


def subject(container: str, name: str = "") -> str:
    """Return the subject of a blob's events, with the name unencoded, or the prefix of those of a container."""
    return f"/blobServices/default/containers/{container}/blobs/{name}"


def now() -> str:
    """Return the time with seven decimal digits, as .NET writes it."""
    moment = dt.datetime.now(dt.UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}0Z"


@dataclass(frozen=True, slots=True)
class Event:
    """An event without a schema; `data` is the same in both."""

    source: str
    type: str
    subject: str
    data: dict[str, Any]
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    time: str = field(default_factory=now)

    def in_schema(self, schema: Schema) -> dict[str, Any]:
        """Return the event in a schema."""
        match schema:
            case Schema.EVENT_GRID:
                return {
                    "topic": self.source,
                    "subject": self.subject,
                    "eventType": self.type,
                    "eventTime": self.time,
                    "id": self.id,
                    "data": self.data,
                    "dataVersion": "",
                    "metadataVersion": "1",
                }
            case Schema.CLOUD_EVENTS:
                return {
                    "source": self.source,
                    "subject": self.subject,
                    "type": self.type,
                    "time": self.time,
                    "id": self.id,
                    "data": self.data,
                    "specversion": "1.0",
                }


def type_of(change: Change) -> str:
    """Return the event type of a change."""
    return DELETED if change.deleted else CREATED


def created(change: Change, url: str, blob: BlobProperties) -> Event:
    """Return the event of a written blob; its ETag has no quotes."""
    kind = str(getattr(blob.blob_type, "value", blob.blob_type))
    return _event(
        change,
        {
            "eTag": str(blob.etag).strip('"'),
            "contentType": blob.content_settings.content_type,
            "contentLength": blob.size,
            "blobType": kind,
            "url": url,
        },
    )


def deleted(change: Change, url: str) -> Event:
    """Return the event of a deleted blob, without its content type, which Azure would name."""
    return _event(change, {"blobType": "BlockBlob", "url": url})


def _event(change: Change, data: dict[str, Any]) -> Event:
    data = {
        "api": change.api,
        "clientRequestId": str(uuid.uuid4()),
        "requestId": str(uuid.uuid4()),
        **data,
        "sequencer": f"{time.time_ns():048X}",
        "storageDiagnostics": {"batchId": str(uuid.uuid4())},
    }
    source = ACCOUNT.format(uuid.UUID(int=0), change.account)
    return Event(source, type_of(change), subject(change.container, change.name), data)
