"""How long work waits before it is tried again."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import NotNow

_LONGEST_BACKOFF: Final = 3600.0
_LONGEST_DELAY: Final = 6 * 86400.0  # a queue message may stay hidden for seven days
_JITTER: Final = 0.25
_EXACT: Final = 8.0
"""Seconds: a longer time that was asked for is spread by no more than this one is; it was meant."""
_SPREAD: Final = 60.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff, from `base` seconds to an hour, unless the other side asks for another time.

    Args:
        base: seconds of the first delay.
        chance: a number from 0 to 1, for the jitter that spreads a burst out.
    """

    base: float
    chance: Callable[[], float] = random.random

    def delay(self, deferrals: int, fault: NotNow) -> float:
        """Return the seconds before the next try, at most six days; `fault` is why the last of `deferrals` failed."""
        asked = fault.retry_after
        delay = min(self.base * 2 ** min(deferrals - 1, 30), _LONGEST_BACKOFF) if asked is None else asked
        jitter = _JITTER * (delay if asked is None else min(delay, _EXACT))
        return min(delay + jitter * self.chance(), _LONGEST_DELAY)

    def spread(self, times: int) -> float:
        """Return a random time from 0 to `times` minutes, in seconds: interrupted work must not restart all at once."""
        return _SPREAD * times * self.chance()
