"""What one process knows of a deployment's quota, from the answers that it gets. No I/O, and no clock of its own.

Azure counts a deployment's requests over 1 or 10 seconds and its tokens over a minute, for all callers together; each
answer tells what remains (`x-ratelimit-remaining-*`) of how much a minute (`x-ratelimit-limit-*`). What a process sent
itself comes free again one window later. What is missing beyond that, others took: of the rest this process takes the
part that it has of what is in use, so that instances that cannot see each other share without talking.

A refusal (429) cuts the own part (multiplicative decrease); with no headers the part grows by the answers instead, as
TCP's does (RFC 5681: slow start, then one a window). Before anything was heard of a server, a few calls are sent.

https://learn.microsoft.com/azure/foundry/openai/how-to/quota#understanding-rate-limits
"""

import math
import random
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

FIRST: Final = 8
"""Calls that are sent before the first answer tells how many may be."""
_GROWTH: Final = 6
"""So many times what was in use may be in use after the next answers: others may have come at the same time."""
_CUT: Final = 0.95
_STRAY: Final = 0.05
_ODD: Final = 0.7
"""Up to so much is added to a part, by chance: else a few calls of each window would be nobody's."""
_ALONE: Final = 0.95
"""Of the quota: whoever uses so much is alone, and a refusal is one of the clock's."""
_WINDOWS: Final = (1.0, 10.0, 60.0)
"""Seconds over which requests are counted, as documented; which one, the first answers tell."""
_SURELY: Final = 1.3
"""So many times what a window has room for are no slip of the clocks: the window is a longer one."""
_REQUESTS_WINDOW: Final = 10.0
_TOKENS_WINDOW: Final = 60.0
_MARGIN: Final = 0.01
"""Of a window: a call may take longer to the server than the one did whose place it takes."""
_MOST_MARGIN: Final = 0.04
"""To which that grows by refusals that are over in a moment."""
_MOMENT: Final = 0.1
"""Of a window."""
_FORGOTTEN: Final = 60.0
"""Seconds without an answer after which others may have come and gone."""
_JITTER: Final = 0.1
_SLICE: Final = 0.5
TOGETHER: Final = 0.5
"""Seconds within which calls that are sent may overtake each other on their way."""
_LONGEST_PAUSE: Final = 5.0


class Sent:
    """When calls of this process were sent, the last minute's."""

    def __init__(self) -> None:
        self._times: list[float] = []

    def add(self, now: float) -> None:
        """Count one, and forget those of more than a minute ago."""
        self._times.append(now)
        del self._times[: bisect_right(self._times, now - _WINDOWS[-1] * (1 + _MOST_MARGIN))]

    def since(self, begin: float) -> list[float]:
        """Those after `begin`, in order."""
        return self._times[bisect_right(self._times, begin) :]


@dataclass(frozen=True, slots=True)
class Ticket:
    """One call that was sent: its rank among all of this process, and when."""

    number: int
    at: float


@dataclass(slots=True)
class Look:
    """What the answers to calls of one time said: the least that remained, and the part that it allows."""

    remaining: float
    part: float = 1.0


