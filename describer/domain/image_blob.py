"""A picture in storage: its properties, its bytes, its record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from describer.domain.embedded import AuthorTexts, EmbeddedTexts, XmpSidecar
from describer.domain.errors import ImageRejected
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record


class Reserved(Protocol):
    """Memory that is reserved for a picture's bytes."""

    def release(self) -> None: ...


@dataclass(frozen=True, slots=True)
class ImageBlob:
    """A blob's properties.

    Args:
        ref: its container and name.
        etag: the blob's ETag; empty if storage gives none, and for a picture that is not in storage.
        size: in bytes.
        metadata: raw, as stored.
        leased: whether a lease prevents writing.
        refusal: why it can be neither read nor marked, if known in advance.
        modified: time of the last write to its bytes or metadata; None if storage gives none.
        grows: True for append and page blobs, which are written to after their event.
        is_being_copied: whether a copy to it is in progress.
        tier: `Hot`, `Cool`, `Cold`, `Archive`; empty if storage gives none.
    """

    ref: ImageRef
    etag: str
    size: int
    metadata: Mapping[str, str]
    leased: bool = False
    refusal: ImageRejected | None = None
    modified: datetime | None = None
    grows: bool = False
    is_being_copied: bool = False
    tier: str = ""


@dataclass(slots=True)
class ImageContent:
    """A picture's bytes and their SHA-256 in hex; if they were not read, `refusal` says why. `size` is in bytes.

    Args:
        embedded: the author's texts, once the file was read.
        beside: the XMP file beside the picture, if it was searched for and found.
        reservation: the memory reserved for the bytes, unless the caller holds it.
        prepared: the prepared picture with the request that it was prepared for.
    """

    size: int
    data: bytes = b""
    sha256: str | None = None
    refusal: ImageRejected | None = None
    embedded: EmbeddedTexts = field(default_factory=EmbeddedTexts)
    beside: XmpSidecar | None = None
    reservation: Reserved | None = field(default=None, compare=False)
    released: bool = False
    prepared: tuple[object, object] | None = field(default=None, compare=False)

    @property
    def author(self) -> AuthorTexts:
        """All the author's texts."""
        return AuthorTexts(self.embedded, self.beside)

    def release(self) -> None:
        """Drop the bytes and release the memory reserved for them."""
        self.data, self.released = b"", True
        if self.reservation:
            self.reservation.release()


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record in storage with its ETag."""

    record: Record
    etag: str
