"""At night, records of deleted pictures go of whose deletion no event told, and those that were kept long enough."""

import asyncio
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from describer.domain.errors import NotNow
from describer.pipeline.deleted_pictures import DeletedPictures, Fate

CLEANED: Final = "deleted.cleaned"
CLEANUP_UNFINISHED: Final = "deleted.unfinished"
SECONDS: Final = 480.0
"""For one night, below the ten minutes of an invocation; the next night goes on, for what is gone is listed no more."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Does in the watched containers what `describer orphans --write` does.

    Args:
        deleted_pictures: decides what becomes of each record.
        containers: the watched ones.
        seconds: after which it ends, wherever it is.
    """

    deleted_pictures: DeletedPictures
    containers: Sequence[str]
    seconds: float = SECONDS

    async def run(self) -> Counter[Fate]:
        """Return how many records went and stayed, and log it. What cannot be done now is done the next night."""
        counts: Counter[Fate] = Counter()
        try:
            async with asyncio.timeout(self.seconds):
                for container in self.containers:
                    async for orphan in self.deleted_pictures.orphans(container, write=True):
                        counts[orphan.fate] += 1
        except NotNow as fault:
            _log.warning(CLEANUP_UNFINISHED, extra={"reason": fault.message})
        except TimeoutError:
            _log.warning(CLEANUP_UNFINISHED, extra={"reason": f"{self.seconds:.0f} seconds are over"})
        _log.info(CLEANED, extra={str(fate): counts[fate] for fate in Fate})
        return counts
