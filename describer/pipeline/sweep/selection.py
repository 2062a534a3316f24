"""Which blobs of a listing a sweep queues: decided by what the listing shows, without a request for each."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from describer.domain import companions
from describer.domain.image_blob import ImageBlob
from describer.domain.status import SkipReason, Status
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.sweep.library import Listed
from describer.pipeline.sweep.state import Only, SweepOptions, digest_of
from describer.vision.brief import Brief

_LEFT_OUT: Final = frozenset({"ai", "eps", "psd"})
"""Drawings that are not read, beside the files that are named like no pictures. Anything else is looked at."""


class Judgement(StrEnum):
    """Why a blob is queued, or is not."""

    MISSING = "missing"
    STALE = "stale"
    FAILED = "failed"
    REVIEW = "review"
    CURRENT = "current"
    """It has a record, and the sweep does not ask for such."""
    EXCLUDED = "excluded"
    NOT_OURS = "not_ours"
    NOT_A_PICTURE = "not_a_picture"
    """A film, a document or a file that tools keep beside pictures: by its name, or as it was found to be earlier."""
    OTHER_AGE = "other_age"
    EMPTY = "empty"
    ARCHIVED = "archived"
    TOO_LARGE = "too_large"

    @property
    def is_queued(self) -> bool:
        """Whether such a blob is queued."""
        return self in _QUEUED


_QUEUED: Final = frozenset({Judgement.MISSING, Judgement.STALE, Judgement.FAILED, Judgement.REVIEW})


@dataclass(frozen=True, slots=True)
class Selection:
    """The rules of one sweep.

    Args:
        options: what was asked.
        blob_filter: the app's own rules, which hold as well.
        brief: what is asked of pictures; by prefix, something else may be.
        max_bytes: of a picture that is read.
        no_pictures: the ETags of blobs that earlier sweeps found to be none, by the digests of their names.
    """

    options: SweepOptions
    blob_filter: BlobFilter
    brief: Brief
    max_bytes: int
    no_pictures: Mapping[str, str] = field(default_factory=dict)

    def judge(self, listed: Listed) -> Judgement:
        """Say why the blob is queued, or is not."""
        blob = listed.picture
        if away := self._passed_by(blob):
            return away
        state = self._state(listed)
        if state is Judgement.CURRENT or not self._wants(state):
            return Judgement.CURRENT
        if blob.tier == "Archive":
            return Judgement.ARCHIVED
        return Judgement.EMPTY if blob.size == 0 else self._by_size(blob, state)

    def _passed_by(self, blob: ImageBlob) -> Judgement | None:
        """Judge by name, age and the app's own rules."""
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
        told = listed.told
        if told is None:
            return Judgement.MISSING
        if told.status == Status.FAILED:
            return Judgement.FAILED
        if not told.has_wishes and told.fingerprint != self.brief.about(listed.picture).fingerprint:
            return Judgement.STALE
        return Judgement.REVIEW if told.status == Status.NEEDS_REVIEW else Judgement.CURRENT

    def _wants(self, state: Judgement) -> bool:
        return Only.ALL in self.options.only or state.value in self.options.only

    def _by_size(self, blob: ImageBlob, state: Judgement) -> Judgement:
        return Judgement.TOO_LARGE if blob.size > self.max_bytes else state
