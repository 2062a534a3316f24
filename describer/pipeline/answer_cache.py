"""What the model was paid for on demand is kept for some minutes: who was cut off and asks again pays once."""

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from describer.domain.record import Record

KEEP_SECONDS: Final = 600.0
MOST_ANSWERS: Final = 500
"""Of a few KB each."""


class AnswerCache:
    """Records by the digest of the bytes and of the request; in memory only, so that nothing is stored.

    Args:
        clock: seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._records: OrderedDict[str, tuple[float, Record]] = OrderedDict()  # the oldest first
        self._clock = clock

    def get(self, key: str) -> Record | None:
        """Return the record that was kept under `key` in the last minutes, or None."""
        self._drop_old()
        kept = self._records.get(key)
        return kept[1] if kept else None

    def put(self, key: str, record: Record) -> None:
        """Keep `record`; the oldest one goes if there are too many."""
        self._records.pop(key, None)
        self._records[key] = (self._clock() + KEEP_SECONDS, record)
        self._drop_old()

    def _drop_old(self) -> None:
        while self._records:
            ends, _ = next(iter(self._records.values()))
            if ends > self._clock() and len(self._records) <= MOST_ANSWERS:
                return
            self._records.popitem(last=False)
