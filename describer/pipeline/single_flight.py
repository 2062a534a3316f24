"""Runs equal concurrent work once per process and shares the result."""

import asyncio
from collections.abc import Awaitable, Callable

from describer.domain.errors import DescriberError


class SingleFlight[T]:
    """Runs one piece of work per key at a time for all callers.

    If it fails, all waiting callers get its error instead of repeating it one by one, which would take longer than a
    function may run if a server hangs. If it is cancelled or ends in a bug, the next waiting caller runs its own work.
    """

    def __init__(self) -> None:
        self._flights: dict[str, asyncio.Future[T | None]] = {}

    async def run(self, key: str, work: Callable[[], Awaitable[T]], waiting: Callable[[], None]) -> tuple[T, bool]:
        """Return the result of `work`, and whether this caller ran it; if it waits for another's, it calls `waiting`.

        Raises:
            DescriberError: the error of the work, possibly another caller's.
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
            flight.exception()  # marks it as retrieved, even if no caller waits
            raise
        finally:
            del self._flights[key]
            if not flight.done():
                flight.set_result(result)
        return result
