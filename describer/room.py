"""Room for the bytes of pictures: what one process holds at a time is bounded, whoever brings it.

Uploads wait for room, which costs nothing: their bytes lie in storage. Callers' pictures do not: waiting would hold the
very bytes that there is no room for, so who finds none is told at once.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from describer.errors import Busy, TooLarge, Transient

LEAST: Final = 2**18
"""Bytes that even the smallest picture of a caller counts for: what is made of it on the way to the model."""

_COME_AGAIN: Final = 5.0
"""Seconds: about what a picture takes."""
_PATIENCE: Final = 100.0


class Room:
    """So many bytes, for one process.

    Args:
        size: bytes.
        patience: seconds to wait for room; the host's functionTimeout bounds it, see `ChatModel.queueing`.
    """

    def __init__(self, size: int, patience: float = _PATIENCE) -> None:
        self.size = size
        self.held = 0
        self._patience = patience
        self._freed = asyncio.Event()

    @asynccontextmanager
    async def awaited(self, wanted: int) -> AsyncIterator[None]:
        """Waits for room for `wanted` bytes, and holds it. Who wants more than there ever is is let in alone.

        Raises:
            Transient: others took up the room for as long as we may wait.
        """
        share = min(wanted, self.size)
        try:
            async with asyncio.timeout(self._patience):
                while self.held + share > self.size:
                    self._freed.clear()
                    await self._freed.wait()
        except TimeoutError as error:
            raise Transient(f"other pictures took up the memory for {self._patience:g} s") from error
        self.held += share
        try:
            yield
        finally:
            self.free(share)

    @contextmanager
    def hold(self, size: int) -> Iterator["Held"]:
        """Holds room for `size` bytes; enter it before the first `await`, so that many at once are counted.

        Raises:
            Busy: there is no room now.
            TooLarge: there never is.
        """
        held = Held(self)
        held.grow(max(size, LEAST))
        try:
            yield held
        finally:
            self.free(held.size)

    def free(self, size: int) -> None:
        """Gives back what was held."""
        self.held -= size
        self._freed.set()


class Held:
    """What one caller holds of a room, in bytes."""

    def __init__(self, room: Room) -> None:
        self.size = 0
        self._room = room

    def grow(self, size: int) -> None:
        """Holds `size` bytes from now on, or what it holds already if that is more. Raises as `Room.hold` does."""
        more = size - self.size
        if size > self._room.size:
            raise TooLarge(f"The pictures have {size:,} bytes together; HELD_IMAGES_MB allows {self._room.size:,}.")
        if more > 0 and self._room.held + more > self._room.size:
            raise Busy("As many pictures are being worked on as may be (HELD_IMAGES_MB).", retry_after=_COME_AGAIN)
        if more > 0:
            self._room.held += more
            self.size = size
