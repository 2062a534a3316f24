"""Room for callers' pictures: what is held in memory at once is bounded, and who finds no room is told at once.

Waiting for room would hold the very bytes that there is no room for: they have arrived by then.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from describer.errors import Busy, TooLarge

LEAST: Final = 2**18
"""Bytes that even the smallest picture counts for: what is made of it on the way to the model."""

_COME_AGAIN: Final = 5.0
"""Seconds: about what a picture takes."""


class Room:
    """So many bytes, for one process.

    Args:
        size: bytes.
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self.held = 0

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
            self.held -= held.size


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
