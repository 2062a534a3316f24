"""How long a server asks to wait, read alike whichever server it is."""

import datetime as dt
from email.utils import format_datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.adapters import retry_after


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "7"}, 7),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "2.5"}, 2.5),
        ({"retry-after-ms": "250", "retry-after": "1"}, 0.25),
        ({"x-ms-retry-after-ms": "1500"}, 1.5),
        ({"retry-after-ms": "soon", "retry-after": "3"}, 3),
        ({"retry-after": "-1"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "1e9"}, None),
        ({"retry-after": "\u0663"}, None),
        ({"retry-after": "9" * 400}, 999_999_999),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 99999999999999 07:28:00 GMT"}, None),
    ],
)
def test_numbers_and_dates_are_read(headers: dict[str, str], seconds: float | None) -> None:
    assert retry_after.seconds(headers) == seconds


def test_a_date_is_the_time_until_then() -> None:
    until = format_datetime(dt.datetime.now(dt.UTC) + dt.timedelta(minutes=5), usegmt=True)
    assert retry_after.seconds({"retry-after": until}) == pytest.approx(300, abs=5)


@given(st.text(max_size=40))
def test_whatever_comes_is_a_wait_or_none(text: str) -> None:
    found = retry_after.seconds({"retry-after": text})
    assert found is None or 0 <= found <= 1e12
