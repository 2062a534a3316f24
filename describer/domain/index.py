"""What a sidecar's own blob metadata tells of its record, so that a listing tells it too and no file has to be read.

The pairs are bound to the file by its MD5, which storage gives in listings: where the two differ, somebody has replaced
the file since and kept the pairs, or written one without them. Then the pairs count for nothing, and the file is read.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from describer.domain import metadata
from describer.domain.errors import InvalidName
from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.domain.precedence import has_words_of_people
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.status import Status
from describer.domain.texts import Review

MD5: Final = "record_md5"
_NAME: Final = "record_name"
"""The picture's name, percent-encoded, where the sidecar's name is a cut one."""
_SUFFIX: Final = ".json"


@dataclass(frozen=True, slots=True)
class IndexEntry:
    """One record, as a listing tells of it.

    Args:
        ref: the picture.
        etag: the sidecar's.
        status, review, demand: the record's.
        languages: that have an alt text; the default one first, if it has.
        further_languages: that have other texts only.
        is_decorative: an empty alt text is right, in every language.
        fingerprint: of what was asked; see `Brief.fingerprint`.
        has_wishes: a caller asked otherwise than the settings, so that another fingerprint than theirs is right.
        has_words: a person wrote, emptied or judged something in the record or its history.
        image_etag: of the picture when it was read, in quotes; a mark in its metadata has changed it since.
        image_size: of the picture, in bytes.
        sha256: of its bytes, or None where they were not read.
        at: when the record was made.
        is_indexed: False where the listing did not tell all this, because somebody else has written the file since, or
            a version of the app that kept no index.
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
        """What a listing is to tell of `record`."""
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
        """What a listing tells of the sidecar called `blob_name`; None where its file has to be read.

        Args:
            blob_name: the sidecar's name.
            pairs: its metadata.
            etag: its ETag, in quotes.
            md5: of its file, as storage gives it, or empty.
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
        except (KeyError, InvalidName, ValueError):  # such as a status of a later version
            return None

    def pairs(self, data: bytes) -> dict[str, str]:
        """The metadata of the sidecar whose bytes are `data`; empty where it would not fit."""
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
            _NAME: "" if _is_whole(self.ref) else metadata.encode(self.ref.name),
        }
        pairs = {name: str(value) for name, value in values.items() if value}
        fits = sum(len(name) + len(value) for name, value in pairs.items()) <= metadata.LIMIT
        plain = all(map(str.isascii, pairs.values())) and all(
            len(tag.split()) == 1 for tag in (*self.languages, *self.further_languages)
        )
        return pairs if fits and plain else {}


def md5_of(data: bytes) -> bytes:
    """The digest that storage gives with each blob; it guards against nothing but mistakes."""
    return hashlib.md5(data, usedforsecurity=False).digest()


def _ref_of(blob_name: str, encoded: str) -> ImageRef:
    container, _, name = blob_name.removesuffix(_SUFFIX).partition("/")
    ref = ImageRef(container, metadata.decode(encoded) if encoded else name)
    if sidecar_name(ref) != blob_name:
        raise ValueError("the sidecar is not called as the picture's would be")
    return ref


def _is_whole(ref: ImageRef) -> bool:
    return sidecar_name(ref) == f"{ref.container}/{ref.name}{_SUFFIX}"
