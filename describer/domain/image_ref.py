"""Where a picture is.

Needs the standard library only, and Python 3.11: the hooks of azd import it too.
"""

import hashlib
from dataclasses import dataclass
from typing import Final, Self
from urllib.parse import unquote

from describer.domain.errors import InvalidName

_SUBJECT: Final = "/blobServices/default/containers/{container}/blobs/{name}"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """Where a picture is: container and blob name, as they are, never URL-encoded.

    `name` is the name by which storage opens the blob, so that every rule is judged on that: a backslash becomes a
    slash, as it does in storage, and segments `.` and `..`, which HTTP clients resolve before they ask, are refused.
    Nothing else is decoded, folded or cut: `a%41.jpg`, `a//b`, `/a.jpg` and `A.jpg` are blobs of their own.

    A blob's name may say who is in the picture. So a reference written as text is an alias, in logs and telemetry and
    wherever else it comes to: `images/6f1812906cfe2f58`, the container and the first 16 hex digits of the SHA-256 of
    the blob's name in UTF-8. Whoever knows a name can find it again, and nobody can read a name from it.

    Args:
        container: the container; empty for a picture that is not in storage, whose name is only a label.
        name: the blob's name.

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
    def subject(self) -> str:
        """The picture as Event Grid names it."""
        return _SUBJECT.format(container=self.container, name=self.name)

    @classmethod
    def from_subject(cls, subject: str) -> Self:
        """Read Event Grid's name of a blob.

        Raises:
            ValueError: the subject names no blob.
        """
        _, found, rest = subject.partition("/containers/")
        container, blobs, name = rest.partition("/blobs/")
        if not (found and container and blobs and name):
            raise ValueError("the subject names no blob; expected …/containers/C/blobs/NAME")
        return cls(container, name)

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Read a blob's address, `https://ACCOUNT.blob.core.windows.net/CONTAINER/NAME` or that of the dfs endpoint.

        Raises:
            ValueError: it names no blob.
        """
        _, scheme, rest = url.partition("://")
        container, _, name = unquote(rest.partition("/")[2]).lstrip("/").partition("/")  # `#` and `?` may be in a name
        if not (scheme and container and name):
            raise ValueError("the address names no blob; expected https://ACCOUNT.blob.core.windows.net/C/NAME")
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
