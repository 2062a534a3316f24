"""A bound on what the model may cost in a day (UTC), shared by all instances of an installation.

An instance takes a share of what is left, spends it without asking anybody, and gives back what it did not use. So
storage is asked once for many pictures, and what all instances hold together is never more than the budget. An instance
that is killed keeps its share: the day ends a little early then, never late. See docs/adr/0060-daily-budget.md.

    async with budget.call(0.0021) as paid:      # OverBudget: come back tomorrow
        answer = await model.ask(…)
        paid.usd = 0.0008
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
"""An instance takes at most this part of what is left: others can go on, and a killed one loses no more."""
QUIET: Final = 30.0
"""Seconds without a call after which a share is given back."""
LOOK_AGAIN: Final = 600.0
"""Seconds after which an instance that found nothing left looks again: others may have given something back."""

_log = logging.getLogger(__name__)


class Ledger(Protocol):
    """What instances have taken of the budget."""

    async def taken(self, day: date) -> float:
        """US dollars that were taken on this day."""

    async def change(self, day: date, change: Callable[[float], float]) -> float:
        """Replace what was taken on this day by what `change` makes of it, at once for all instances.

        Returns:
            By how much it grew; 0 for a day that is over.

        Raises:
            Transient, Misconfigured: the ledger cannot be reached.
        """


@dataclass(slots=True)
class Paid:
    """What a call came to, in US dollars."""

    usd: float = 0.0


def _now() -> datetime:
    return datetime.now(UTC)


def _exact(usd: float) -> float:
    """To a billionth, so that sums of floats are those of decimals."""
    return round(usd, 9)


@dataclass(slots=True)
class DailyBudget:
    """The budget, as one instance sees it.

    Args:
        limit: US dollars a day.
        ledger: shared by the instances.
        now: the time.
        quiet: seconds without a call after which what was not used is given back.
    """

    limit: float
    ledger: Ledger
    now: Callable[[], datetime] = _now
    quiet: float = QUIET
    _day: date | None = field(default=None, init=False)
    _left: float = field(default=0.0, init=False)
    _calls: int = field(default=0, init=False)
    _lacked: float = field(default=0.0, init=False)
    _looks_again: datetime | None = field(default=None, init=False)
    _asking: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)
    _timer: asyncio.TimerHandle | None = field(default=None, init=False)
    _giving: asyncio.Task[None] | None = field(default=None, init=False)

    def put_off(self) -> OverBudget | None:
        """When to come back, where nothing was left for the last call; None: try."""
        self._turn_day()
        if self._looks_again is None or self._left >= self._lacked or self.now() >= self._looks_again:
            return None
        return self._over()

    @asynccontextmanager
    async def call(self, most: float) -> AsyncIterator[Paid]:
        """Hold `most` US dollars while the model is asked, and spend what it came to.

        Raises:
            OverBudget: as much is not left today.
            Transient, Misconfigured: it cannot be told what is left.
        """
        await self._hold(most)
        self._calls += 1
        day, paid = self._day, Paid()
        try:
            yield paid
        finally:
            self._calls -= 1
            if day == self._day:
                self._left = _exact(self._left + most - paid.usd)
            self._give_back_later()

    async def close(self) -> None:
        """Give back what was not used."""
        if self._timer:
            self._timer.cancel()
        await self._give_back()

    async def _hold(self, most: float) -> None:
        async with self._asking:
            self._turn_day()
            if self._left < most:
                if later := self.put_off():
                    raise later
                await self._take(most)
            self._left = _exact(self._left - most)

    async def _take(self, most: float) -> None:
        day, least = self.now().date(), _exact(most - self._left)

        def more(taken: float) -> float:
            left = _exact(self.limit - taken)
            return taken if left < least else _exact(taken + min(left, max(least, left / SHARES)))

        got = await self.ledger.change(day, more)
        self._turn_day()
        self._left = _exact(self._left + (got if day == self._day else 0.0))
        if self._left < most:
            raise self._found_nothing(most)
        self._looks_again = None

    def _found_nothing(self, lacked: float) -> OverBudget:
        over = self._over()
        if self._looks_again is None:
            _log.warning(USED_UP, extra={"limit": self.limit, "delay": over.retry_after})
        self._lacked, self._looks_again = lacked, self.now() + timedelta(seconds=LOOK_AGAIN)
        return over

    def _turn_day(self) -> None:
        today = self.now().date()
        if today != self._day:
            self._day, self._left, self._looks_again = today, 0.0, None

    def _over(self) -> OverBudget:
        now = self.now()
        midnight = datetime.combine(now.date() + timedelta(days=1), time(), UTC)
        sentence = f"the daily budget of {self.limit:g} USD is used up (DAILY_BUDGET_USD); it is new at 00:00 UTC"
        return OverBudget(sentence, retry_after=(midnight - now).total_seconds())

    def _give_back_later(self) -> None:
        if self._timer:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(self.quiet, self._begin_to_give)

    def _begin_to_give(self) -> None:
        self._giving = asyncio.create_task(self._give_back())

    async def _give_back(self) -> None:
        async with self._asking:
            self._turn_day()
            if self._calls or not self._left:
                return
            unused, self._left = self._left, 0.0
            try:
                await self.ledger.change(self.now().date(), lambda taken: max(0.0, _exact(taken - unused)))
            except NotNow:  # it stays here, for this instance's next call
                self._left = unused
