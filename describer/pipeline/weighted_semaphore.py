"""So many units, of which each caller takes some: first come first served, interactive callers before the rest."""

import asyncio
from dataclasses import dataclass, field
from enum import IntEnum
from typing import Final

MOST_OVERTAKEN: Final = 16
"""How often a waiting caller is overtaken at most, so that interactive callers cannot starve background work."""


class Priority(IntEnum):
    """Which of two waiting callers is served first."""

    INTERACTIVE = 0
    """Somebody waits for the answer."""
    BACKGROUND = 1
    """Uploads and deferred work: they can be put off, which costs nothing."""
    LIBRARY = 2
    """Pictures that a sweep queued: they have waited for months, and may be millions."""


@dataclass(slots=True, eq=False)
class _Waiter:
    amount: int
    priority: Priority
    turn: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    overtaken: int = 0

    def may_be_overtaken_by(self, priority: Priority) -> bool:
        return self.priority > priority and self.overtaken < MOST_OVERTAKEN


class WeightedSemaphore:
    """A semaphore whose callers take as many units as they need, in the order in which they came.

    The first in the queue is never passed by one that needs less: otherwise small callers would keep a large one
    waiting for ever. Interactive callers come before background ones, but pass each of them a bounded number of times.

    Args:
        size: units.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.held = 0
        self._waiters: list[_Waiter] = []  # in the order in which they will be served

    async def acquire(self, amount: int, priority: Priority, timeout: float | None) -> None:  # noqa: ASYNC109 - a queue's
        """Wait for `amount` units, at most `size`, and take them.

        Raises:
            TimeoutError: they were not free within `timeout` seconds; None waits as long as it takes.
        """
        if self.try_acquire(amount, priority):
            return
        waiter = _Waiter(amount, priority)
        self._waiters.insert(self._overtake(priority), waiter)
        try:
            async with asyncio.timeout(timeout):
                await waiter.turn
        except BaseException:
            self._leave(waiter)
            raise

    def try_acquire(self, amount: int, priority: Priority) -> bool:
        """Take `amount` units if they are free and nobody who comes first waits for some."""
        if not self._fits(amount) or self._place(priority):
            return False
        self._overtake(priority)
        self.held += amount
        return True

    def extend(self, amount: int) -> bool:
        """Take `amount` units more if they are free, whoever waits: a caller that has some must not wait for others."""
        if self.held + amount > self.size:
            return False
        self.held += amount
        return True

    def release(self, amount: int) -> None:
        """Give back `amount` units."""
        self.held -= amount
        self._serve()

    def _fits(self, amount: int) -> bool:
        """Whether the next caller may take `amount` units now."""
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

    def _leave(self, waiter: _Waiter) -> None:
        if waiter in self._waiters:
            self._waiters.remove(waiter)
            self._serve()  # whoever stood behind may fit
        else:  # it was served in the moment in which it gave up
            self.release(waiter.amount)
