"""Blobs that are filled after their event: when they may be read, and when they are looked at again.

Storage tells of an append or page blob when it is created, and of nothing that is written into it afterwards. A copy
between accounts is under way after its event too. So each rests for a while before it is read, and is looked at again
until it has rested for a day, after times that grow with its age: half a picture does not stay described.
"""

from datetime import datetime, timedelta
from typing import Final

from describer.domain.image_blob import ImageBlob

REST: Final = timedelta(minutes=2)
"""Without a change, before the blob is read."""
EMPTY_REST: Final = timedelta(days=1)
"""The same of a blob without bytes: a client creates it before it sends any."""
WATCHED: Final = timedelta(days=1)
"""Without a change, until which the blob is looked at again."""
COPYING: Final = timedelta(minutes=1)
"""Between two looks at a copy that is under way."""
_LONGEST: Final = timedelta(hours=1)
_GROWTH: Final = 3


def wait(picture: ImageBlob, now: datetime) -> float | None:
    """Return the seconds after which to look whether the blob may be read; None: it may be read now."""
    if picture.is_being_copied:
        return COPYING.total_seconds()
    if not picture.grows or picture.modified is None:
        return None
    left = (REST if picture.size else EMPTY_REST) - (now - picture.modified)
    return min(left, _LONGEST).total_seconds() if left > timedelta() else None


def next_look(picture: ImageBlob, now: datetime) -> float | None:
    """Return the seconds after which the blob is looked at again; None: it is finished."""
    if not picture.grows or picture.modified is None:
        return None
    age = max(now - picture.modified, REST)
    return (_GROWTH * age).total_seconds() if age < WATCHED else None
