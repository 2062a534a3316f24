"""Within one process, the same question is asked once: whoever comes second waits for the first one's answer."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from describer.errors import DescriberError


class InFlight:
    """A lock per key, which is gone when nobody holds or awaits it.

    Where its holder fails, those who wait fail alike: each would ask the same again, one after the other, and a server
    that hangs would keep the last of them waiting for longer than a function may run.
    """

    def __init__(self) -> None:
        self._locks: dict[str, asyncio.Lock] = {}
        self._interested: Counter[str] = Counter()
        self._faults: dict[str, DescriberError] = {}

    @asynccontextmanager
    async def alone(self, key: str) -> AsyncIterator[None]:
        """Holds the lock of `key`.

        Raises:
            DescriberError: what the holder for whom we waited ended with.
        """
        self._interested[key] += 1
        try:
            async with self._locks.setdefault(key, asyncio.Lock()):
                if fault := self._faults.get(key):
                    raise fault
                yield
        except DescriberError as fault:
            self._faults[key] = fault
            raise
        finally:
            self._interested[key] -= 1
            if not self._interested[key]:
                del self._interested[key], self._locks[key]
                self._faults.pop(key, None)
