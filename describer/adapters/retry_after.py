"""Reads the delay that a server requests, for storage, the model, the web and the topic."""

import datetime as dt
from collections.abc import Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from typing import Final

_MILLISECONDS: Final = ("retry-after-ms", "x-ms-retry-after-ms")
"""Azure's own headers, which are exact; `Retry-After` is rounded up."""
_LONGEST: Final = 999_999_999.0


def seconds(headers: Mapping[str, str]) -> float | None:
    """Return the seconds that a response's headers ask to wait, or None if there is no valid value.

    `Retry-After` is a number of seconds or a date (RFC 9110, 10.2.3); Azure OpenAI also sends fractions. The headers
    are case-insensitive, as HTTP libraries provide them.
    """
    for name in _MILLISECONDS:
        if (given := _number(headers.get(name, ""))) is not None:
            return given / 1000
    text = headers.get("retry-after", "")
    given = _number(text)
    return _until(text) if given is None else given


def _number(text: str) -> float | None:
    if not text.isascii() or not text.replace(".", "", 1).isdecimal():
        return None
    return min(float(text), _LONGEST)


def _until(date: str) -> float | None:
    with suppress(ValueError, OverflowError):  # OverflowError: a year or time zone out of range
        until = parsedate_to_datetime(date)
        if until.tzinfo is None:
            until = until.replace(tzinfo=dt.UTC)
        return max(0.0, (until - dt.datetime.now(dt.UTC)).total_seconds())
    return None
