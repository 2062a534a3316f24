"""Times as the app writes them: RFC 3339 in UTC, to the second, with a `Z`, which every decoder leaves alone."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema


def written(at: datetime) -> str:
    """Return a time, such as `2026-11-28T21:43:00Z`. One without a zone is taken for UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_same(text: str, at: datetime) -> bool:
    """Whether `text`, in this form or with an offset as earlier versions wrote it, is the same second as `at`."""
    try:
        return written(datetime.fromisoformat(text)) == written(at)
    except ValueError:
        return False


Moment = Annotated[
    datetime,
    PlainSerializer(written, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""A time in a document."""
