"""Whose call of the model is sent next, and when: so many at a time, and no more than the quota lets through.

All callers of a process wait in one queue, interactive ones first. A wait that is short is waited here; who would wait
longer than he can is told at once when to come back, and those who were told before him count as ahead of him.
"""

import asyncio
import heapq
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final

from describer.adapters.chat.quota import Quota, Ticket
from describer.domain.errors import Throttled, Transient
from describer.pipeline.weighted_semaphore import Priority, WeightedSemaphore

PATIENCE: Final = 30.0
"""Seconds that deferred work and uploads wait here: longer than a window of a quota, and beyond that a message is
cheaper than an invocation that waits."""
_PART: Final = 12
"""Of the time for which a server has failed, until it is looked at again by work that was put off."""
_SHORTEST: Final = 2.0
_LONGEST: Final = 600.0


class NoTurn(Transient):
    """One's turn does not come soon enough to wait for it."""


class NoQuota(NoTurn, Throttled):
    """The quota is the reason."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One call that may be sent now. Tell it what came of it, once."""

    quota: Quota
    ticket: Ticket

    def answered(self, headers: Mapping[str, str], tokens: int = 0) -> None:
        """The server answered; `tokens`: what the call counted for, see `Quota.answered`."""
        self.quota.answered(self.ticket, headers, tokens, _now())

    def refused(self, headers: Mapping[str, str], retry_after: float | None) -> None:
        """It answered 429."""
        self.quota.refused(self.ticket, headers, retry_after, _now())

    def failed(self) -> None:
        """It answered with an error of its own, or cannot be reached."""
        self.quota.failed(self.ticket, _now())


class Limiter(WeightedSemaphore):
    """The queue of all who call the model in this process.

    Args:
        size: calls at a time.
        quota: what is known of the server's.
    """

    def __init__(self, size: int, quota: Quota | None = None) -> None:
        super().__init__(size)
        self.quota = quota or Quota()
        self._sending = 0
        self._retries: list[float] = []
        self._timer: asyncio.TimerHandle | None = None

    def put_off(self) -> Transient | None:
        """When to come back, for work whose turn would not come while it may wait; None: begin it."""
        ahead = self._ahead()
        return self._later(ahead) if self.quota.wait(_now(), ahead) > PATIENCE else None

    @asynccontextmanager
    async def turn(self, priority: Priority, patience: float) -> AsyncIterator[Turn]:
        """Wait for one's turn, at most `patience` seconds, and have it until the block ends.

        Raises:
            NoTurn: it does not come in time; `retry_after` says when it will, where that is known.
        """
        if not self.try_acquire(1, priority):
            await self._wait(priority, patience)
        self._sending += 1
        try:
            turn = Turn(self.quota, self.quota.send(_now()))
            yield turn
        finally:
            self.quota.gone(turn.ticket)
            self._sending -= 1
            self.release(1)

    async def _wait(self, priority: Priority, patience: float) -> None:
        ahead = self._ahead() if priority is not Priority.INTERACTIVE else 0
        if self.quota.wait(_now(), ahead) > patience:
            raise self._later(ahead)
        self._look_later()
        try:
            await self.acquire(1, priority, patience if math.isfinite(patience) else None)
        except TimeoutError as error:
            raise self._later(self._ahead(), patience) from error

    def _ahead(self) -> int:
        now = _now()
        while self._retries and self._retries[0] <= now:
            heapq.heappop(self._retries)
        return len(self._waiters) + len(self._retries)

    def _later(self, ahead: int, waited: float = 0.0) -> NoTurn:
        now = _now()
        if self.quota.failing:
            lasted = self.quota.failing_for(now)
            again = min(max(lasted / _PART, _SHORTEST), _LONGEST)
            return NoTurn(f"the model's server has failed for {lasted:.0f} s", retry_after=again)
        wait = self.quota.wait(now, ahead)
        if not wait:
            return NoTurn(f"other pictures kept the model busy for {waited:.1f} s")
        heapq.heappush(self._retries, now + wait)
        return NoQuota("the model's quota is used up for now (429)", retry_after=wait)

    def _fits(self, amount: int) -> bool:
        if self.quota.failing and self.held:
            return False
        begun = self.held - self._sending  # those that have their turn and were not run since
        return super()._fits(amount) and not self.quota.wait(_now(), begun)

    def _serve(self) -> None:
        super()._serve()
        self._look_later()

    def _look_later(self) -> None:
        """Serve again when the quota lets the next one through; what else lets one through is a call's end."""
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if self.held >= self.size or (self.quota.failing and self.held):
            return
        wait = self.quota.wait(_now(), self.held - self._sending)
        if wait or self._waiters:  # the moment may have come since it was looked whether the next one fits
            self._timer = asyncio.get_running_loop().call_later(wait + 0.001, self._serve)


def _now() -> float:
    return asyncio.get_running_loop().time()
