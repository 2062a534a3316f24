"""The rule of the event subscription, which is deployed by itself, after the code."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.infra import code
from tests.infra.installation import Installation

_NEEDED = {f"Microsoft.Storage.Blob{what}" for what in ("Created", "TierChanged")}
_KINDS = _NEEDED | {f"Microsoft.Storage.Blob{what}" for what in ("Renamed", "Deleted")}
_VALUES = 25
_SUBSCRIPTION = "Microsoft.EventGrid/systemTopics/eventSubscriptions"


def subscription(installation: Installation, infra: Path) -> Iterator[str]:
    """The event subscription calls a function that exists, with the right trigger, for the right blobs."""
    if not installation.is_subscription:
        return
    found = installation.one(_SUBSCRIPTION)["properties"]
    route = installation.parameters["uploadRoute"]
    queued = found["deliveryWithResourceIdentity"]
    destination = queued["destination"] if queued else found["destination"]
    kinds = {"blobTrigger": "WebHook", "queue": "StorageQueue", "eventGridTrigger": "AzureFunction"}
    if destination["endpointType"] != kinds[route]:
        yield f"{route} delivers to {destination['endpointType']}"
    match destination["endpointType"]:
        case "WebHook":
            address = destination["properties"]["endpointUrl"]
            yield from _calls(address.partition("Host.Functions.")[2].partition("&")[0], "blobTrigger")
        case "AzureFunction":
            yield from _calls(destination["properties"]["resourceId"].rpartition("/functions/")[2], "eventGridTrigger")
        case _ if destination["properties"]["queueName"] not in code.queues():
            yield f"queue {destination['properties']['queueName']} is not the code's"
    yield from _filters(found["filter"], route)
    dead = found["deadLetterWithResourceIdentity"]["deadLetterDestination"]["properties"]["blobContainerName"]
    if f"'{dead}'" not in (infra / "main.bicep").read_text(encoding="utf-8"):
        yield f"dead letters go to {dead}, which main.bicep does not create"


def _calls(function: str, trigger: str) -> Iterator[str]:
    if code.triggers().get(function) != trigger:
        yield f"function {function} is called, but the code has no {trigger} of that name"


def _filters(found: Mapping[str, Any], route: str) -> Iterator[str]:
    several = [row["values"] for row in found["advancedFilters"] if row["operatorType"] == "StringBeginsWith"]
    for prefix in several[0] if several else [found["subjectBeginsWith"]]:
        if not re.fullmatch(r"/blobServices/default/containers/(\$web|\$root|[a-z0-9-]+)/blobs/", prefix):
            yield f"subjectBeginsWith {prefix} would match sibling containers, or none"
    if several and route == "blobTrigger":
        yield "the blob trigger serves one container"
    kinds = set(found["includedEventTypes"])
    # The webhook of the blob trigger takes a deletion for an upload, and a rename or a directory ends its delivery.
    if not kinds >= _NEEDED or kinds - (_NEEDED if route == "blobTrigger" else _KINDS):
        yield f"event types are {found['includedEventTypes']}"
    values = [value for row in found["advancedFilters"] for value in row["values"]]
    if len(values) > _VALUES:
        yield f"{len(values)} values in the filters, of which Event Grid takes {_VALUES}"
