"""Reads a server's JSON leniently: a value of another type counts as missing."""

from collections.abc import Mapping
from typing import Any


def member(value: object, name: str) -> object:
    """Return a member of a JSON object or an attribute of the SDK's object; None if it is missing."""
    return value.get(name) if isinstance(value, Mapping) else getattr(value, name, None)


def mapping(value: object) -> Mapping[str, Any]:
    """Return a JSON object; an empty one for any other value."""
    return value if isinstance(value, Mapping) else {}


def text(value: object) -> str:
    """Return a JSON string; an empty one for any other value."""
    return value if isinstance(value, str) else ""
