"""This process's estimate of its share of a deployment's quota, learned from responses. No I/O and no clock.

Azure counts a deployment's requests over 1 or 10 seconds and its tokens over a minute, for all callers together. Each
response says how much remains (`x-ratelimit-remaining-*`) of how much per minute (`x-ratelimit-limit-*`). The process's
own calls become free again one window later. Whatever else is missing, other callers used. Of the remainder, this
process takes the same share that it has of the quota in use. So instances share the quota without communicating.

A 429 reduces the share (multiplicative decrease). Without headers, the share grows with each answer instead, like TCP's
congestion window (RFC 5681: slow start, then by one per window). Before the first response, only a few calls are sent.

https://learn.microsoft.com/azure/foundry/openai/how-to/quota#understanding-rate-limits
"""

import math
import random
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

FIRST: Final = 8
"""Calls to send before the first response shows the quota."""
_GROWTH: Final = 6
"""Factor by which a share may grow at once, since other callers may have arrived at the same time."""
_DECREASE: Final = 0.95
"""Factor of the share after a 429."""
_STRAY: Final = 0.05
"""Fraction of 429s up to which a server without quota headers counts as unlimited."""
_DITHER: Final = 0.7
"""Upper bound of the random calls added to a share: without it, rounding down would leave some calls unused."""
_SOLE_CALLER: Final = 0.95
"""Fraction of the quota. A process that used this much is the only caller, so a 429 comes from clock drift."""
_WINDOWS: Final = (1.0, 10.0, 60.0)
"""Documented lengths of the request window in seconds; the first responses show which one applies."""
_OVER_CAPACITY: Final = 1.3
"""If a window seems to hold more calls than its capacity by this factor, a longer window applies."""
_REQUESTS_WINDOW: Final = 10.0
_TOKENS_WINDOW: Final = 60.0
_MARGIN: Final = 0.02
"""Fraction of a window by which calls are delayed, since latency to the server varies between calls."""
_MAX_MARGIN: Final = 0.04
"""Largest margin; it grows with each 429 that asks for a very short wait."""
_SHORT_WAIT: Final = 0.1
"""Fraction of a window below which a requested wait counts as very short."""
_STALE_AFTER: Final = 60.0
"""Seconds without a response after which the estimate is reset: other callers may have come or abandoned."""
_JITTER: Final = 0.1
_SLICE: Final = 0.5
"""Seconds of sending time over which observations are merged."""
TOGETHER: Final = 0.5
"""Seconds within which calls may reach the server in another order than they were sent."""
_MAX_PAUSE: Final = 5.0


