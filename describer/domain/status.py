"""The outcomes of processing a picture: a status, which is recorded, or a skip, which is not."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """The outcome for a picture; its value is in the sidecar and in the metadata `description_status`."""

    DESCRIBED = "described"
    """The model's texts passed the checks."""
    NEEDS_REVIEW = "needs_review"
    """There is an answer, but a person should review it before publication."""
    KEPT = "kept"
    """A person's alt text is kept; the model was asked for the missing texts.

    If that failed, `reason` says why, and the failure's status is among the flags.
    """
    FILTERED = "filtered"
    """The content filter of the model's service blocked the picture or the answer."""
    UNSUPPORTED = "unsupported"
    """Not a picture, or an unsupported format."""
    CORRUPT = "corrupt"
    """A picture by its first bytes that cannot be decoded."""
    TOO_LARGE = "too_large"
    """Over the limit on bytes, or decoding needs more memory than allowed."""
    ARCHIVED = "archived"
    """The blob is in the archive tier and cannot be read."""
    FAILED = "failed"
    """All allowed attempts failed; the next event or backfill tries again."""

    @property
    def is_published(self) -> bool:
        """Whether the texts may be published without a person's review."""
        return self in {Status.DESCRIBED, Status.KEPT}


class SkipReason(StrEnum):
    """Why a picture was skipped."""

    UNCHANGED = "unchanged"
    """Its record is complete for these bytes and this brief."""
    EXCLUDED = "excluded"
    """Its owner excluded it, by a pattern or by the metadata `description_skip=true`."""
    NOT_OURS = "not_ours"
    """Not a picture in a watched container: a folder, or a blob from elsewhere."""
    NOT_A_PICTURE = "not_a_picture"
    """A film, another program's sidecar or another file that is not a picture."""
    GONE = "gone"
    """It was deleted before it could be read."""
    NEWER = "newer"
    """A later version of the app wrote its record, which this version does not change."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The blob was skipped; nothing was written.

    Args:
        etag: ETag of the examined blob, if this version of it need not be examined again.
    """

    reason: SkipReason
    detail: str = ""
    etag: str = ""
