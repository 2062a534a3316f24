"""The memory budget: for bytes that are in memory already, and for files that wait for it."""

import asyncio

import pytest

from describer.domain.errors import Busy, TooLarge, Transient
from describer.pipeline.call_context import entered
from describer.pipeline.memory_budget import MIN_RESERVATION, MemoryBudget


def test_a_small_picture_counts_for_what_is_made_of_it() -> None:
    budget = MemoryBudget(4 * MIN_RESERVATION)
    with budget.try_reserve(1) as first:
        assert (first.size, budget.held) == (MIN_RESERVATION, MIN_RESERVATION)
        with budget.try_reserve(3 * MIN_RESERVATION), pytest.raises(Busy), budget.try_reserve(1):
            pass
    assert budget.held == 0


def test_a_picture_larger_than_the_budget_is_too_large_now_and_later() -> None:
    budget = MemoryBudget(4 * MIN_RESERVATION)
    with pytest.raises(TooLarge, match="HELD_IMAGES_MB"), budget.try_reserve(4 * MIN_RESERVATION + 1):
        pass
    with budget.try_reserve(1) as first, pytest.raises(TooLarge, match="HELD_IMAGES_MB"):
        first.extend(4 * MIN_RESERVATION + 1)
    assert budget.held == 0


async def test_a_file_waits_until_another_is_prepared_however_small_both_are() -> None:
    budget, begun = MemoryBudget(10**6, files=2), asyncio.Queue[int]()

    async def read(number: int, prepared: asyncio.Event) -> None:
        async with budget.reserve_when_free(1) as reservation:
            begun.put_nowait(number)
            await prepared.wait()
            reservation.release()
            await asyncio.sleep(0.05)  # the model is asked

    events = [asyncio.Event() for _ in range(3)]
    async with asyncio.TaskGroup() as group:
        for number, event in enumerate(events):
            group.create_task(read(number, event))
        assert [await begun.get(), await begun.get()] == [0, 1]
        await asyncio.sleep(0.02)
        assert begun.empty()
        events[1].set()
        assert await begun.get() == 2
        events[0].set()
        events[2].set()
    assert budget.held == 0


async def test_a_file_that_got_no_memory_leaves_its_place_to_the_next() -> None:
    budget = MemoryBudget(4 * MIN_RESERVATION, files=1)
    with budget.try_reserve(4 * MIN_RESERVATION), entered(0.05), pytest.raises(Transient, match="HELD_IMAGES_MB"):
        async with budget.reserve_when_free(1):
            pass
    async with budget.reserve_when_free(1):
        with entered(0.05), pytest.raises(Transient, match="for pictures to be prepared"):
            async with budget.reserve_when_free(1):
                pass
    assert budget.held == 0


def test_a_callers_bytes_take_no_place() -> None:
    budget = MemoryBudget(4 * MIN_RESERVATION, files=1)
    with budget.try_reserve(1), budget.try_reserve(1):
        assert budget.held == 2 * MIN_RESERVATION
