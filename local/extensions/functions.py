"""What a function waits for, as its function.json says."""

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

HOST_STORAGE = "AzureWebJobsStorage"
ID_PREFIX = "Host.Functions."

QUEUE, BLOB, EVENT_GRID = "queueTrigger", "blobTrigger", "eventGridTrigger"
TYPES = frozenset({QUEUE, BLOB, EVENT_GRID})


class SettingMissing(Exception):
    """An app setting that a trigger needs is absent, or cannot be used; the text names it."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function with one of the triggers that are known here.

    Args:
        name: its name.
        type: its trigger's.
        connection: the prefix of the app settings that lead to its storage account.
        queue: what a queue trigger listens to.
        path: what a blob trigger says it watches; only the names in its braces matter.
        bind: what its parameter is, where that makes a difference: for queues `string` or `QueueMessage`, for blobs
            `ParameterBindingData` (a reference) or `byte[]`.
        disabled: whether nothing is listened to for it.

    """

    name: str
    type: str
    connection: str = HOST_STORAGE
    queue: str = ""
    path: str = ""
    bind: str = ""
    disabled: bool = False

    @property
    def id(self) -> str:
        """The name by which messages on the internal queue call it."""
        return ID_PREFIX + self.name


def read(declared: Mapping[str, Any], settings: Mapping[str, str] = os.environ) -> Function:
    """Read a function's name and trigger.

    Raises:
        SettingMissing: the trigger names an app setting that is not there.
        ValueError: it is a blob trigger that polls.

    """
    name, kind = str(declared["name"]), str(declared["type"])
    if kind == BLOB and declared.get("source") != "EventGrid":
        raise ValueError(f"{name}: only blob triggers whose source is Event Grid are known.")
    switched_off = settings.get(f"AzureWebJobs.{name}.Disabled", "").lower() in {"1", "true"}
    return Function(
        name,
        kind,
        connection=declared.get("connection") or HOST_STORAGE,
        queue=resolve(declared.get("queueName", ""), settings),
        path=resolve(declared.get("path", ""), settings),
        bind=declared.get("bind", ""),
        disabled=switched_off or bool(declared.get("disabled")),
    )


def of_type(functions: Iterable[Function], kind: str) -> list[Function]:
    """Return those with this trigger."""
    return [function for function in functions if function.type == kind]


def resolve(text: str, settings: Mapping[str, str] = os.environ) -> str:
    """Replace each `%NAME%` by the app setting of that name."""

    def value(match: re.Match[str]) -> str:
        if match[1] not in settings:
            raise SettingMissing(f"'%{match[1]}%' in a trigger: there is no app setting {match[1]}.")
        return settings[match[1]]

    return re.sub(r"%([^%]+)%", value, text)
