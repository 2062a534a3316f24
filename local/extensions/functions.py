"""Reads functions' triggers from function.json."""

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
    """An app setting that a trigger needs is missing or invalid; the text names it."""


@dataclass(frozen=True, slots=True)
class Function:
    """A function with a supported trigger.

    Args:
        name: its name.
        type: its trigger's.
        connection: the prefix of its storage account's app settings.
        queue: of a queue trigger.
        path: of a blob trigger; only the names in braces matter.
        bind: its parameter's type, if that matters: for queues `string` or `QueueMessage`, for blobs
            `ParameterBindingData` (a reference) or `byte[]`.
        disabled: whether its trigger is off.

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
        SettingMissing: the trigger names a missing app setting.
        ValueError: it is a polling blob trigger.

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
