"""How many bytes of pictures are held at a time: the host brings two dozen at once, however big they are."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from describer.errors import Transient

_SIZE: Final = 512 * 2**20
_PATIENCE: Final = 100.0


class Room:
    """Room for the bytes of pictures, from before they are read until they are described.

    Args:
        size: bytes. 512 MiB, 700 MiB to decode and 165 MiB for the process itself leave a quarter of an instance of
            2,048 MB. A picture that is bigger by itself is let in alone.
        patience: seconds to wait for room; the host's functionTimeout bounds it, see `ChatModel.queueing`.
    """

    def __init__(self, size: int = _SIZE, patience: float = _PATIENCE) -> None:
        self._size = self._free = size
        self._patience = patience
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def taken(self, wanted: int) -> AsyncIterator[None]:
        """Holds so many bytes.

        Raises:
            Transient: other pictures took up the room for as long as we may wait.
        """
        share = min(wanted, self._size)
        try:
            async with asyncio.timeout(self._patience):
                while share > self._free:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError as error:
            raise Transient(f"other pictures took up the memory for {self._patience:g} s") from error
        self._free -= share
        try:
            yield
        finally:
            self._free += share
            self._freed.set()
