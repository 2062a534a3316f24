"""The ways a picture's visit can end: a status, which is written into its record, or a reasoned skip, which is not."""

from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """What became of a picture; the value stands in the sidecar and in the metadata `description_status`."""

    DESCRIBED = "described"
    """The model's texts passed the checks."""
    NEEDS_REVIEW = "needs_review"
    """There is an answer, but a person should look before it is published."""
    KEPT = "kept"
    """A person's alt text stands; what was missing beside it was asked for.

    Where that could not be had, `reason` says why, and the status that it would have had is among the flags.
    """
    FILTERED = "filtered"
    """The content filter of the model's service stopped the picture or the answer."""
    UNSUPPORTED = "unsupported"
    """Not a picture, or a format that is not read."""
    CORRUPT = "corrupt"
    """A picture by its first bytes, but it cannot be decoded."""
    TOO_LARGE = "too_large"
    """Over the limit of bytes, or its pixels would need more memory than allowed."""
    ARCHIVED = "archived"
    """The blob lies in the archive tier and cannot be read."""
    FAILED = "failed"
    """Tried as often as the settings allow; the next event or sweep tries again."""

    @property
    def is_published(self) -> bool:
        """Whether the texts may be used as they are, without a person's look."""
        return self in {Status.DESCRIBED, Status.KEPT}


class SkipReason(StrEnum):
    """Why a picture was left as it is."""

    UNCHANGED = "unchanged"
    """Its record is complete for these bytes and this brief."""
    EXCLUDED = "excluded"
    """The owner keeps it from the model, by a pattern or by the metadata `description_skip=true`."""
    NOT_OURS = "not_ours"
    """Not a picture of the watched container: a folder, or a blob from elsewhere."""
    NOT_A_PICTURE = "not_a_picture"
    """A film, a sidecar of another program, or another file that lies beside pictures."""
    GONE = "gone"
    """It was deleted before it could be read."""
    NEWER = "newer"
    """A later version of the app wrote its record, which this one leaves alone."""


@dataclass(frozen=True, slots=True)
class Skip:
    """The picture was left alone; nothing was written.

    Args:
        reason: why.
        detail: for people.
        etag: of the blob that was looked at, where the same one need not be looked at again.
    """

    reason: SkipReason
    detail: str = ""
    etag: str = ""
