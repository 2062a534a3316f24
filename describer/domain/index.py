"""An index entry in a sidecar's blob metadata, so that a listing provides it without reading the file.

The entry contains the file's MD5, which listings provide too. If the two differ, another program has replaced the file
and kept or lost the entry. Then the entry is ignored and the file is read.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from describer.domain import metadata
from describer.domain.errors import InvalidName
from describer.domain.image_ref import ImageRef
from describer.domain.naming import is_whole, picture_of, sidecar_name
from describer.domain.precedence import has_words_of_people
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.status import Status
from describer.domain.texts import Review

MD5: Final = "record_md5"
_NAME: Final = "record_name"
"""The picture's name, percent-encoded, if the sidecar's name is truncated."""


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """The facts about a record that a listing provides.

    Args:
        etag: the sidecar's ETag.
        status, review, demand: the record's.
        languages: the languages with an alt text; the default one first, if it has one.
        further_languages: the languages with other texts only.
        is_decorative: whether an empty alt text is correct in every language.
        fingerprint: the request's, see `Brief.fingerprint`.
        has_wishes: whether a caller chose options, so that a fingerprint other than the settings' is correct.
        has_words: whether a person wrote, emptied or reviewed anything in the record or its history.
        image_etag: the picture's ETag when it was read, in quotes; setting its metadata has changed it since.
        image_size: number of the picture's bytes.
        sha256: digest of its bytes, or None if they were not read.
        at: when the record was made.
        is_indexed: False if the listing did not provide all this, because another program or an older version of the
            app wrote the file.
    """

    ref: ImageRef
    etag: str
    status: Status
    review: Review
    demand: Demand | None
    languages: tuple[str, ...]
    further_languages: tuple[str, ...]
    is_decorative: bool
    fingerprint: str
    has_wishes: bool
    has_words: bool
    image_etag: str
    image_size: int
    sha256: str | None
    at: datetime
    is_indexed: bool = True

    @classmethod
    def of(cls, ref: ImageRef, record: Record, etag: str = "", *, is_indexed: bool = True) -> Self:
        filled = record.filled()
        languages = tuple(tag for tag, names in filled.items() if "alt_text" in names)
        return cls(
            ref=ref,
            etag=etag,
            status=record.status,
            review=record.review,
            demand=record.demand,
            languages=languages,
            further_languages=tuple(tag for tag, names in filled.items() if names and tag not in languages),
            is_decorative=record.is_decorative,
            fingerprint=record.fingerprint,
            has_wishes=record.request is not None,
            has_words=has_words_of_people(record),
            image_etag=record.source.etag,
            image_size=record.source.size,
            sha256=record.source.sha256,
            at=record.at,
            is_indexed=is_indexed,
        )

    @classmethod
    def read(cls, blob_name: str, pairs: Mapping[str, str], etag: str, md5: bytes) -> Self | None:
        """Return the entry that a listing provides for a sidecar, or None if the file must be read.

        `md5` is the file's digest according to storage, or empty.
        """
        found = {name.lower(): value for name, value in pairs.items()}
        if not md5 or found.get(MD5) != md5.hex():
            return None
        marks = found.get("record_marks", "").split()
        try:
            return cls(
                ref=_ref_of(blob_name, found.get(_NAME, "")),
                etag=etag,
                status=Status(found["record_status"]),
                review=Review(found["record_review"]),
                demand=Demand(found["record_demand"]) if found.get("record_demand") else None,
                languages=tuple(found.get("record_languages", "").split()),
                further_languages=tuple(found.get("record_further_languages", "").split()),
                is_decorative="decorative" in marks,
                fingerprint=found.get("record_fingerprint", ""),
                has_wishes="wishes" in marks,
                has_words="words" in marks,
                image_etag=metadata.decode(found.get("record_image", "")),
                image_size=int(found["record_size"]),
                sha256=found.get("record_sha256") or None,
                at=datetime.fromisoformat(found["record_at"]),
            )
        except (KeyError, InvalidName, ValueError):  # for example a status of a later version
            return None

    def pairs(self, data: bytes) -> dict[str, str]:
        """Return the metadata for a sidecar whose bytes are `data`; empty if it would not fit."""
        marks = {"decorative": self.is_decorative, "wishes": self.has_wishes, "words": self.has_words}
        values = {
            MD5: md5_of(data).hex(),
            "record_status": self.status,
            "record_review": self.review,
            "record_demand": self.demand or "",
            "record_languages": " ".join(self.languages),
            "record_further_languages": " ".join(self.further_languages),
            "record_marks": " ".join(name for name, holds in marks.items() if holds),
            "record_fingerprint": self.fingerprint,
            "record_image": metadata.encode(self.image_etag),
            "record_size": str(self.image_size),
            "record_sha256": self.sha256 or "",
            "record_at": self.at.isoformat(timespec="seconds"),
            _NAME: "" if is_whole(sidecar_name(self.ref), self.ref) else metadata.encode(self.ref.name),
        }
        pairs = {name: str(value) for name, value in values.items() if value}
        fits = sum(len(name) + len(value) for name, value in pairs.items()) <= metadata.LIMIT
        plain = all(map(str.isascii, pairs.values())) and all(
            len(tag.split()) == 1 for tag in (*self.languages, *self.further_languages)
        )
        return pairs if fits and plain else {}


def md5_of(data: bytes) -> bytes:
    """Return the digest that storage provides with each blob; it detects accidental changes only."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def _ref_of(blob_name: str, encoded: str) -> ImageRef:
    ref = picture_of(blob_name)
    ref = ImageRef(ref.container, metadata.decode(encoded)) if encoded else ref
    if sidecar_name(ref) != blob_name:
        raise ValueError("the sidecar's name is not the one for this picture")
    return ref