class SentCalls:
    """The times at which this process sent calls during the last minute."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def add(self, now: float) -> None:
        """Add a call and drop those older than a minute."""
        self._times.append(now)
        del self._times[: bisect_right(self._times, now - _WINDOWS[-1] * (1 + _MAX_MARGIN))]

    def move(self, at: float, now: float) -> None:
        """Correct the time of a call to `now`, the latest of all."""
        if (index := bisect_left(self._times, at)) < len(self._times) and self._times[index] == at:
            del self._times[index]
            self.add(now)

    def since(self, begin: float) -> list[float]:
        """Return the times after `begin`, in order."""
        return self._times[bisect_right(self._times, begin) :]


@dataclass(slots=True)
class Ticket:
    """A call that was sent: its number within this process, its time, and whether that is when the request left."""

    number: int
    at: float
    left: bool = False


@dataclass(slots=True)
class Observation:
    """The responses to the calls of one time slice: the smallest remainder and the share that it allows."""

    remaining: float
    share: float = 1.0


@dataclass(slots=True)
class Window:
    """One limit, counted in calls: `share` is how many this process may send within `seconds`."""

    sent: SentCalls
    seconds: float
    share: float = FIRST
    margin: float = _MARGIN
    enough: float = math.inf
    """The share after the last 429: from there on, growth without headers is slow."""
    reduced_at: int = 0
    """Number of the last call sent before the share was reduced: responses to earlier calls are outdated."""
    observations: dict[int, Observation] = field(default_factory=dict)
    """Observations of the last window by time slice."""
    begun: float = -math.inf
    """Start of the server's window if the server reports its end: earlier calls no longer count."""
    resets: float = math.inf

    def own(self, now: float) -> list[float]:
        """Return the times of this process's calls that count now."""
        if now >= self.resets:
            self.begun, self.resets = self.resets, math.inf
        return self.sent.since(max(self.begun, now - self.seconds * (1 + self.margin)))

    def wait(self, now: float, ahead: int) -> float:
        """Return the seconds until one more call may be sent after `ahead` others."""
        if math.isinf(self.share):
            return 0.0
        sent, share, period = self.own(now), max(1, int(self.share)), self.seconds * (1 + self.margin)
        if len(sent) + ahead < share:
            return 0.0
        if not sent:
            return period * (ahead // share)
        turns, place = divmod(len(sent) + ahead - share, len(sent))
        return max(0.0, min(sent[place] + period, self.resets) - now) + turns * period

    def learn(self, ticket: Ticket, counted: range, remaining: float, capacity: float, dither: float) -> None:
        """Update the share by a response: `remaining` calls of `capacity` per window were left.

        Calls sent together arrive in any order, so the server had counted between the first and the last of `counted`
        calls of this process. Quota that other callers have not used again yet is free only briefly, so the share grows
        only to the smallest value that every time slice of the last window allowed.
        """
        if ticket.number <= self.reduced_at:
            return
        number = int(ticket.at / _SLICE)
        observation = self.observations.setdefault(number, Observation(remaining))
        observation.remaining = self.least(ticket, remaining)
        least, most = (
            _share(own, observation.remaining, capacity, dither) for own in (counted.start, counted.stop - 1)
        )
        observation.share = capacity if most >= capacity else least
        newest = max(self.observations)
        for old in [each for each in self.observations if each <= newest - self.seconds / _SLICE]:
            del self.observations[old]
        least = min(observation.share for observation in self.observations.values())
        self.share = max(self.share, min(least, max(FIRST, _GROWTH * counted.start)))
        if number == newest:
            self.share = min(self.share, most)

    def least(self, ticket: Ticket, remaining: float) -> float:
        """Return the smallest remainder reported for calls that were sent together with this one."""
        observation = self.observations.get(int(ticket.at / _SLICE))
        return min(remaining, observation.remaining) if observation else remaining

    def grow(self, ticket: Ticket) -> None:
        """Increase the share by an answer without quota headers."""
        if ticket.number > self.reduced_at:
            self.share += 1 if self.share < self.enough else 1 / self.share

    def cut(self, ticket: Ticket, last: int, granted: int, capacity: float) -> None:
        """Reduce the share by a 429; `granted`: calls of this process in the window that were not rejected."""
        sole_caller = granted >= _SOLE_CALLER * capacity
        if ticket.number <= self.reduced_at or sole_caller:
            self.share = max(1.0, min(self.share, self.share if sole_caller else granted))
            return
        self.reduced_at = last
        self.share = self.enough = max(1.0, min(self.share, granted) * _DECREASE)


class Quota:
    """The state of one deployment's quota. All times are in seconds of the caller's clock.

    Args:
        pause: seconds that all calls wait after a server error; doubled by each further one.
        chance: returns a random number from 0 to 1, for jitter.
        longest: upper bound of that pause.
    """

    def __init__(
        self, pause: float = 1.0, chance: Callable[[], float] = random.random, longest: float = _MAX_PAUSE
    ) -> None:
        self._sent = SentCalls()
        self._requests = Window(self._sent, _REQUESTS_WINDOW)
        self._tokens = Window(self._sent, _TOKENS_WINDOW, share=math.inf)
        self._refused: deque[float] = deque()
        self._known = False
        self._learned_at = math.inf
        self._reported = False
        self._per_minute = 0.0
        self._number = 0
        self._open: dict[int, float] = {}
        self._last_response = -math.inf
        self._not_before = -math.inf
        self._pause, self._chance, self._longest = pause, chance, longest
        self._failures = 0
        self._failing_since = 0.0
        self._probed = 0

    @property
    def failing(self) -> bool:
        """Whether the last responses were server errors; then one call at a time tests the server."""
        return bool(self._failures)

    def is_learning(self, now: float) -> bool:
        """Return whether the share is still a guess or growing: until one window after the first response."""
        return now < self._learned_at

    def failing_for(self, now: float) -> float:
        """Return the seconds since the first of the current series of server errors; 0 if the server works."""
        return now - self._failing_since if self._failures else 0.0

    def wait(self, now: float, ahead: int = 0) -> float:
        """Return the seconds until a call may be sent after `ahead` others; 0: now."""
        if now - max(self._last_response, self._not_before) > _STALE_AFTER and not self._sent.since(now - _STALE_AFTER):
            self._requests.share = min(self._requests.share, FIRST)
            self._learned_at = math.inf
        shut = max(0.0, self._not_before - now)
        return max(shut, *(window.wait(now + shut, ahead) + shut for window in (self._requests, self._tokens)))

    def send(self, now: float) -> Ticket:
        """Register a call that is sent now."""
        self._number += 1
        self._sent.add(now)
        self._open[self._number] = now
        return Ticket(self._number, now)

    def leaves(self, ticket: Ticket, now: float) -> None:
        """Correct the time of a call whose first request leaves now: signing in and encoding took time since `send`."""
        if not ticket.left and ticket.number in self._open:
            self._sent.move(ticket.at, now)
            ticket.at = self._open[ticket.number] = now
            ticket.left = True

    def answered(self, ticket: Ticket, headers: Mapping[str, str], tokens: int, now: float) -> None:
        """Update the state by any response other than 429 and the errors of `failed`.

        Args:
            ticket: the call.
            headers: the response's headers, case-insensitive.
            tokens: tokens that the quota charges for the call: its prompt's and its cap; 0 if unknown.
            now: the current time.
        """
        self._ended(ticket, now)
        remaining, limit = _number(headers, "remaining-requests"), _number(headers, "limit-requests")
        if remaining is None:
            self._unlimited(ticket)
        else:
            self._reported = self._known = True
            capacity = self._capacity(ticket, remaining, limit)
            counted = self._counted(ticket, self._requests.seconds)
            self._requests.learn(ticket, counted, remaining, capacity, _DITHER * self._chance())
            self._resets(self._requests, headers, "reset-requests", now)
        left, per_minute = _number(headers, "remaining-tokens"), _number(headers, "limit-tokens")
        if left is not None and tokens:
            counted = self._counted(ticket, self._tokens.seconds)
            self._tokens.learn(ticket, counted, left / tokens, (per_minute or 0) / tokens, _DITHER * self._chance())
            self._resets(self._tokens, headers, "reset-tokens", now)

    def rate_limited(self, ticket: Ticket, headers: Mapping[str, str], retry_after: float | None, now: float) -> None:
        """Update the state by a 429: no call is sent before the time it names, or before the pause if it names none."""
        self._ended(ticket, now)
        self._refused.append(ticket.at)
        while self._refused[0] <= now - _WINDOWS[-1]:
            self._refused.popleft()
        seconds = retry_after or self._pause
        if self._requests.seconds < seconds <= _WINDOWS[1]:
            self._requests.seconds = _WINDOWS[1]
        if seconds <= _SHORT_WAIT * self._requests.seconds:
            self._requests.margin = min(self._requests.margin + seconds / self._requests.seconds, _MAX_MARGIN)
        if self._reported or not self._stray(now):
            self._known = True
            self._cut(ticket, headers, now)
        until = now + seconds + min(1.0, _JITTER * seconds) * self._chance()
        self._not_before = max(self._not_before, until)

    def failed(self, ticket: Ticket, now: float) -> None:
        """Update the state by a server error or a failed connection: the pause grows with each new one."""
        self._open.pop(ticket.number, None)
        if not self._failures:
            self._failing_since = now
        elif ticket.number <= self._probed:
            return
        self._probed = self._number
        pause = min(self._pause * 2 ** min(self._failures, 30), self._longest)
        self._failures += 1
        self._not_before = max(self._not_before, now + pause * (0.75 + self._chance() / 4))

    def abandoned(self, ticket: Ticket) -> None:
        """Drop a call whose caller left before the response; the server may have counted it all the same."""
        self._open.pop(ticket.number, None)

    def _ended(self, ticket: Ticket, now: float) -> None:
        self._open.pop(ticket.number, None)
        self._last_response, self._failures = now, 0
        self._learned_at = min(self._learned_at, now + self._requests.seconds)

    def _counted(self, ticket: Ticket, seconds: float, *, later: bool = True) -> range:
        """Return how many calls of this process the server had counted within `seconds` up to this one, as a range.

        Args:
            ticket: the call.
            seconds: length of the window.
            later: include calls that were sent slightly later and may have arrived earlier.
        """
        together = min(TOGETHER, seconds / 4)
        sent = self._sent.since(ticket.at - seconds)
        most = bisect_right(sent, ticket.at + together * later)
        unsure = sum(abs(at - ticket.at) <= together for at in self._open.values())
        return range(max(1, most - unsure), most + 1)

    def _cut(self, ticket: Ticket, headers: Mapping[str, str], now: float) -> None:
        if not _number(headers, "remaining-requests"):
            capacity = self._per_minute * self._requests.seconds / 60 or math.inf
            self._requests.cut(ticket, self._number, self._granted(self._requests, now), capacity)
        elif not _number(headers, "remaining-tokens"):
            self._tokens.cut(ticket, self._number, self._granted(self._tokens, now), math.inf)

    def _stray(self, now: float) -> bool:
        """Return whether 429s are so rare that a pause suffices: a server without quota headers may have no quota."""
        own = self._requests.own(now)
        rate_limited = sum(at > now - self._requests.seconds for at in self._refused)
        return rate_limited <= max(1, _STRAY * len(own))

    def _granted(self, window: Window, now: float) -> int:
        return len(window.own(now)) - sum(at > now - window.seconds for at in self._refused)

    def _unlimited(self, ticket: Ticket) -> None:
        if not self._known:
            self._requests.share = math.inf
        elif not self._reported:
            self._requests.grow(ticket)

    def _capacity(self, ticket: Ticket, remaining: float, limit: float | None) -> float:
        """Return the calls per window of all callers: the shortest documented window that is long enough decides."""
        if not limit:
            return remaining + self._counted(ticket, self._requests.seconds).stop
        if limit != self._per_minute:
            self._per_minute, self._requests.seconds = limit, _WINDOWS[0]
        second, ten, _ = _WINDOWS
        least = self._requests.least(ticket, remaining)
        if (
            least + self._counted(ticket, second, later=False).start
            > _OVER_CAPACITY * limit * self._requests.seconds / 60
        ):
            longer = ten if least < limit * ten / 60 else _WINDOWS[-1]
            self._requests.seconds = max(self._requests.seconds, longer)
        return limit * self._requests.seconds / 60

    @staticmethod
    def _resets(window: Window, headers: Mapping[str, str], name: str, now: float) -> None:
        seconds = _number(headers, name)
        if seconds:
            window.resets = now + seconds


def _share(own: int, remaining: float, capacity: float, dither: float) -> float:
    """Return the calls this process may send if it has `own` of those in use: the same share of the remainder."""
    others = max(0.0, capacity - remaining - own)
    return max(1.0, min(own + remaining * own / (own + others) + (dither if others else 0.0), capacity))


def _number(headers: Mapping[str, str], name: str) -> float | None:
    """Return the number in `x-ratelimit-NAME`, or None. Reads `1s` and `120ms`, not longer forms."""
    text = headers.get(f"x-ratelimit-{name}", "").strip()
    scale = 0.001 if text.endswith("ms") else 1.0
    text = text.removesuffix("ms").removesuffix("s")
    return float(text) * scale if text.isascii() and text.replace(".", "", 1).isdecimal() else None
