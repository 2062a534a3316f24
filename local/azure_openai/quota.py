"""A deployment's rate limit, as Azure counts it.

Tokens: over a minute, with `max_completion_tokens` counted as if used. Requests: over ten seconds (or one), so that a
burst is throttled although the minute's total would allow it. Whether throttled requests count too is not documented:
here they do by default, so that callers who do not wait stay throttled.
"""

import math
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

TOKEN_WINDOW = 60.0
REQUEST_WINDOW = 10.0


@dataclass(slots=True)
class Window:
    """The amounts spent within the last `seconds`."""

    limit: int
    seconds: float
    spent: deque[tuple[float, int]] = field(default_factory=deque)

    def remaining(self, now: float) -> int:
        while self.spent and self.spent[0][0] <= now - self.seconds:
            self.spent.popleft()
        return max(0, self.limit - sum(amount for _, amount in self.spent))

    def spend(self, now: float, amount: int) -> None:
        self.spent.append((now, amount))

    def wait(self, now: float, amount: int) -> float:
        """Return the seconds until `amount` fits, or a whole window if it is over the limit and never does."""
        free = self.remaining(now)
        for at, earlier in self.spent:
            if free >= amount:
                break
            free += earlier
            if free >= amount:
                return at + self.seconds - now
        return 0.0 if free >= amount else self.seconds


@dataclass(frozen=True, slots=True)
class Grant:
    """The outcome of one call: the headers to send, and the seconds to wait if it was throttled."""

    headers: dict[str, str]
    retry_after: float | None


class Quota:
    """One deployment's limits. Not thread-safe: the server uses it from its event loop only.

    Args:
        tokens_per_minute: TPM of the deployment.
        requests_per_minute: RPM; Azure gives 6 for every 1,000 TPM to most models.
        window: seconds over which requests are counted.
        counts_throttled: whether throttled requests count as others do.
        clock: a monotonic clock in seconds.
    """

    def __init__(
        self,
        tokens_per_minute: int,
        requests_per_minute: int,
        clock: Callable[[], float] = time.monotonic,
        *,
        window: float = REQUEST_WINDOW,
        counts_throttled: bool = True,
    ) -> None:
        self._per_minute = (tokens_per_minute, requests_per_minute)
        self._tokens = Window(tokens_per_minute, TOKEN_WINDOW)
        self._requests = Window(max(1, math.floor(requests_per_minute * window / 60)), window)
        self._counts_throttled = counts_throttled
        self.granted: list[float] = []
        self.throttled = 0
        self._clock = clock

    def take(self, tokens: int) -> Grant:
        """Count or throttle a request of so many tokens (0 if it was rejected)."""
        now = self._clock()
        wait = max(self._requests.wait(now, 1), self._tokens.wait(now, tokens))
        if wait <= 0 or self._counts_throttled:
            self._requests.spend(now, 1)
        if wait <= 0:
            self._tokens.spend(now, tokens)
            self.granted.append(now)
        else:
            self.throttled += 1
        headers = {
            "x-ratelimit-limit-tokens": str(self._per_minute[0]),
            "x-ratelimit-limit-requests": str(self._per_minute[1]),
            "x-ratelimit-remaining-tokens": str(self._tokens.remaining(now)),
            "x-ratelimit-remaining-requests": str(self._requests.remaining(now)),
        }
        return Grant(headers, wait if wait > 0 else None)
