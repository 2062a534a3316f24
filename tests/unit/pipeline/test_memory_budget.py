"""The memory budget for callers whose bytes are in memory already."""

import pytest

from describer.domain.errors import Busy, TooLarge
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
