"""Reads the extensions' part of host.json, with the platform's defaults.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-storage-queue#hostjson-settings
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, slots=True)
class QueueOptions:
    """How a queue is polled; times in seconds.

    Args:
        batch_size: messages requested at once.
        new_batch_threshold: more are requested when at most this many are in progress.
        max_dequeue_count: tries before a message becomes poison.
        visibility_timeout: pause before the next try of a failed message.
        max_polling_interval: the longest pause between polls of an empty queue.
        base64: whether messages must be base64.

    """

    batch_size: int
    new_batch_threshold: int
    max_dequeue_count: int
    visibility_timeout: float
    max_polling_interval: float
    base64: bool


@dataclass(frozen=True, slots=True)
class Options:
    """All options.

    Args:
        queues: of queue triggers.
        blobs: of the blob triggers' own queue.
        levels: the lowest level that is logged, by category.

    """

    queues: QueueOptions
    blobs: QueueOptions
    levels: Mapping[str, str] = field(default_factory=dict)


def read(host_json: Path | None) -> Options:
    """Read a host.json; the platform's defaults apply to what it lacks."""
    sections = extensions(host_json)
    levels = _contents(host_json).get("logging", {}).get("logLevel", {})
    return Options(_queues(sections.get("queues", {})), _blobs(sections.get("blobs", {})), levels)


def extensions(host_json: Path | None) -> Mapping[str, Any]:
    """Return the extensions' part of a host.json."""
    return dict(_contents(host_json).get("extensions", {}))


def _contents(host_json: Path | None) -> Mapping[str, Any]:
    return dict(json.loads(host_json.read_text("utf-8"))) if host_json and host_json.exists() else {}


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
    """`queues` does not apply to the extension's own queue."""
    parallel = int(options.get("maxDegreeOfParallelism", 8 * _processors()))
    batch = min(32, parallel // 2 + 1)
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
