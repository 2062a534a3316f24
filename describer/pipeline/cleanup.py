"""Removes each night what no event removes: records of deleted pictures, and old answers from the cache."""

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
"""Time limit of one night, below the ten minutes of an invocation. The next night continues with what is left."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Cleanup:
    """Does in the watched containers what `describer orphans --write` does."""

    deleted_pictures: DeletedPictures
    containers: Sequence[str]
    seconds: float = SECONDS

    async def run(self) -> Counter[Fate]:
        """Return the number of records by fate, and log it. The next night continues what could not be done."""
        counts: Counter[Fate] = Counter()
        cached = 0
        try:
            async with asyncio.timeout(self.seconds):
                for container in self.containers:
                    async for orphan in self.deleted_pictures.orphans(container, write=True):
                        counts[orphan.fate] += 1
                    cached += await self.deleted_pictures.expire_cached(container)
        except NotNow as fault:
            _log.warning(CLEANUP_UNFINISHED, extra={"reason": fault.message})
        except TimeoutError:
            _log.warning(CLEANUP_UNFINISHED, extra={"reason": f"{self.seconds:.0f} seconds are over"})
        _log.info(CLEANED, extra={str(fate): counts[fate] for fate in Fate} | {"cached": cached})
        return counts
