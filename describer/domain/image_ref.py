"""References to pictures.

Uses only the standard library and Python 3.11, since azd's hooks import this module too.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote

from describer.domain.errors import InvalidName

_SUBJECT: Final = "/blobServices/default/containers/{container}/blobs/{name}"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """A reference to a picture: container and blob name, never URL-encoded.

    `name` is the name by which storage opens the blob, so every rule applies to that: a backslash becomes a slash, as
    in storage. Segments `.` and `..`, which HTTP clients resolve before they send a request, are rejected. Nothing else
    is decoded, folded or trimmed: `a%41.jpg`, `a//b`, `/a.jpg` and `A.jpg` are different blobs.

    A blob's name may reveal who is in the picture. Therefore `str()` returns an alias, for logs, telemetry and
    everything else: `images/6f1812906cfe2f58`, the container and the first 16 hex digits of the SHA-256 of the name in
    UTF-8. The alias can be computed from the name but not reversed.

    Args:
        container: the container; empty for a picture that is not in storage, whose name is only a label.

    Raises:
        InvalidName: a segment is `.` or `..`, or the name is not Unicode text.
    """

    container: str
    name: str

    def __post_init__(self) -> None:
        if self.container:
            object.__setattr__(self, "name", _as_storage_reads(self.name))

    def __str__(self) -> str:
        return f"{self.container}/{hashlib.sha256(self.name.encode()).hexdigest()[:16]}"

    @property
    def path(self) -> str:
        """The reference in clear, `container/name`: for the blob's owner, never for logs."""
        return f"{self.container}/{self.name}"

    @property
    def subject(self) -> str:
        """The subject of Event Grid's events on this picture."""
        return _SUBJECT.format(container=self.container, name=self.name)

    @classmethod
    def parse(cls, path: str) -> Self:
        """Parse `container/name`. Raises InvalidName: it does not name a blob."""
        container, _, name = path.partition("/")
        if not (container and name):
            raise InvalidName(f"{path[:100]!r} is not CONTAINER/NAME, such as images/pets/cat.jpg.", field="name")
        return cls(container, name)

    @classmethod
    def from_subject(cls, subject: str) -> Self:
        """Parse the subject of an Event Grid event. Raises ValueError: the subject does not name a blob."""
        _, found, rest = subject.partition("/containers/")
        container, blobs, name = rest.partition("/blobs/")
        if not (found and container and blobs and name):
            raise ValueError("the subject does not name a blob; expected …/containers/C/blobs/NAME")
        return cls(container, name)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Parse a blob's address, `https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME` or that of the dfs endpoint.

        Raises:
            ValueError: it does not name a blob.
        """
        _, scheme, rest = url.partition("://")
        container, _, name = unquote(rest.partition("/")[2]).lstrip("/").partition("/")  # names may contain `#` and `?`
        if not (scheme and container and name):
            raise ValueError("the address does not name a blob; expected https://ACCOUNT.blob.core.windows.net/C/NAME")
        return cls(container, name)


def _as_storage_reads(name: str) -> str:
    read = name.replace("\\", "/")
    if not {".", ".."}.isdisjoint(read.split("/")):
        raise InvalidName(f"{name[:100]!r} is not a blob's name: a segment of it is . or ..", field="name")
    try:
        read.encode()
    except UnicodeEncodeError as error:
        raise InvalidName(f"{name[:100]!r} is not a blob's name: it is not Unicode text.", field="name") from error
    return read
