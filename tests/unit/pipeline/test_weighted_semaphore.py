"""Who takes how many units, and who comes before whom."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.pipeline.weighted_semaphore import MAX_OVERTAKEN, Priority, WeightedSemaphore
from tests.fakes import give_way

UPLOAD, CALLER = Priority.BACKGROUND, Priority.INTERACTIVE


class Queue:
    """Callers of a semaphore, in the order in which they were served."""

    def __init__(self, size: int) -> None:
        self.semaphore = WeightedSemaphore(size)
        self.served: list[str] = []
        self.tasks: list[asyncio.Task[None]] = []

    async def comes(self, name: str, amount: int, priority: Priority = UPLOAD) -> None:
        async def wait() -> None:
            await self.semaphore.acquire(amount, priority, None)
            self.served.append(name)

        self.tasks.append(asyncio.create_task(wait()))
        await give_way()

    async def settles(self) -> None:
        for _ in range(5):
            await give_way()

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def test_the_first_is_not_passed_by_one_that_needs_less() -> None:
    queue = Queue(10)
    await queue.comes("a", 8)
    await queue.comes("large", 9)
    await queue.comes("small", 1)
    assert queue.served == ["a"]
    assert not queue.semaphore.try_acquire(1, UPLOAD)
    queue.semaphore.release(8)
    await queue.settles()
    assert queue.served == ["a", "large", "small"]
    assert queue.semaphore.held == 10


async def test_callers_come_before_uploads_but_do_not_starve_them() -> None:
    queue = Queue(1)
    await queue.comes("first", 1)
    await queue.comes("upload", 1, UPLOAD)
    for number in range(MAX_OVERTAKEN + 5):
        await queue.comes(f"caller {number}", 1, CALLER)
    for _ in range(MAX_OVERTAKEN + 7):
        await queue.settles()
        queue.semaphore.release(1)
    assert queue.served.index("upload") == MAX_OVERTAKEN + 1
    assert queue.served[1] == "caller 0"
    assert len(queue.served) == MAX_OVERTAKEN + 7
    assert queue.semaphore.held == 0


async def test_a_caller_who_does_not_wait_overtakes_as_often_and_no_more() -> None:
    queue = Queue(4)
    await queue.comes("first", 2)
    await queue.comes("upload", 3)
    taken = 0
    while queue.semaphore.try_acquire(1, CALLER):
        queue.semaphore.release(1)
        taken += 1
        assert taken <= MAX_OVERTAKEN
    assert taken == MAX_OVERTAKEN
    await queue.close()


async def test_a_waiter_that_gives_up_leaves_no_gap() -> None:
    queue = Queue(10)
    await queue.comes("a", 8)
    await queue.comes("large", 9)
    await queue.comes("small", 2)
    queue.tasks[1].cancel()
    await queue.settles()
    assert queue.served == ["a", "small"]
    with pytest.raises(TimeoutError):
        await queue.semaphore.acquire(1, UPLOAD, 0.01)
    assert queue.semaphore.held == 10


async def test_a_waiter_served_in_the_moment_of_giving_up_releases_it() -> None:
    queue = Queue(1)
    await queue.comes("a", 1)
    await queue.comes("b", 1)
    queue.semaphore.release(1)  # serves b, whose task has not gone on yet
    queue.tasks[1].cancel()
    await queue.settles()
    assert (queue.served, queue.semaphore.held) == (["a"], 0)


async def test_more_of_the_same_is_had_at_once_or_not_at_all() -> None:
    queue = Queue(4)
    await queue.comes("a", 2)
    await queue.comes("b", 4)
    assert queue.semaphore.extend(2)
    assert not queue.semaphore.extend(1)
    await queue.close()


@given(st.lists(st.tuples(st.integers(1, 10), st.sampled_from(Priority), st.integers(0, 3)), max_size=30))
def test_never_more_than_there_is_and_everybody_is_served(callers: list[tuple[int, Priority, int]]) -> None:
    async def all_of_them() -> None:
        semaphore = WeightedSemaphore(10)
        held = 0

        async def one(amount: int, priority: Priority, steps: int) -> None:
            nonlocal held
            for _ in range(steps):
                await give_way()
            await semaphore.acquire(amount, priority, None)
            held += amount
            assert held <= semaphore.held <= 10
            for _ in range(steps):
                await give_way()
            held -= amount
            semaphore.release(amount)

        async with asyncio.timeout(5):
            await asyncio.gather(*(one(*caller) for caller in callers))
        assert semaphore.held == 0

    asyncio.run(all_of_them())
