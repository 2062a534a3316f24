"""Formats times as RFC 3339 in UTC with seconds and a `Z`, which no URL decoder alters."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import PlainSerializer, WithJsonSchema


def written(at: datetime) -> str:
    """Return a time such as `2026-11-28T21:43:00Z`. A time without a zone is assumed to be UTC."""
    aware = at if at.tzinfo else at.replace(tzinfo=UTC)
    return aware.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def is_same(text: str, at: datetime) -> bool:
    """Return whether `text`, in this form or with an offset as in earlier versions, is the same second as `at`."""
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
