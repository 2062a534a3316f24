"""The names of what is written to the descriptions container.

Needs the standard library only, and Python 3.11: the hooks of azd import it too.
"""

import hashlib
from typing import Final

from describer.events import ImageRef

_LONGEST_NAME: Final = 1024
_DEEPEST_NAME: Final = 61
"""Segments between slashes: Azure takes 254, or with a hierarchical namespace 63, account and container among them."""


def sidecar_name(ref: ImageRef) -> str:
    """`<container>/<blob name>.json`.

    Where that would pass Azure's 1,024 characters, or be too deep, the blob's name is cut and the SHA-256 of the whole
    follows a `~`; the record's `source.name` has it in full.
    """
    name = f"{ref.container}/{ref.name}.json"
    segments = name.split("/")
    if len(name) <= _LONGEST_NAME and len(segments) <= _DEEPEST_NAME:
        return name
    tail = f"~{hashlib.sha256(ref.name.encode()).hexdigest()}.json"
    return "/".join(segments[:_DEEPEST_NAME])[: _LONGEST_NAME - len(tail)] + tail


def shared_key(sha256: str | None, fingerprint: str) -> str:
    """What twins have in common: their bytes and what was asked."""
    return f"{sha256}-{fingerprint}"


def shared_name(container: str, key: str) -> str:
    """Where the record lies that twins share."""
    return f"_content/{container}/{key}.json"
