"""Answers are kept for minutes, and so many at most."""

import pytest

from describer.domain.record import Record
from describer.pipeline.answer_cache import KEEP_SECONDS, MAX_ANSWERS, AnswerCache
from tests.unit.conftest import Harness


@pytest.fixture
async def record(harness: Harness) -> Record:
    return await harness.described()


def test_an_answer_is_kept_for_minutes(record: Record) -> None:
    now = 0.0
    cache = AnswerCache(clock=lambda: now)
    cache.put("key", record)
    assert cache.get("other") is None
    now = KEEP_SECONDS - 1
    assert cache.get("key") is record
    now = KEEP_SECONDS
    assert cache.get("key") is None


def test_the_oldest_goes_if_there_are_too_many(record: Record) -> None:
    cache = AnswerCache(clock=lambda: 0.0)
    for number in range(MAX_ANSWERS + 1):
        cache.put(str(number), record)
    assert cache.get("0") is None
    assert cache.get("1") is record
    assert cache.get(str(MAX_ANSWERS)) is record
