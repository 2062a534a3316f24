"""The deadline, priority and cost shared by all steps of one call.

Like a gRPC deadline, it is passed down with the call, in a context variable. Each step that waits asks for the
remaining time instead of having its own limit.

    async with limited(HTTP_SECONDS, Priority.INTERACTIVE):   # an entry point begins a call
        ...
        current().remaining()                                     # a step below it: the seconds left

The limits of the platform determine the figures:

- `functionTimeout` in host.json is 600 s; then the host ends the whole process with every picture in it.
- The load balancer in front of a function app ends HTTP calls after 230 s.
  https://learn.microsoft.com/azure/azure-functions/functions-scale#timeout
- MCP clients time out after 60 s (the default of the official TypeScript client).
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
"""Seconds at the end of each call that are reserved for storing and sending a paid answer."""
_RETRY_AFTER: Final = 10.0
"""Seconds after which a call that timed out may be repeated."""


@dataclass(slots=True)
class Call:
    """A call in progress.

    Args:
        ends: deadline, by the event loop's clock.
        priority: order in which waiting calls are served.
        outer: the call that this one is a part of; it is charged with this one's cost.
        spent: tokens paid so far, including those of unusable answers.
        prepaid: the chunk of a backfill whose answers a batch has given; empty if none has.
        deferred: whether the work was deferred before, and so comes before what is still deferred.
    """

    ends: float = math.inf
    priority: Priority = Priority.BACKGROUND
    outer: "Call | None" = None
    spent: Usage = field(default_factory=Usage)
    prepaid: str = ""
    deferred: bool = False

    def remaining(self) -> float:
        """Return the seconds in which work may begin: until the deadline, less the time for storing."""
        return max(0.0, self.ends - STORING_SECONDS - asyncio.get_running_loop().time())

    def max_wait(self) -> float | None:
        """Return the seconds to wait for a resource, half of the remaining time; None: no limit."""
        return None if math.isinf(self.ends) else self.remaining() / 2

    def charge(self, usage: Usage) -> None:
        """Add the tokens of a call to the model."""
        self.spent = self.spent.plus(usage)
        if self.outer:
            self.outer.charge(usage)


_current: ContextVar[Call | None] = ContextVar("call", default=None)


def current() -> Call:
    """Return the current call; if there is none, a background call without a deadline."""
    return _current.get() or Call()


@contextmanager
def entered(seconds: float = math.inf, priority: Priority = Priority.BACKGROUND) -> Iterator[Call]:
    """Begin a call, or a part of the current one, which keeps its priority and deadline.

    Do not use it in an async generator, whose steps may run in different contexts.
    """
    outer = _current.get()
    ends = asyncio.get_running_loop().time() + seconds
    call = Call(ends, priority)
    if outer:
        call = Call(min(ends, outer.ends), outer.priority, outer, prepaid=outer.prepaid, deferred=outer.deferred)
    token = _current.set(call)
    try:
        yield call
    finally:
        _current.reset(token)


@asynccontextmanager
async def limited(seconds: float, priority: Priority) -> AsyncIterator[Call]:
    """Begin a call like `entered`, and cancel it at its deadline.

    Raises:
        Transient: the deadline passed. The picture may be the cause, since waiting for others ends earlier.
    """
    with entered(seconds, priority) as call:
        limit = asyncio.timeout_at(None if math.isinf(call.ends) else call.ends)
        try:
            async with limit:
                yield call
        except TimeoutError as error:
            if not limit.expired():
                raise
            raise Transient("It was not done in time", retry_after=_RETRY_AFTER, counts_as_attempt=True) from error
