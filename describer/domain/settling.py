"""Schedules blobs that are filled after their event: when to read them and when to check them again.

Storage sends an event when an append or page blob is created, but none for later writes. A copy between accounts also
continues after its event. Such a blob is read after it has not changed for a while, and is checked again, at intervals
that grow with its age, until it has not changed for a day. So a half-written picture does not stay described.
"""

from datetime import datetime, timedelta
from typing import Final

from describer.domain.image_blob import ImageBlob

REST: Final = timedelta(minutes=2)
"""Time without a change before the blob is read."""
EMPTY_REST: Final = timedelta(days=1)
"""The same for an empty blob: a client creates it before it sends data."""
WATCHED: Final = timedelta(days=1)
"""Time without a change after which the blob is no longer checked."""
COPYING: Final = timedelta(minutes=1)
"""Time between two checks of a copy in progress."""
_LONGEST: Final = timedelta(hours=1)
_GROWTH: Final = 3


def wait(picture: ImageBlob, now: datetime) -> float | None:
    """Return the seconds until the blob may be readable; None: it may be read now."""
    if picture.is_being_copied:
        return COPYING.total_seconds()
    if not picture.grows or picture.modified is None:
        return None
    left = (REST if picture.size else EMPTY_REST) - (now - picture.modified)
    return min(left, _LONGEST).total_seconds() if left > timedelta() else None


def next_check(picture: ImageBlob, now: datetime) -> float | None:
    """Return the seconds until the blob is checked again; None: it is complete."""
    if not picture.grows or picture.modified is None:
        return None
    age = max(now - picture.modified, REST)
    return (_GROWTH * age).total_seconds() if age < WATCHED else None
