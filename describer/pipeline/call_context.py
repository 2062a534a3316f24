"""What everything that is done for one call shares: when it must end, whether somebody waits for it, what it has cost.

Like a gRPC deadline it is handed down with the call, in a context variable: each step that waits asks how much time is
left, instead of having a limit of its own that others know nothing of.

    async with limited(HTTP_SECONDS, Priority.INTERACTIVE):   # an entry point begins a call
        ...
        current().remaining()                                     # any step below it: seconds that are left

The limits of the platform are the reason for each figure:

- `functionTimeout` in host.json is 600 s; after it the host ends the whole process, with every picture in it.
- The load balancer in front of a function app cuts an HTTP call off after 230 s.
  https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
- MCP clients give up after 60 s (the default of the official TypeScript client).
"""

import asyncio
import math
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Final

from describer.domain.errors import Transient
from describer.domain.record import Usage
from describer.pipeline.weighted_semaphore import Priority

UPLOAD_SECONDS: Final = 570.0
HTTP_SECONDS: Final = 220.0
STORING_SECONDS: Final = 10.0
"""The end of each call, in which the model is asked no more: the answer that was paid for is stored and sent."""
_COME_AGAIN: Final = 10.0
"""Seconds."""


@dataclass(slots=True)
class Call:
    """One call under way.

    Args:
        ends: the time of the event loop's clock at which it must have ended.
        priority: which of two waiting calls is served first.
        outer: the call of which this one is a part; what this one costs, that one costs too.
        spent: what the model was paid so far, also for answers that came to nothing.
        prepaid: the chunk of a sweep whose answers a batch has given; empty if none has.
    """

    ends: float = math.inf
    priority: Priority = Priority.BACKGROUND
    outer: "Call | None" = None
    spent: Usage = field(default_factory=Usage)
    prepaid: str = ""

    def remaining(self) -> float:
        """Return seconds in which something may be begun: until the call must have ended, but for those of storing."""
        return max(0.0, self.ends - STORING_SECONDS - asyncio.get_running_loop().time())

    def patience(self) -> float | None:
        """Seconds to wait for one's turn: half of what is left, so that there is time to use it. None: for ever."""
        return None if math.isinf(self.ends) else self.remaining() / 2

    def charge(self, usage: Usage) -> None:
        """Add what a call of the model used."""
        self.spent = self.spent.plus(usage)
        if self.outer:
            self.outer.charge(usage)


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current() -> Call:
    """Return the call under way; if there is none, one without an end that nobody waits for."""
    return _current.get() or Call()


@contextmanager
def entered(seconds: float = math.inf, priority: Priority = Priority.BACKGROUND) -> Iterator[Call]:
    """Begin a call, or a part of the one under way, which keeps its priority and ends no later.

    Do not enter it in an async generator: the steps of one may run in different contexts.
    """
    outer = _current.get()
    ends = asyncio.get_running_loop().time() + seconds
    call = Call(ends, priority)
    if outer:
        call = Call(min(ends, outer.ends), outer.priority, outer, prepaid=outer.prepaid)
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


@asynccontextmanager
async def limited(seconds: float, priority: Priority) -> AsyncIterator[Call]:
    """Begin a call as `entered` does, and end it in time, whatever it is at.

    Raises:
        Transient: it did not end in time. The picture may be the cause: whoever waits for others gives up earlier.
    """
    with entered(seconds, priority) as call:
        limit = asyncio.timeout_at(None if math.isinf(call.ends) else call.ends)
        try:
            async with limit:
                yield call
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Transient("it was not done in time", retry_after=_COME_AGAIN, counts_as_attempt=True) from error
