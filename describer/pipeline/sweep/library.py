"""What storage lists of a picture, a request for thousands of them, and where a sweep keeps its state."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from describer.pipeline.sweep.state import Sweep


@dataclass(frozen=True, slots=True)
class ListedBlob:
    """A blob as a listing shows it.

    Args:
        ref: where it is.
        size: in bytes.
        modified: when its bytes or metadata were last written.
        metadata: raw, as stored.
        tier: `Hot`, `Cool`, `Cold`, `Archive`; empty if the account has none.
    """

    ref: ImageRef
    size: int
    modified: datetime
    metadata: Mapping[str, str]
    tier: str = ""

    @property
    def picture(self) -> ImageBlob:
        """The same as other rules look at blobs; a listing's ETag is not used."""
        return ImageBlob(self.ref, "", self.size, self.metadata)


@dataclass(frozen=True, slots=True)
class Listing:
    """Some blobs of a container in the order of names.

    Args:
        blobs: those that have a name by which they can be opened.
        cursor: leads to the next ones; empty if there are no more.
        unnameable: how many have a segment `.` or `..` in their names.
    """

    blobs: Sequence[ListedBlob]
    cursor: str = ""
    unnameable: int = 0


class Library(Protocol):
    """The pictures' containers."""

    async def page(self, container: str, prefix: str, cursor: str) -> Listing:
        """List up to 5,000 blobs, with their metadata, in one request."""

    async def head(self, ref: ImageRef, length: int) -> bytes:
        """Read up to `length` bytes from the start of a blob; none if it is gone or cannot be read."""


class Progress(Protocol):
    """Where work that a sweep queued reports its end."""

    async def report(self, chunk: str, line: str) -> None:
        """Append a line to the report of a chunk, as `Sweep.chunk_name` calls it."""


class Sweeps(Progress, Protocol):
    """Where sweeps are kept."""

    async def read(self, sweep_id: str) -> Sweep | None:
        """The sweep, or None."""

    async def write(self, sweep: Sweep) -> Sweep:
        """Replace the sweep that was read; gives it as it stands now.

        Raises:
            Conflict: somebody else has written it since.
        """

    async def latest(self) -> Sweep | None:
        """The sweep that was begun last, or None."""

    async def begin(self, sweep: Sweep) -> Sweep:
        """Store a new sweep and make it the latest.

        Raises:
            Conflict: another one was begun at the same moment.
        """

    async def lines(self, chunk: str) -> Sequence[str]:
        """The lines that were reported for a chunk so far."""

    def driving(self, patience: float) -> AbstractAsyncContextManager[None]:
        """Hold the lease that lets one process at a time queue pictures of sweeps.

        Raises:
            Busy: another process held it for `patience` seconds.
        """
