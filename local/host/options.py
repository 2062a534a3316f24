"""What the extensions read from host.json, with the platform's defaults.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings
https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook#hostjson-settings
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How a queue is listened to; times in seconds.

    Args:
        batch_size: messages asked for at once.
        new_batch_threshold: more are asked for when so many or fewer are being worked.
        max_dequeue_count: tries before a message is poison.
        visibility_timeout: pause before the next try of a message that failed.
        max_polling_interval: the longest pause between two looks at an empty queue.
        base64: whether messages must be base64.

    """

    batch_size: int
    new_batch_threshold: int
    max_dequeue_count: int
    visibility_timeout: float
    max_polling_interval: float
    base64: bool


@dataclass(frozen=True, slots=True)
class McpOptions:
    """What the MCP server says of itself to clients."""

    name: str
    version: str
    instructions: str | None


@dataclass(frozen=True, slots=True)
class Options:
    """All of them.

    Args:
        queues: of queue triggers.
        blobs: of the blob triggers' own queue.
        route_prefix: of HTTP triggers.
        mcp: of the server of MCP tools.

    """

    queues: QueueOptions
    blobs: QueueOptions
    route_prefix: str
    mcp: McpOptions


def read(app: Path) -> Options:
    """Read the host.json of the app in this folder."""
    file = app / "host.json"
    extensions = json.loads(file.read_text("utf-8")).get("extensions", {}) if file.exists() else {}
    return Options(
        _queues(extensions.get("queues", {})),
        _blobs(extensions.get("blobs", {})),
        str(extensions.get("http", {}).get("routePrefix", "api")),
        _mcp(extensions.get("mcp", {})),
    )


def _mcp(options: Mapping[str, Any]) -> McpOptions:
    name = str(options.get("serverName", "Azure Functions MCP server"))
    return McpOptions(name, str(options.get("serverVersion", "1.0.0")), options.get("instructions"))


def _queues(options: Mapping[str, Any]) -> QueueOptions:
    batch = int(options.get("batchSize", 16))
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=int(options.get("newBatchThreshold", _processors() * batch // 2)),
        max_dequeue_count=int(options.get("maxDequeueCount", 5)),
        visibility_timeout=seconds(options.get("visibilityTimeout", "00:00:00")),
        max_polling_interval=seconds(options.get("maxPollingInterval", "00:01:00")),
        base64=str(options.get("messageEncoding", "base64")).lower() == "base64",
    )


def _blobs(options: Mapping[str, Any]) -> QueueOptions:
    """The extension listens to its own queue without a pause between tries."""
    parallel = int(options.get("maxDegreeOfParallelism", 8 * _processors()))
    batch = max(1, min(32, parallel // 2))
    return QueueOptions(
        batch_size=batch,
        new_batch_threshold=parallel - batch,
        max_dequeue_count=int(options.get("poisonBlobThreshold", 5)),
        visibility_timeout=0,
        max_polling_interval=60,
        base64=True,
    )


def seconds(value: str | float) -> float:
    """Read a .NET time span, `[d.]hh:mm:ss[.fraction]`, or milliseconds as a number, as the host does."""
    if isinstance(value, (int, float)):
        return value / 1000
    match = re.fullmatch(r"(?:(\d+)\.)?(\d+):(\d+):(\d+(?:\.\d+)?)", value)
    if match is None:
        raise ValueError(f"host.json: {value!r} is not a time span such as 00:00:30")
    days, hours, minutes, rest = match.groups(default="0")
    return ((int(days) * 24 + int(hours)) * 60 + int(minutes)) * 60 + float(rest)


def _processors() -> int:
    return os.cpu_count() or 1
