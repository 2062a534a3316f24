"""The names of what is written to the descriptions container.

Needs the standard library only, and Python 3.11: the hooks of azd import it too.
"""

import hashlib
from typing import Final

from describer.domain.image_ref import ImageRef

_LONGEST_NAME: Final = 1024
"""UTF-16 units."""
_DEEPEST_NAME: Final = 61
"""Segments between slashes: Azure takes 254, or with a hierarchical namespace 63, account and container among them."""

_TAIL: Final = "~{}.json"


def sidecar_name(ref: ImageRef) -> str:
    """`<container>/<blob name>.json`.

    If that is longer than Azure allows, or has too many segments, the blob's name is cut and the SHA-256 of the whole
    follows a `~`; the record's `source.name` has it in full.
    """
    name = f"{ref.container}/{ref.name}.json"
    segments = name.split("/")
    if _units(name) <= _LONGEST_NAME and len(segments) <= _DEEPEST_NAME:
        return name
    tail = _TAIL.format(hashlib.sha256(ref.name.encode()).hexdigest())
    return _cut("/".join(segments[:_DEEPEST_NAME]), _LONGEST_NAME - len(tail)) + tail


def sidecar_prefix(container: str, prefix: str) -> str:
    """Return how the names of all sidecars begin of pictures whose names begin with `prefix`, the cut ones too."""
    segments = f"{container}/{prefix}".split("/")
    return _cut("/".join(segments[:_DEEPEST_NAME]), _LONGEST_NAME - len(_TAIL.format(hashlib.sha256().hexdigest())))


def _units(text: str) -> int:
    """Return the length in UTF-16 units, by which Azure counts: an emoji has two."""
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str, units: int) -> str:
    """As much of the text as fits, without half a letter at the end."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore")


def shared_key(sha256: str | None, fingerprint: str) -> str:
    """Return the key under which copies share an answer: of their bytes and what was asked."""
    return f"{sha256}-{fingerprint}"


def shared_name(container: str, key: str) -> str:
    """Return the blob name of the record that copies share."""
    return f"_content/{container}/{key}.json"
