"""Checks events against the rules of CloudEvents 1.0 and its JSON format.

https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md and …/formats/json-format.md. This covers
the specification's JSON schema and rules that only its text has: the version is 1.0, names are a-z and 0-9, data has
one form, extensions are simple values.
"""

import base64
import binascii
import datetime as dt
import re
from typing import Any

REQUIRED = ("id", "source", "specversion", "type")
OPTIONAL = ("datacontenttype", "dataschema", "subject", "time")

NAME = re.compile(r"[a-z0-9]+")
# RFC 3986's characters; all others are percent-encoded.
REFERENCE = re.compile(r"(?:[A-Za-z0-9\-._~:/?#\[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+")
SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*:")
TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)")


def faults(event: object) -> list[str]:
    """Return a sentence for each fault of an event."""
    if not isinstance(event, dict):
        return [f"it is no JSON object but {type(event).__name__}"]
    found = [f"{name} is missing" for name in REQUIRED if event.get(name) is None]
    found += [f"{name} is no text, or empty" for name in (*REQUIRED, *OPTIONAL) if not _is_text(event.get(name))]
    return found or [*_of_values(event), *_of_data(event), *_of_extensions(event)]


def _of_values(event: dict[str, Any]) -> list[str]:
    found = []
    if event["specversion"] != "1.0":
        found.append(f"specversion is {event['specversion']!r}; expected '1.0'")
    if not REFERENCE.fullmatch(event["source"]):
        found.append(f"source is no URI reference: {event['source']!r}")
    if (schema := event.get("dataschema")) and not (REFERENCE.fullmatch(schema) and SCHEME.match(schema)):
        found.append(f"dataschema is no absolute URI: {schema!r}")
    if (time := event.get("time")) and not _is_time(time):
        found.append(f"time is not as RFC 3339 has it: {time!r}")
    return found


def _of_data(event: dict[str, Any]) -> list[str]:
    encoded = event.get("data_base64")
    if encoded is None:
        return []
    if event.get("data") is not None:
        return ["both data and data_base64 are there"]
    try:
        base64.b64decode(encoded, validate=True)
    except (TypeError, ValueError, binascii.Error):
        return ["data_base64 is not base64"]
    return []


def _of_extensions(event: dict[str, Any]) -> list[str]:
    found = []
    for name in sorted(event.keys() - {*REQUIRED, *OPTIONAL, "data", "data_base64"}):
        if not NAME.fullmatch(name):
            found.append(f"{name!r} is no attribute name: a-z and 0-9 only")
        if not isinstance(event[name], str | bool | int | None):
            found.append(f"{name} is neither text, whole number nor boolean")
    return found


def _is_text(value: object) -> bool:
    return value is None or (isinstance(value, str) and value != "")


def _is_time(text: str) -> bool:
    try:
        dt.datetime.fromisoformat(text)
    except ValueError:
        return False
    return TIME.fullmatch(text) is not None
