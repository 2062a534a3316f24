"""Selects the blobs that a backfill queues, from the listing alone."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from describer.domain import companions
from describer.domain.image_blob import ImageBlob
from describer.domain.status import SkipReason, Status
from describer.pipeline.backfill.library import Listed
from describer.pipeline.backfill.state import BackfillOptions, Only, digest_of
from describer.pipeline.blob_filter import BlobFilter
from describer.vision.brief import Brief

_LEFT_OUT: Final = frozenset({"ai", "eps", "psd"})
"""Extensions of unsupported drawings; skipped by name like files that are not pictures. All others are examined."""


class Judgement(StrEnum):
    """Why a blob is queued or not."""

    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"
    REVIEW = "review"
    CURRENT = "current"
    """It has a record that the backfill need not renew."""
    EXCLUDED = "excluded"
    NOT_OURS = "not_ours"
    NOT_A_PICTURE = "not_a_picture"
    """A file that is not a picture, by its name or by an earlier examination."""
    OTHER_AGE = "other_age"
    EMPTY = "empty"
    ARCHIVED = "archived"
    TOO_LARGE = "too_large"

    @property
    def is_queued(self) -> bool:
        return self in _QUEUED


_QUEUED: Final = frozenset({Judgement.MISSING, Judgement.STALE, Judgement.FAILED, Judgement.REVIEW})


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules of one backfill.

    Args:
        blob_filter: the app's own rules, which apply too.
        brief: the request; prefixes may change it.
        max_bytes: maximum size of a picture that is read.
        no_pictures: ETags of blobs that are known not to be pictures, by the digests of their names.
    """

    options: BackfillOptions
    blob_filter: BlobFilter
    brief: Brief
    max_bytes: int
    no_pictures: Mapping[str, str] = field(default_factory=dict)

    def judge(self, listed: Listed) -> Judgement:
        """Return why the blob is queued or not."""
        blob = listed.picture
        if away := self._passed_by(blob):
            return away
        state = self._state(listed)
        if state is Judgement.CURRENT or not {Only.ALL, state} & set(self.options.only):
            return Judgement.CURRENT
        if blob.tier == "Archive":
            return Judgement.ARCHIVED
        if blob.size == 0:
            return Judgement.EMPTY
        return Judgement.TOO_LARGE if blob.size > self.max_bytes else state

    def _passed_by(self, blob: ImageBlob) -> Judgement | None:
        """Return a reason to skip the blob by name, age or the app's rules, or None."""
        skip = self.blob_filter.skips_name(blob.ref) or self._narrower.skips_name(blob.ref)
        skip = skip or self.blob_filter.skips_picture(blob)
        if skip:
            return Judgement.EXCLUDED if skip.reason is SkipReason.EXCLUDED else Judgement.NOT_OURS
        after, before = self.options.modified_after, self.options.modified_before
        if blob.modified and ((after and blob.modified < after) or (before and blob.modified >= before)):
            return Judgement.OTHER_AGE
        return Judgement.NOT_A_PICTURE if self._is_no_picture(blob) else None

    def _is_no_picture(self, blob: ImageBlob) -> bool:
        name = blob.ref.name
        by_name = companions.by_name(name) or name.rpartition(".")[2].lower() in _LEFT_OUT
        return bool(by_name) or self.no_pictures.get(digest_of(name)) == blob.etag

    @property
    def _narrower(self) -> BlobFilter:
        return BlobFilter((self.options.container,), self.options.include, self.options.exclude)

    def _state(self, listed: Listed) -> Judgement:
        facts = listed.facts
        if facts is None:
            return Judgement.MISSING
        if facts.status == Status.FAILED:
            return Judgement.FAILED
        if not facts.has_wishes and facts.fingerprint != self.brief.about(listed.picture).fingerprint:
            return Judgement.STALE
        return Judgement.REVIEW if facts.status == Status.NEEDS_REVIEW else Judgement.CURRENT
