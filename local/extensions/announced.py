"""Blob triggers, part 1: from an event to a message on the queue that all blob triggers of an app share.

The event's type, its container and the existence of the function are not checked.
"""

import base64
import ipaddress
import json
import posixpath
from collections.abc import Mapping
from typing import Any
from urllib.parse import unquote

QUEUE = "azure-webjobs-blobtrigger-{}"
HOST_ID = "AzureFunctionsWebHost__hostid"  # the app setting that gives the host its id

BLOB_TYPES = frozenset({"BlockBlob", "PageBlob", "AppendBlob", "Block", "Page", "Append"})


class NoEvent(Exception):
    """The extension cannot read the event; the whole delivery fails."""


def message(function_id: str, event: Any) -> str:
    """Return the message for an event: indented JSON, in base64.

    Raises:
        NoEvent: it has no data, no URL, or no type of blob.

    """
    data = _data(event)
    container, name = container_and_name(data["url"])
    fields = {
        "Type": "BlobTrigger",
        "FunctionId": function_id,
        "BlobType": data["blobType"],
        "ContainerName": container,
        "BlobName": name,
        "ETag": f'"{data.get("eTag") or ""}"',
    }
    return base64.b64encode(json.dumps(fields, indent=2, ensure_ascii=False).encode()).decode()


def _data(event: Any) -> Mapping[str, Any]:
    data = event.get("data") if isinstance(event, dict) else None
    if not isinstance(data, dict) or not isinstance(data.get("url"), str) or data.get("blobType") not in BLOB_TYPES:
        raise NoEvent("the event has no data with url and blobType")
    return data


def container_and_name(url: str) -> tuple[str, str]:
    """Read a blob's URL as .NET does: cut at `?` but not at `#`, dot segments resolved, slashes around the name cut.

    Behind an IP address the account is the path's first segment.
    """
    host, _, path = url.strip().partition("?")[0].partition("://")[2].replace("\\", "/").partition("/")
    if _is_ip_address(host):
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    kept: list[str] = []
    for segment in name.split("/"):
        match unquote(segment):
            case ".":
                pass
            case "..":
                del kept[-1:]
            case decoded:
                kept.append(decoded)
    return unquote(container), posixpath.sep.join(kept).strip("/")


def _is_ip_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host.rpartition(":")[0] or host)
    except ValueError:
        return False
    return True
