"""Times have one form, and those that earlier versions wrote are read."""

from datetime import UTC, datetime, timedelta, timezone

import pytest

from describer.domain import dates

AT = datetime(2026, 11, 28, 21, 43, 7, 123456, tzinfo=UTC)


@pytest.mark.parametrize("at", [AT, AT.astimezone(timezone(timedelta(hours=2))), AT.replace(tzinfo=None)])
def test_a_time_is_written_in_utc_to_the_second(at: datetime) -> None:
    assert dates.written(at) == "2026-11-28T21:43:07Z"


@pytest.mark.parametrize("text", ["2026-11-28T21:43:07Z", "2026-11-28T21:43:07+00:00", "2026-11-28T23:43:07+02:00"])
def test_the_same_second_is_the_same_in_every_form(text: str) -> None:
    assert dates.is_same(text, AT)


@pytest.mark.parametrize("text", ["2026-11-28T21:43:08Z", "", "2026-11-28T21:43:07 00:00", "yesterday"])
def test_another_time_or_none_is_not(text: str) -> None:
    assert not dates.is_same(text, AT)
