"""Blob names in the descriptions container.

Uses only the standard library and Python 3.11, since azd's hooks import this module too.
"""

import hashlib
from typing import Final

from describer.domain.image_ref import ImageRef

_LONGEST_NAME: Final = 1024
"""Maximum length in UTF-16 units."""
_DEEPEST_NAME: Final = 61
"""Maximum number of segments: Azure allows 254, or 63 with a hierarchical namespace, including account and container.
"""

_SUFFIX: Final = ".json"
_TAIL: Final = "~{}" + _SUFFIX


def sidecar_name(ref: ImageRef) -> str:
    """Return `<container>/<blob name>.json`.

    If that exceeds Azure's limits on length or segments, the blob's name is cut and followed by `~` and the SHA-256 of
    the full name, which is also in the record's `source.name`.
    """
    name = f"{ref.path}{_SUFFIX}"
    segments = name.split("/")
    if _units(name) <= _LONGEST_NAME and len(segments) <= _DEEPEST_NAME:
        return name
    tail = _TAIL.format(hashlib.sha256(ref.name.encode()).hexdigest())
    return _cut("/".join(segments[:_DEEPEST_NAME]), _LONGEST_NAME - len(tail)) + tail


def is_whole(sidecar: str, ref: ImageRef) -> bool:
    """Return whether a sidecar's name has all of its picture's name."""
    return sidecar == f"{ref.path}{_SUFFIX}"


def picture_of(sidecar: str) -> ImageRef:
    """Return the picture of a sidecar, with the name that is left if that was cut. Raises InvalidName."""
    return ImageRef.parse(sidecar.removesuffix(_SUFFIX))


def sidecar_prefix(container: str, prefix: str) -> str:
    """Return the prefix of the sidecars' names, truncated or not, of all pictures whose names begin with `prefix`."""
    segments = f"{container}/{prefix}".split("/")
    return _cut("/".join(segments[:_DEEPEST_NAME]), _LONGEST_NAME - len(_TAIL.format(hashlib.sha256().hexdigest())))


def _units(text: str) -> int:
    """Return the length in UTF-16 units, as Azure counts: an emoji has two."""
    return len(text.encode("utf-16-le")) // 2


def _cut(text: str, units: int) -> str:
    """Return as much of the text as fits, without half a character at the end."""
    return text.encode("utf-16-le")[: 2 * units].decode("utf-16-le", errors="ignore")


def shared_key(sha256: str | None, fingerprint: str) -> str:
    """Return the key of the answer cache: the bytes' digest and the request's fingerprint."""
    return f"{sha256}-{fingerprint}"


def shared_name(container: str, key: str) -> str:
    """Return the blob name of a record in the answer cache."""
    return f"{shared_prefix(container)}{key}.json"


def shared_prefix(container: str) -> str:
    """Return the prefix of the answer cache of a container."""
    return f"_content/{container}/"
