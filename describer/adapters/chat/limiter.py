"""The limiter: decides when a call to the model may be sent, by concurrency and by the model's quota.

All callers of a process wait in one queue, interactive calls first. If a call would wait longer than its timeout, it
fails at once with the time to retry. Background work gets a time somewhat before its turn, so that some of it always
waits here when the quota becomes free; until then it keeps its place ahead of later work.
"""

import asyncio
import heapq
import math
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final

from describer.adapters.chat.quota import Quota, Ticket
from describer.domain.errors import Throttled, Transient
from describer.pipeline import call_context
from describer.pipeline.weighted_semaphore import Priority, WeightedSemaphore

MAX_WAIT_SECONDS: Final = 30.0
"""Seconds that background work may be away from its turn; beyond that, a delayed message is cheaper than waiting."""
_EARLY_SECONDS: Final = MAX_WAIT_SECONDS / 2
"""Seconds that deferred work returns before its turn: more than a queue's polling interval and its jitter take."""
_OUTAGE_DIVISOR: Final = 12
"""Deferred work retries a failing server after this fraction (1/12) of the time that the outage has lasted."""
_TOLERANCE: Final = 2.0
"""Seconds by which a turn may come later than expected before it is expected anew."""
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


_current: Final[ContextVar[Turn | None]] = ContextVar("turn", default=None)


def request_leaves() -> None:
    """Report that the request of the current task's turn leaves now. The server counts it from then on."""
    if turn := _current.get():
        turn.quota.leaves(turn.ticket, _now())


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
        self._deferred: list[float] = []  # when deferred work returns, the earliest first
        self._timer: asyncio.TimerHandle | None = None

    def deferral(self) -> Transient | None:
        """Return the error to defer the current work with if its turn is over MAX_WAIT_SECONDS away, else None."""
        priority = call_context.current().priority
        ahead = self._ahead(priority)
        return self._later(priority, ahead) if self._expected_wait(ahead) > MAX_WAIT_SECONDS else None

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
            _current.set(turn)  # until the task's next turn; one that has ended takes no report
            yield turn
        finally:
            self.quota.abandoned(turn.ticket)
            self._sending -= 1
            self.release(1)

    async def _wait(self, priority: Priority, max_wait: float) -> None:
        ahead = self._ahead(priority)
        if self._expected_wait(ahead) > max_wait:
            raise self._later(priority, ahead)
        timeout = max_wait if math.isfinite(max_wait) else None
        with self._queued(1, priority) as waiter:
            self._schedule()
            while not await waiter.is_served(timeout):
                ahead = self._waiters.index(waiter)
                timeout = self._more_time(priority, ahead)
                if not timeout:
                    raise self._later(priority, ahead, max_wait)

    def _more_time(self, priority: Priority, ahead: int) -> float:
        """Return further seconds for background work whose turn is near, since by then the quota is known; else 0."""
        if priority is Priority.INTERACTIVE or self.quota.failing:
            return 0.0
        limit, wait = call_context.current().max_wait(), self.quota.wait(_now(), ahead)
        return wait + _TOLERANCE if 0 < wait <= min(MAX_WAIT_SECONDS, math.inf if limit is None else limit) else 0.0

    def _expected_wait(self, ahead: int) -> float:
        """Return the seconds until a turn, without the calls ahead while it is unknown how fast they are served."""
        now = _now()
        return self.quota.wait(now, 0 if self.quota.is_learning(now) else ahead)

    def _ahead(self, priority: Priority) -> int:
        """Return how many calls come before a new one: those that wait, and for new work what is still deferred."""
        now = _now()
        while self._deferred and self._deferred[0] <= now:
            heapq.heappop(self._deferred)
        comes_first = priority is Priority.INTERACTIVE or call_context.current().deferred
        return self._place(priority) + (0 if comes_first else len(self._deferred))

    def _later(self, priority: Priority, ahead: int, waited: float = 0.0) -> NoTurn:
        now = _now()
        if self.quota.failing:
            outage = self.quota.failing_for(now)
            again = min(max(outage / _OUTAGE_DIVISOR, _MIN_RETRY_SECONDS), _MAX_RETRY_SECONDS)
            return NoTurn(f"The model's server has failed for {outage:.0f} s", retry_after=again)
        wait = self.quota.wait(now, ahead)
        if not wait:
            return NoTurn(f"Other pictures kept the model busy for {waited:.1f} s")
        if priority is not Priority.INTERACTIVE:
            wait = max(wait - _EARLY_SECONDS, _MIN_RETRY_SECONDS)
            heapq.heappush(self._deferred, now + wait)
        return NoQuota("The model's quota is used up for now (429)", retry_after=wait)

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
