"""What storage holds of a picture: its properties, its bytes, its record."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from describer.domain.embedded import AuthorTexts, EmbeddedTexts, XmpSidecar
from describer.domain.errors import ImageRejected
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record


class Reserved(Protocol):
    """Memory that is held for the bytes of a picture."""

    def release(self) -> None:
        """Give it back."""


@dataclass(frozen=True, slots=True)
class ImageBlob:
    """A blob's properties.

    Args:
        ref: where it is.
        etag: of the blob; empty if storage does not tell, and for a picture that is not in storage.
        size: in bytes.
        metadata: raw, as stored.
        leased: True if a lease bars writing.
        refusal: why it can be neither read nor marked, if that is known beforehand.
        modified: when its bytes or its metadata were last written; None if storage does not tell.
        grows: True of append and page blobs, into which is written after their event.
        is_being_copied: True while a copy to it is under way.
        tier: `Hot`, `Cool`, `Cold`, `Archive`; empty if storage has none or does not tell.
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
    """A picture's bytes and their SHA-256 in hex; where they were not read, `refusal` says why. `size` is in bytes.

    Args:
        embedded: what the author wrote into the file, once it was read.
        beside: the XMP file beside the picture, if it was looked for and found.
        reservation: the memory that is held for the bytes, if somebody else does not hold it.
        prepared: what the model is shown, once it was made, after what it was made for.
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
        """All that the author wrote."""
        return AuthorTexts(self.embedded, self.beside)

    def release(self) -> None:
        """Let go of the bytes, and give back the memory that is held for them: they are needed no more."""
        self.data, self.released = b"", True
        if self.reservation:
            self.reservation.release()


@dataclass(frozen=True, slots=True)
class StoredRecord:
    """A record as it lies in storage, with its ETag."""

    record: Record
    etag: str