@dataclass(slots=True)
class Window:
    """One limit, in calls: `part` is what this process may have sent within any `seconds`."""

    sent: Sent
    seconds: float
    part: float = FIRST
    margin: float = _MARGIN
    enough: float = math.inf
    """Where growth without headers slows down: the part that the last refusal left."""
    cut_at: int = 0
    """The last call that was sent when a refusal cut the part: those before it were sent too early to tell more."""
    looks: dict[int, Look] = field(default_factory=dict)
    """What answers said, by the half second in which their calls were sent; of the last window."""
    begun: float = -math.inf
    """When the server's window began, if it tells: what was sent before counts no more."""
    resets: float = math.inf

    def own(self, now: float) -> list[float]:
        """When the calls of this process were sent that count now."""
        if now >= self.resets:
            self.begun, self.resets = self.resets, math.inf
        return self.sent.since(max(self.begun, now - self.seconds * (1 + self.margin)))

    def wait(self, now: float, ahead: int) -> float:
        """Seconds until one more call may be sent, with so many before it."""
        if math.isinf(self.part):
            return 0.0
        sent, part, period = self.own(now), max(1, int(self.part)), self.seconds * (1 + self.margin)
        if len(sent) + ahead < part:
            return 0.0
        if not sent:
            return period * (ahead // part)
        turns, place = divmod(len(sent) + ahead - part, len(sent))
        return max(0.0, min(sent[place] + period, self.resets) - now) + turns * period

    def learn(self, ticket: Ticket, counted: range, remaining: float, capacity: float, odd: float) -> None:
        """Heed what an answer says: so many calls remained, of so many in a window.

        Calls that are sent together arrive in any order, so that the first and the last of `counted` bound how many of
        this process the answer knew of. What others have not sent anew yet is free for a moment only: so a part grows
        to what it could have been all through the last window.
        """
        if ticket.number <= self.cut_at:
            return
        number = int(ticket.at / _SLICE)
        look = self.looks.setdefault(number, Look(remaining))
        look.remaining = self.least(ticket, remaining)
        least, most = (_part(own, look.remaining, capacity, odd) for own in (counted.start, counted.stop - 1))
        look.part = capacity if most >= capacity else least
        newest = max(self.looks)
        for old in [each for each in self.looks if each <= newest - self.seconds / _SLICE]:
            del self.looks[old]
        least = min(look.part for look in self.looks.values())
        self.part = max(self.part, min(least, max(FIRST, _GROWTH * counted.start)))
        if number == newest:
            self.part = min(self.part, most)

    def least(self, ticket: Ticket, remaining: float) -> float:
        """What remained after all calls that were sent together with this one, as far as they are answered."""
        look = self.looks.get(int(ticket.at / _SLICE))
        return min(remaining, look.remaining) if look else remaining

    def grow(self, ticket: Ticket) -> None:
        """Heed an answer that says nothing of a quota: it is larger than was thought."""
        if ticket.number > self.cut_at:
            self.part += 1 if self.part < self.enough else 1 / self.part

    def cut(self, ticket: Ticket, last: int, granted: int, capacity: float) -> None:
        """Heed a refusal; `granted`: calls of this process in the window, those that were refused left out."""
        alone = granted >= _ALONE * capacity
        if ticket.number <= self.cut_at or alone:
            self.part = max(1.0, min(self.part, self.part if alone else granted))
            return
        self.cut_at = last
        self.part = self.enough = max(1.0, min(self.part, granted) * _CUT)


class Quota:
    """What is known of one deployment's quota. Times are of the caller's clock, in seconds.

    Args:
        pause: seconds that all wait after a server's error; doubled by each further one.
        chance: a number from 0 to 1, for jitter.
        longest: seconds to which that grows.
    """

    def __init__(
        self, pause: float = 1.0, chance: Callable[[], float] = random.random, longest: float = _LONGEST_PAUSE
    ) -> None:
        self._sent = Sent()
        self._requests = Window(self._sent, _REQUESTS_WINDOW)
        self._tokens = Window(self._sent, _TOKENS_WINDOW, part=math.inf)
        self._refused: deque[float] = deque()
        self._known = False
        self._reported = False
        self._per_minute = 0.0
        self._number = 0
        self._open: dict[int, float] = {}
        self._heard = -math.inf
        self._not_before = -math.inf
        self._pause, self._chance, self._longest = pause, chance, longest
        self._failures = 0
        self._failing_since = 0.0
        self._probed = 0

    @property
    def failing(self) -> bool:
        """Whether the server's last answers were errors of its own: then one call at a time tries it."""
        return bool(self._failures)

    def failing_for(self, now: float) -> float:
        """Seconds since its first error in a row; 0 if it works."""
        return now - self._failing_since if self._failures else 0.0

    def wait(self, now: float, ahead: int = 0) -> float:
        """Seconds until a call may be sent, with so many before it; 0: now."""
        if now - max(self._heard, self._not_before) > _FORGOTTEN and not self._sent.since(now - _FORGOTTEN):
            self._requests.part = min(self._requests.part, FIRST)
        shut = max(0.0, self._not_before - now)
        return max(shut, *(window.wait(now + shut, ahead) + shut for window in (self._requests, self._tokens)))

    def send(self, now: float) -> Ticket:
        """Count one call that is sent now."""
        self._number += 1
        self._sent.add(now)
        self._open[self._number] = now
        return Ticket(self._number, now)

    def answered(self, ticket: Ticket, headers: Mapping[str, str], tokens: int, now: float) -> None:
        """Heed an answer of any kind but 429 and those of `failed`.

        Args:
            ticket: the call.
            headers: without regard to case.
            tokens: what the call counted for: those of its prompt and its cap; 0 if that is not known.
            now: the time.
        """
        self._ended(ticket, now)
        remaining, limit = _number(headers, "remaining-requests"), _number(headers, "limit-requests")
        if remaining is None:
            self._unlimited(ticket)
        else:
            self._reported = self._known = True
            capacity = self._capacity(ticket, remaining, limit)
            counted = self._counted(ticket, self._requests.seconds)
            self._requests.learn(ticket, counted, remaining, capacity, _ODD * self._chance())
            self._resets(self._requests, headers, "reset-requests", now)
        left, per_minute = _number(headers, "remaining-tokens"), _number(headers, "limit-tokens")
        if left is not None and tokens:
            counted = self._counted(ticket, self._tokens.seconds)
            self._tokens.learn(ticket, counted, left / tokens, (per_minute or 0) / tokens, _ODD * self._chance())
            self._resets(self._tokens, headers, "reset-tokens", now)

    def refused(self, ticket: Ticket, headers: Mapping[str, str], retry_after: float | None, now: float) -> None:
        """Heed a 429: nobody asks before the time that it names, or before a pause where it names none."""
        self._ended(ticket, now)
        self._refused.append(ticket.at)
        while self._refused[0] <= now - _WINDOWS[-1]:
            self._refused.popleft()
        seconds = retry_after or self._pause
        if self._requests.seconds < seconds <= _WINDOWS[1]:
            self._requests.seconds = _WINDOWS[1]
        if seconds <= _MOMENT * self._requests.seconds:
            self._requests.margin = min(self._requests.margin + seconds / self._requests.seconds, _MOST_MARGIN)
        if self._reported or not self._stray(now):
            self._known = True
            self._cut(ticket, headers, now)
        until = now + seconds + min(1.0, _JITTER * seconds) * self._chance()
        self._not_before = max(self._not_before, until)

    def failed(self, ticket: Ticket, now: float) -> None:
        """Heed an error of the server's own, or that it cannot be reached: the pause grows with each that was tried."""
        self._open.pop(ticket.number, None)
        if not self._failures:
            self._failing_since = now
        elif ticket.number <= self._probed:
            return
        self._probed = self._number
        pause = min(self._pause * 2 ** min(self._failures, 30), self._longest)
        self._failures += 1
        self._not_before = max(self._not_before, now + pause * (0.75 + self._chance() / 4))

    def gone(self, ticket: Ticket) -> None:
        """Whoever asked left before there was an answer; the server may have counted the call all the same."""
        self._open.pop(ticket.number, None)

    def _ended(self, ticket: Ticket, now: float) -> None:
        self._open.pop(ticket.number, None)
        self._heard, self._failures = now, 0

    def _counted(self, ticket: Ticket, seconds: float, *, later: bool = True) -> range:
        """From how many to how many calls of this process the server had counted with this one within `seconds`.

        Args:
            ticket: this one.
            seconds: of the window.
            later: with those that were sent a little later, and may have overtaken it.
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
        """Whether so few calls are refused that a pause is enough: a server that tells no quota may have none."""
        own = self._requests.own(now)
        refused = sum(at > now - self._requests.seconds for at in self._refused)
        return refused <= max(1, _STRAY * len(own))

    def _granted(self, window: Window, now: float) -> int:
        return len(window.own(now)) - sum(at > now - window.seconds for at in self._refused)

    def _unlimited(self, ticket: Ticket) -> None:
        if not self._known:
            self._requests.part = math.inf
        elif not self._reported:
            self._requests.grow(ticket)

    def _capacity(self, ticket: Ticket, remaining: float, limit: float | None) -> float:
        """Calls in a window, of all callers together: the shortest of the documented windows that has room for them."""
        if not limit:
            return remaining + self._counted(ticket, self._requests.seconds).stop
        if limit != self._per_minute:
            self._per_minute, self._requests.seconds = limit, _WINDOWS[0]
        second, ten, _ = _WINDOWS
        least = self._requests.least(ticket, remaining)
        if least + self._counted(ticket, second, later=False).start > _SURELY * limit * self._requests.seconds / 60:
            longer = ten if least < limit * ten / 60 else _WINDOWS[-1]
            self._requests.seconds = max(self._requests.seconds, longer)
        return limit * self._requests.seconds / 60

    @staticmethod
    def _resets(window: Window, headers: Mapping[str, str], name: str, now: float) -> None:
        seconds = _number(headers, name)
        if seconds:
            window.resets = now + seconds


def _part(own: int, remaining: float, capacity: float, odd: float) -> float:
    """What a process may have sent that has `own` of what is in use: of what remains it takes the same part."""
    others = max(0.0, capacity - remaining - own)
    return max(1.0, min(own + remaining * own / (own + others) + (odd if others else 0.0), capacity))


def _number(headers: Mapping[str, str], name: str) -> float | None:
    """A figure of `x-ratelimit-NAME`, or None if there is none; `1s` and `120ms` are read, longer forms are not."""
    text = headers.get(f"x-ratelimit-{name}", "").strip()
    scale = 0.001 if text.endswith("ms") else 1.0
    text = text.removesuffix("ms").removesuffix("s")
    return float(text) * scale if text.isascii() and text.replace(".", "", 1).isdecimal() else None
