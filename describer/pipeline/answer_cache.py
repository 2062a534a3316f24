"""Caches on-demand answers for some minutes, so that a caller who was disconnected and retries pays once."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from describer.domain.record import Record

KEEP_SECONDS: Final = 600.0
MAX_ANSWERS: Final = 500
"""Maximum number of cached answers, of a few KB each."""


class AnswerCache:
    """Records by the digest of the bytes and of the request, in memory only."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._records: OrderedDict[str, tuple[float, Record]] = OrderedDict()  # oldest first
        self._clock = clock

    def get(self, key: str) -> Record | None:
        """Return the record cached under `key`, or None."""
        self._drop_old()
        kept = self._records.get(key)
        return kept[1] if kept else None

    def put(self, key: str, record: Record) -> None:
        """Cache `record`; the oldest record is dropped if there are too many."""
        self._records.pop(key, None)
        self._records[key] = (self._clock() + KEEP_SECONDS, record)
        self._drop_old()

    def _drop_old(self) -> None:
        while self._records:
            ends, _ = next(iter(self._records.values()))
            if ends > self._clock() and len(self._records) <= MAX_ANSWERS:
                return
            self._records.popitem(last=False)
