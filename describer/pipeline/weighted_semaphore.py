"""A weighted semaphore: first come, first served, with priority for interactive callers."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

MAX_OVERTAKEN: Final = 16
"""Maximum number of times that a waiting caller is overtaken, so that background work is not starved."""


class Priority(IntEnum):
    """The order in which waiting callers are served."""

    INTERACTIVE = 0
    """A person or program waits for the answer."""
    BACKGROUND = 1
    """Uploads and deferred work, which can be deferred at no cost."""
    LIBRARY = 2
    """Pictures of a backfill, possibly millions, which have been stored for long."""


@dataclass(slots=True, eq=False)
class Waiter:
    amount: int
    priority: Priority
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    overtaken: int = 0

    def may_be_overtaken_by(self, priority: Priority) -> bool:
        return self.priority > priority and self.overtaken < MAX_OVERTAKEN

    async def is_served(self, timeout: float | None) -> bool:  # noqa: ASYNC109 - a queue's
        """Wait for the turn, up to `timeout` seconds (None: without limit), and return whether it came."""
        served, _ = await asyncio.wait([self.turn], timeout=timeout)
        return bool(served)


class WeightedSemaphore:
    """A semaphore whose callers take as many units as they need, in order of arrival.

    The first caller in the queue is not passed by one that needs fewer units, so that small callers cannot starve a
    large one. Interactive callers overtake background callers, but each of them only a limited number of times.

    Args:
        size: units.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.held = 0
        self._waiters: list[Waiter] = []  # in the order of service

    async def acquire(self, amount: int, priority: Priority, timeout: float | None) -> None:  # noqa: ASYNC109 - a queue's
        """Wait for `amount` units, at most `size`, and take them.

        Raises:
            TimeoutError: they were not free within `timeout` seconds; None: wait without limit.
        """
        if self.try_acquire(amount, priority):
            return
        with self._queued(amount, priority) as waiter:
            if not await waiter.is_served(timeout):
                raise TimeoutError

    def try_acquire(self, amount: int, priority: Priority) -> bool:
        """Take `amount` units if they are free and no earlier caller waits, and return whether that succeeded."""
        if not self._fits(amount) or self._place(priority):
            return False
        self._overtake(priority)
        self.held += amount
        return True

    def extend(self, amount: int) -> bool:
        """Take `amount` more units if they are free, regardless of the queue: a holder must not wait for others."""
        if self.held + amount > self.size:
            return False
        self.held += amount
        return True

    def release(self, amount: int) -> None:
        """Release `amount` units."""
        self.held -= amount
        self._serve()

    @contextmanager
    def _queued(self, amount: int, priority: Priority) -> Iterator[Waiter]:
        """Wait in the queue, which an error leaves."""
        waiter = Waiter(amount, priority)
        self._waiters.insert(self._overtake(priority), waiter)
        try:
            yield waiter
        except BaseException:
            self._leave(waiter)
            raise

    def _fits(self, amount: int) -> bool:
        """Return whether the next caller may take `amount` units now."""
        return self.held + amount <= self.size

    def _place(self, priority: Priority) -> int:
        place = len(self._waiters)
        while place and self._waiters[place - 1].may_be_overtaken_by(priority):
            place -= 1
        return place

    def _overtake(self, priority: Priority) -> int:
        place = self._place(priority)
        for waiter in self._waiters[place:]:
            waiter.overtaken += 1
        return place

    def _serve(self) -> None:
        while self._waiters and self._fits(self._waiters[0].amount):
            waiter = self._waiters.pop(0)
            self.held += waiter.amount
            waiter.turn.set_result(None)

    def _leave(self, waiter: Waiter) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            self._serve()  # the next caller may fit
        else:  # it was served at the moment it gave up
            self.release(waiter.amount)
