"""A call has one end, which everything below it knows, and one sum of what it cost."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

import pytest

from describer.domain.errors import Transient
from describer.domain.record import Usage
from describer.entrypoints.mcp import ANSWER_SECONDS
from describer.pipeline.call_context import HTTP_SECONDS, STORING_SECONDS, UPLOAD_SECONDS, current, entered, limited
from describer.pipeline.weighted_semaphore import Priority

LOAD_BALANCER, AGENTS_CLIENT = 230, 60
"""Seconds after which they cut a call off."""


def test_each_limit_fits_the_platforms() -> None:
    hours, minutes, seconds = map(int, json.loads(Path("host.json").read_text())["functionTimeout"].split(":"))
    host = timedelta(hours=hours, minutes=minutes, seconds=seconds).total_seconds()
    assert host > UPLOAD_SECONDS
    assert STORING_SECONDS < HTTP_SECONDS < LOAD_BALANCER < host
    assert ANSWER_SECONDS < AGENTS_CLIENT


async def test_a_part_ends_no_later_than_the_whole_and_keeps_its_priority() -> None:
    assert current().max_wait() is None
    with entered(100, Priority.INTERACTIVE) as whole:
        with entered(1000, Priority.BACKGROUND) as part:
            assert (part.ends, part.priority) == (whole.ends, Priority.INTERACTIVE)
            assert current() is part
        with entered(50) as part:
            assert part.ends < whole.ends
        assert 85 < whole.remaining() <= 100 - STORING_SECONDS
        assert whole.max_wait() == pytest.approx(whole.remaining() / 2, abs=0.1)
    assert current().remaining() == float("inf")


async def test_what_a_part_costs_the_whole_costs_too() -> None:
    with entered() as whole:
        with entered() as one:
            one.charge(Usage(prompt_tokens=10, completion_tokens=1, calls=1))
        with entered() as two:
            await asyncio.create_task(_charge())
        assert two.spent == Usage(prompt_tokens=5, completion_tokens=2, calls=1)
    assert whole.spent == Usage(prompt_tokens=15, completion_tokens=3, calls=2)


async def _charge() -> None:
    current().charge(Usage(prompt_tokens=5, completion_tokens=2, calls=1))


async def test_what_hangs_is_ended() -> None:
    with pytest.raises(Transient, match="in time") as caught:
        async with limited(0.05, Priority.BACKGROUND), limited(UPLOAD_SECONDS, Priority.BACKGROUND):
            await asyncio.Event().wait()
    assert caught.value.counts_as_attempt
    assert caught.value.retry_after


async def test_a_timeout_of_anothers_is_not_taken_for_the_end() -> None:
    with pytest.raises(TimeoutError, match="another"):
        async with limited(5, Priority.BACKGROUND):
            raise TimeoutError("another")
