"""Limits the model's cost per day (UTC) across all instances of an installation.

An instance takes a share of the rest, spends it without further requests, and returns what it did not use. One request
to storage so covers many pictures, and all shares together never exceed the budget. The share of a killed instance is
lost: the budget is then used up slightly early, never overspent. See docs/adr/0060-daily-budget.md.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, Protocol

from describer.domain.errors import NotNow, OverBudget

USED_UP: Final = "budget.used_up"
SHARES: Final = 20
"""An instance takes at most 1/SHARES of the rest, so that others can go on and a killed instance loses little."""
IDLE_SECONDS: Final = 30.0
"""Seconds without a call after which a share is returned."""
RECHECK_SECONDS: Final = 600.0
"""Seconds after which an instance that found nothing left asks again: others may have returned shares."""

_log = logging.getLogger(__name__)


class Ledger(Protocol):
    """The shares of the budget that all instances have taken."""

    async def taken(self, day: date) -> float:
        """Return the US dollars taken on this day."""

    async def change(self, day: date, change: Callable[[float], float]) -> float:
        """Atomically replace the sum taken on this day by `change(sum)`.

        Returns:
            The increase; 0 if the day is over.

        Raises:
            NotNow: the ledger cannot be reached.
        """


@dataclass(slots=True)
class Paid:
    """The cost of a call in US dollars."""

    usd: float = 0.0


def _exact(usd: float) -> float:
    """Return the sum rounded to a billionth, so that float sums equal decimal sums."""
    return round(usd, 9)


@dataclass(slots=True)
class DailyBudget:
    """One instance's view of the budget.

    Args:
        limit: US dollars per day.
        idle_seconds: seconds without a call after which the unused share is returned.
    """

    limit: float
    ledger: Ledger
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    idle_seconds: float = IDLE_SECONDS
    _day: date | None = field(default=None, init=False)
    _left: float = field(default=0.0, init=False)
    _calls: int = field(default=0, init=False)
    _short_of: float = field(default=0.0, init=False)
    _next_check: datetime | None = field(default=None, init=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _returning: asyncio.Task[None] | None = field(default=None, init=False)

    def deferral(self) -> OverBudget | None:
        """Return when to try again, if the last call found too little left; None: try now."""
        self._turn_day()
        if self._next_check is None or self._left >= self._short_of or self.now() >= self._next_check:
            return None
        return self._over()

    @asynccontextmanager
    async def call(self, most: float, *, usual: bool = True) -> AsyncIterator[Paid]:
        """Reserve `most` US dollars during the call, then pay `Paid.usd`.

        Args:
            most: the call's maximum cost.
            usual: whether other calls cost about as much; if less is then left, all wait. A caller of the interface
                in OpenAI's form decides itself what a call may cost, and must not hold up the others by that.

        Raises:
            OverBudget: less than that is left today.
            NotNow: the ledger cannot be reached.
        """
        await self._hold(most, usual)
        self._calls += 1
        day, paid = self._day, Paid()
        try:
            yield paid
        finally:
            self._calls -= 1
            if day == self._day:
                self._left = _exact(self._left + most - paid.usd)
            self._schedule_return()

    async def close(self) -> None:
        """Return the unused share."""
        if self._timer:
            self._timer.cancel()
        await self._return_unused()

    async def _hold(self, most: float, usual: bool) -> None:
        async with self._asking:
            self._turn_day()
            if self._left < most:
                if later := self.deferral():
                    raise later
                await self._take(most, usual)
            self._left = _exact(self._left - most)

    async def _take(self, most: float, usual: bool) -> None:
        day, least = self.now().date(), _exact(most - self._left)

        def more(taken: float) -> float:
            left = _exact(self.limit - taken)
            return taken if left < least else _exact(taken + min(left, max(least, left / SHARES)))

        got = await self.ledger.change(day, more)
        self._turn_day()
        self._left = _exact(self._left + (got if day == self._day else 0.0))
        if self._left < most:
            raise self._used_up(most) if usual else self._over()
        self._next_check = None

    def _used_up(self, short_of: float) -> OverBudget:
        over = self._over()
        if self._next_check is None:
            _log.warning(USED_UP, extra={"limit": self.limit, "delay": over.retry_after})
        self._short_of, self._next_check = short_of, self.now() + timedelta(seconds=RECHECK_SECONDS)
        return over

    def _turn_day(self) -> None:
        today = self.now().date()
        if today != self._day:
            self._day, self._left, self._next_check = today, 0.0, None

    def _over(self) -> OverBudget:
        now = self.now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        sentence = (
            f"The daily budget of {self.limit:g} USD is used up (DAILY_BUDGET_USD); the next one starts at 00:00 UTC"
        )
        return OverBudget(sentence, retry_after=(midnight - now).total_seconds())

    def _schedule_return(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self.idle_seconds, self._start_return)

    def _start_return(self) -> None:
        self._returning = asyncio.create_task(self._return_unused())

    async def _return_unused(self) -> None:
        async with self._asking:
            self._turn_day()
            if self._calls or not self._left:
                return
            unused, self._left = self._left, 0.0
            try:
                await self.ledger.change(self.now().date(), lambda taken: max(0.0, _exact(taken - unused)))
            except NotNow:  # kept for this instance's next call
                self._left = unused
