"""The process's memory budget for picture files.

Blobs and local files wait for memory, since their bytes are stored elsewhere. A request's body cannot wait, because it
is in memory already: if none is left, the caller gets an error at once. Memory is released once a picture is prepared
for the model, so the budget limits how many pictures are read, not how many are described at once.

Blobs and local files also wait for one of a few places: more of them in memory than can be decoded soon would take
memory and save no time.
"""

import os
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Final

from describer.domain.errors import Busy, TooLarge, Transient
from describer.pipeline import call_context
from describer.pipeline.weighted_semaphore import WeightedSemaphore

MIN_RESERVATION: Final = 2**18
"""Minimum bytes counted for a caller's picture, for what is made of it."""

FILES_PER_CORE: Final = 2
"""Blobs and local files in memory for each core: one that is decoded, and the next one."""

_RETRY_AFTER: Final = 5.0
"""Seconds after which to retry, about the time that a picture takes."""


class MemoryBudget:
    """A budget of bytes for one process; first come, first served, see `WeightedSemaphore`.

    Args:
        size: bytes.
        files: maximum number of blobs and local files in memory.
    """

    def __init__(self, size: int, files: int | None = None) -> None:
        self._bytes = WeightedSemaphore(size)
        self._files = WeightedSemaphore(files or FILES_PER_CORE * (os.process_cpu_count() or 1))

    @property
    def size(self) -> int:
        """The total bytes."""
        return self._bytes.size

    @property
    def held(self) -> int:
        """The reserved bytes."""
        return self._bytes.held

    @asynccontextmanager
    async def reserve_when_free(self, size: int) -> AsyncIterator["Reservation"]:
        """Wait for a file's place and `size` bytes, and hold both; more than the budget waits for all of it.

        Never call it while you hold a reservation: two callers that hold and wait can deadlock. Raises Transient if the
        memory does not become free within the call's waiting time.
        """
        call, share = call_context.current(), min(size, self.size)
        max_wait = call.max_wait()
        try:
            await self._files.acquire(1, call.priority, max_wait)
        except TimeoutError as error:
            raise Transient(f"Timed out after {max_wait:.1f} s of waiting for pictures to be prepared") from error
        try:
            await self._bytes.acquire(share, call.priority, max_wait)
        except TimeoutError as error:
            self._files.release(1)
            raise Transient(f"Timed out after {max_wait:.1f} s of waiting for memory (HELD_IMAGES_MB)") from error
        except BaseException:
            self._files.release(1)
            raise
        reservation = Reservation(self, self._bytes, share, self._files)
        try:
            yield reservation
        finally:
            reservation.release()

    @contextmanager
    def try_reserve(self, size: int) -> Iterator["Reservation"]:
        """Hold `size` bytes. Call it before the first `await`, so that concurrent calls are counted.

        Raises:
            Busy: the bytes are not free, or other callers are waiting.
            TooLarge: the budget is smaller.
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
        """Raise TooLarge if `size` exceeds the budget."""
        if size > self.size:
            raise TooLarge(f"The pictures take {size:,} bytes together; HELD_IMAGES_MB allows {self.size:,}.")


class Reservation:
    """A caller's share of the budget: `size` bytes, and one of the places in `files` if given."""

    def __init__(
        self, budget: MemoryBudget, held: WeightedSemaphore, size: int, files: WeightedSemaphore | None = None
    ) -> None:
        self.size = size
        self._budget = budget
        self._bytes = held
        self._files = files

    def extend(self, size: int) -> None:
        """Hold at least `size` bytes from now on. Raises like `try_reserve`."""
        self._budget.check(size)
        if size <= self.size:
            return
        if not self._bytes.extend(size - self.size):
            raise _busy()
        self.size = size

    def reduce(self, size: int) -> None:
        """Hold no more than `size` bytes from now on."""
        if size < self.size:
            self._bytes.release(self.size - size)
            self.size = size

    def release(self) -> None:
        """Release everything; repeated calls do nothing."""
        size, self.size = self.size, 0
        if size:
            self._bytes.release(size)
        if files := self._files:
            self._files = None
            files.release(1)


def _busy() -> Busy:
    return Busy("The memory for pictures is in use (HELD_IMAGES_MB).", retry_after=_RETRY_AFTER)
