"""The memory that the files of pictures may take: one budget for the process, whoever brings them.

Blobs and local files wait for memory, which costs nothing: their bytes lie elsewhere. The body of a request does not
wait, because it is in memory already: if there is none left for it, the caller is told at once. Memory is given back
as soon as a picture is prepared for the model, so that it bounds how many are read, and not how many are asked about.
"""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from describer.domain.errors import Busy, TooLarge, Transient
from describer.pipeline import call_context
from describer.pipeline.weighted_semaphore import WeightedSemaphore

MIN_RESERVATION: Final = 2**18
"""Bytes that even the smallest picture of a caller counts for: what is made of it on the way to the model."""

_COME_AGAIN: Final = 5.0
"""Seconds: about what a picture takes."""


class MemoryBudget:
    """So many bytes, for one process; first come first served, see `WeightedSemaphore`.

    Args:
        size: bytes.
    """

    def __init__(self, size: int) -> None:
        self._bytes = WeightedSemaphore(size)

    @property
    def size(self) -> int:
        """Bytes, free or not."""
        return self._bytes.size

    @property
    def held(self) -> int:
        """Bytes that are reserved now."""
        return self._bytes.held

    @asynccontextmanager
    async def reserve_when_free(self, size: int) -> AsyncIterator["Reservation"]:
        """Wait for `size` bytes and hold them; who wants more than the budget waits for all of it.

        Never enter it with a reservation in hand: two callers that hold and wait can wait for each other.

        Raises:
            Transient: others took up the memory for as long as the call may wait.
        """
        call, share = call_context.current(), min(size, self.size)
        patience = call.patience()
        try:
            await self._bytes.acquire(share, call.priority, patience)
        except TimeoutError as error:
            raise Transient(f"timed out after {patience:.1f} s of waiting for memory (HELD_IMAGES_MB)") from error
        reservation = Reservation(self, self._bytes, share)
        try:
            yield reservation
        finally:
            reservation.release()

    @contextmanager
    def try_reserve(self, size: int) -> Iterator["Reservation"]:
        """Hold `size` bytes; enter it before the first `await`, so that many at once are counted.

        Raises:
            Busy: they are not free now, or others have waited for longer.
            TooLarge: they never are.
        """
        size = max(size, MIN_RESERVATION)
        self.check(size)
        if not self._bytes.try_acquire(size, call_context.current().priority):
            raise _busy()
        reservation = Reservation(self, self._bytes, size)
        try:
            yield reservation
        finally:
            reservation.release()

    def check(self, size: int) -> None:
        """Raise TooLarge if `size` bytes are more than there ever are."""
        if size > self.size:
            raise TooLarge(f"The pictures take {size:,} bytes together; HELD_IMAGES_MB allows {self.size:,}.")


class Reservation:
    """What one caller holds of the budget: `size` bytes."""

    def __init__(self, budget: MemoryBudget, held: WeightedSemaphore, size: int) -> None:
        self.size = size
        self._budget = budget
        self._bytes = held

    def extend(self, size: int) -> None:
        """Hold `size` bytes from now on, or what is held already if that is more. Raises as `try_reserve` does."""
        self._budget.check(size)
        if size <= self.size:
            return
        if not self._bytes.extend(size - self.size):
            raise _busy()
        self.size = size

    def release(self) -> None:
        """Give all of it back; more than once is harmless."""
        size, self.size = self.size, 0
        if size:
            self._bytes.release(size)


def _busy() -> Busy:
    return Busy("As many pictures are being worked on as may be (HELD_IMAGES_MB).", retry_after=_COME_AGAIN)
