"""Delays before work is retried."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import NotNow

_LONGEST_BACKOFF: Final = 3600.0
_LONGEST_DELAY: Final = 6 * 86400.0  # a queue message can be hidden for at most seven days
_JITTER: Final = 0.25
_EXACT: Final = 8.0
"""A requested delay gets at most the jitter of a delay of this many seconds, since it is meant exactly."""
_SPREAD: Final = 60.0


@dataclass(frozen=True, slots=True)
class Backoff:
    """Exponential backoff from `base` seconds to an hour, unless the other side requests a delay.

    Args:
        base: seconds of the first delay.
        chance: returns a number from 0 to 1, for the jitter that spreads a burst.
    """

    base: float
    chance: Callable[[], float] = random.random

    def delay(self, deferrals: int, fault: NotNow) -> float:
        """Return the seconds before the next try, at most six days; `fault` ended the last of `deferrals` tries."""
        asked = fault.retry_after
        delay = min(self.base * 2 ** min(deferrals - 1, 30), _LONGEST_BACKOFF) if asked is None else asked
        jitter = _JITTER * (delay if asked is None else min(delay, _EXACT))
        return min(delay + jitter * self.chance(), _LONGEST_DELAY)

    def spread(self, times: int) -> float:
        """Return a random delay of up to `times` minutes, in seconds, so that interrupted work restarts spread out."""
        return _SPREAD * times * self.chance()
