"""The limiter: decides when a call to the model may be sent, by concurrency and by the model's quota.

All callers of a process wait in one queue, interactive calls first. If a call would wait longer than its timeout, it
fails at once with the time to retry. Calls that were given such a time keep their place ahead of later ones.
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

MAX_WAIT_SECONDS: Final = 30.0
"""Seconds that a queued call waits for the quota before its message is re-queued.

This is longer than most quota windows; beyond that, a delayed message is cheaper than a waiting invocation.
"""
_OUTAGE_DIVISOR: Final = 12
"""Deferred work retries a failing server after this fraction (1/12) of the time that the outage has outage."""
_MIN_RETRY_SECONDS: Final = 2.0
_MAX_RETRY_SECONDS: Final = 600.0


class NoTurn(Transient):
    """The call's turn does not come within its timeout."""


class NoQuota(NoTurn, Throttled):
    """The call's turn does not come in time because the quota is used up."""


@dataclass(frozen=True, slots=True)
class Turn:
    """A call that may be sent now. The caller reports its outcome once."""

    quota: Quota
    ticket: Ticket

    def answered(self, headers: Mapping[str, str], tokens: int = 0) -> None:
        """Report an answer; `tokens`: the tokens that the quota charges, see `Quota.answered`."""
        self.quota.answered(self.ticket, headers, tokens, _now())

    def rate_limited(self, headers: Mapping[str, str], retry_after: float | None) -> None:
        """Report a 429."""
        self.quota.rate_limited(self.ticket, headers, retry_after, _now())

    def failed(self) -> None:
        """Report a server error or an unreachable server."""
        self.quota.failed(self.ticket, _now())


class Limiter(WeightedSemaphore):
    """The queue of all calls to the model in this process.

    Args:
        size: maximum number of concurrent calls.
        quota: the state of the server's quota.
    """

    def __init__(self, size: int, quota: Quota | None = None) -> None:
        super().__init__(size)
        self.quota = quota or Quota()
        self._sending = 0
        self._retries: list[float] = []
        self._timer: asyncio.TimerHandle | None = None

    def deferral(self) -> Transient | None:
        """Return the error to defer new work with if its turn is more than MAX_WAIT_SECONDS away, else None."""
        ahead = self._ahead()
        return self._later(ahead) if self._expected_wait(ahead) > MAX_WAIT_SECONDS else None

    @asynccontextmanager
    async def turn(self, priority: Priority, max_wait: float) -> AsyncIterator[Turn]:
        """Wait up to `max_wait` seconds for a turn and hold it until the block ends.

        Raises:
            NoTurn: the turn does not come in time; `retry_after` says when it will, if that is known.
        """
        if not self.try_acquire(1, priority):
            await self._wait(priority, max_wait)
        self._sending += 1
        try:
            turn = Turn(self.quota, self.quota.send(_now()))
            yield turn
        finally:
            self.quota.abandoned(turn.ticket)
            self._sending -= 1
            self.release(1)

    async def _wait(self, priority: Priority, max_wait: float) -> None:
        ahead = self._ahead() if priority is not Priority.INTERACTIVE else 0
        if self._expected_wait(ahead) > max_wait:
            raise self._later(ahead)
        self._schedule()
        try:
            await self.acquire(1, priority, max_wait if math.isfinite(max_wait) else None)
        except TimeoutError as error:
            raise self._later(self._ahead(), max_wait) from error

    def _expected_wait(self, ahead: int) -> float:
        """Return the seconds until a turn, without the calls ahead while it is unknown how fast they are served."""
        now = _now()
        return self.quota.wait(now, 0 if self.quota.is_learning(now) else ahead)

    def _ahead(self) -> int:
        now = _now()
        while self._retries and self._retries[0] <= now:
            heapq.heappop(self._retries)
        return len(self._waiters) + len(self._retries)

    def _later(self, ahead: int, waited: float = 0.0) -> NoTurn:
        now = _now()
        if self.quota.failing:
            outage = self.quota.failing_for(now)
            again = min(max(outage / _OUTAGE_DIVISOR, _MIN_RETRY_SECONDS), _MAX_RETRY_SECONDS)
            return NoTurn(f"the model's server has failed for {outage:.0f} s", retry_after=again)
        wait = self.quota.wait(now, ahead)
        if not wait:
            return NoTurn(f"other pictures kept the model busy for {waited:.1f} s")
        heapq.heappush(self._retries, now + wait)
        return NoQuota("the model's quota is used up for now (429)", retry_after=wait)

    def _fits(self, amount: int) -> bool:
        if self.quota.failing and self.held:
            return False
        begun = self.held - self._sending  # calls that were granted a turn and are not yet in `_sending`
        return super()._fits(amount) and not self.quota.wait(_now(), begun)

    def _serve(self) -> None:
        super()._serve()
        self._schedule()

    def _schedule(self) -> None:
        """Schedule the next grant for when the quota allows a call. A call that ends grants the next one itself."""
        if self._timer:
            self._timer.cancel()
        self._timer = None
        if self.held >= self.size or (self.quota.failing and self.held):
            return
        wait = self.quota.wait(_now(), self.held - self._sending)
        if wait or self._waiters:  # the quota may have become free since the last check
            self._timer = asyncio.get_running_loop().call_later(wait + 0.001, self._serve)


def _now() -> float:
    return asyncio.get_running_loop().time()
