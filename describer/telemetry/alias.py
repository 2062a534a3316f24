"""How telemetry calls a picture: a blob's name may say who is in it, so it is told only where a setting allows that.

An alias is the container and the first 16 hex digits of the SHA-256 of the blob's name in UTF-8: whoever knows a name
can find its traces, and nobody can read a name from them.
"""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from describer.events import ImageRef
from describer.sidecar import sidecar_name

_SUBJECT: Final = re.compile(r"(?:/blobServices/default)?/containers/[^/]+/blobs/.+", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Names:
    """Names pictures; `in_clear` by their blob names, otherwise by alias."""

    in_clear: bool = False

    def of(self, ref: ImageRef) -> str:
        """Such as `images/3f0c6a1d9b2e4785`, or in clear `images/pets/cat.jpg`."""
        return f"{ref.container}/{ref.name if self.in_clear else _digest(ref)}"

    def masked(self, facts: Mapping[str, object]) -> dict[str, object]:
        """The facts of a log event, with every picture in them by its alias, in sentences too."""
        if self.in_clear:
            return dict(facts)
        subjects = (_SUBJECT.search(fact) for fact in facts.values() if isinstance(fact, str))
        refs = [ref for found in subjects if found and (ref := _read(found.group()))]
        return {key: self._masked(fact, refs) if isinstance(fact, str) else fact for key, fact in facts.items()}

    def _masked(self, text: str, refs: list[ImageRef]) -> str:
        text = _SUBJECT.sub(lambda found: self.of(ref) if (ref := _read(found.group())) else "an invalid name", text)
        for ref in refs:
            for name in (sidecar_name(ref), ref.name):
                spelt = "|".join(sorted({re.escape(name), re.escape(repr(name)[1:-1])}))
                text = re.sub(rf"(?<!\w)(?:{spelt})(?!\w)", _digest(ref), text)
        return text


def _read(subject: str) -> ImageRef | None:
    try:
        return ImageRef.from_subject(subject)
    except ValueError:
        return None


def _digest(ref: ImageRef) -> str:
    return hashlib.sha256(ref.name.encode()).hexdigest()[:16]
