"""Within one process the same question is asked once at a time: whoever comes second gets the first one's answer."""

import asyncio
from collections.abc import Awaitable, Callable

from describer.domain.errors import DescriberError


class SingleFlight[T]:
    """Runs one piece of work per key at a time, for everybody who asks for it.

    If it fails, all who wait for it fail with its error, instead of repeating it one after another: a server that hangs
    would keep the last of them waiting for longer than a function may run. If it is cancelled, or ends in a bug, the
    next one who waits runs its own.
    """

    def __init__(self) -> None:
        self._flights: dict[str, asyncio.Future[T | None]] = {}

    async def run(self, key: str, work: Callable[[], Awaitable[T]], waiting: Callable[[], None]) -> tuple[T, bool]:
        """Return the result of `work`, and whether it was this caller's own.

        Args:
            key: what is asked.
            work: asks it.
            waiting: called before waiting for another caller's work.

        Raises:
            DescriberError: what the work ended with, also another caller's.
        """
        while flight := self._flights.get(key):
            waiting()
            if (result := await asyncio.shield(flight)) is not None:
                return result, False
        return await self._lead(key, work), True

    async def _lead(self, key: str, work: Callable[[], Awaitable[T]]) -> T:
        flight: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()
        self._flights[key] = flight
        result: T | None = None
        try:
            result = await work()
        except DescriberError as fault:
            flight.set_exception(fault)
            flight.exception()  # seen, also where nobody waits
            raise
        finally:
            del self._flights[key]
            if not flight.done():
                flight.set_result(result)
        return result
