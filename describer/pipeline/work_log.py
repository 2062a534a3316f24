"""Logs the processing of storage events as dotted log events with facts in `extra`.

No fact contains a picture's text or a signed address. Pictures are `ImageRef`s, which handlers write as aliases; faults
are sentences without quotations.
"""

import logging
from datetime import UTC, datetime
from typing import Final

from describer.domain.errors import NotNow
from describer.domain.record import Record
from describer.domain.status import Skip
from describer.pipeline.events import Work

DONE: Final = "picture.done"
DEFERRED: Final = "picture.deferred"

_log = logging.getLogger(__name__)


class WorkLog:
    """Logs `picture.done`, and `picture.deferred` with the reason."""

    def taken(self, work: Work) -> None:
        """Log nothing when work is taken from the queue; `picture.done` has the same facts."""

    def done(self, work: Work, end: Record | Skip) -> None:
        """Log at level INFO."""
        _log.info(DONE, extra=_facts(work) | {"outcome": outcome(end)})

    def deferred(self, work: Work, fault: NotNow, delay: float) -> None:
        """Log at level WARNING, or ERROR if an operator must act."""
        why = {"delay": round(delay, 1), "fault": fault.kind, "reason": fault.message}
        _log.log(fault.level, DEFERRED, extra=_facts(work) | why)


def outcome(end: Record | Skip) -> str:
    """Return the outcome in one word: a `Status` or a `SkipReason`."""
    return str(end.reason if isinstance(end, Skip) else end.status)


def age(work: Work) -> float:
    """Return the seconds since the picture's event arrived."""
    return max((datetime.now(UTC) - work.first_seen).total_seconds(), 0.0)


def _facts(work: Work) -> dict[str, object]:
    return {
        "picture": work.ref,
        "attempts": work.attempts,
        "deferrals": work.deferrals,
        "age": round(age(work), 1),
    }
