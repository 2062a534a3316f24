"""Logs the work of the storage events: dotted log events with their facts in `extra`.

No fact is a text about a picture or a signed address. A picture is named by its `ImageRef`, which handlers write as an
alias, and a fault by its sentence without what it quotes.
"""

import logging
from datetime import UTC, datetime
from typing import Final, Protocol

from describer.domain.errors import NotNow
from describer.domain.record import Record
from describer.domain.status import Skip
from describer.pipeline.events import Work

DONE: Final = "picture.done"
DEFERRED: Final = "picture.deferred"

_log = logging.getLogger(__name__)


class WorkObserver(Protocol):
    """Is called at each step of the work."""

    def taken(self, work: Work) -> None:
        """The work was picked up from the queue."""

    def done(self, work: Work, end: Record | Skip) -> None:
        """The work has ended."""

    def deferred(self, work: Work, fault: NotNow, delay: float) -> None:
        """The work was deferred for `delay` seconds."""


class WorkLog:
    """Logs `picture.done`, and `picture.deferred` with the reason."""

    def taken(self, work: Work) -> None:
        """Log nothing; `picture.done` has the same facts."""

    def done(self, work: Work, end: Record | Skip) -> None:
        """Log at level INFO."""
        _log.info(DONE, extra=_facts(work) | {"outcome": outcome(end)})

    def deferred(self, work: Work, fault: NotNow, delay: float) -> None:
        """Log at level WARNING, or ERROR if an operator has to act."""
        why = {"delay": round(delay, 1), "fault": fault.kind, "reason": fault.message}
        _log.log(fault.level, DEFERRED, extra=_facts(work) | why)


def outcome(end: Record | Skip) -> str:
    """Return the outcome in a word: a `Status` or a `SkipReason`."""
    return str(end.reason if isinstance(end, Skip) else end.status)


def age(work: Work) -> float:
    """Return seconds since the picture's event arrived."""
    return max((datetime.now(UTC) - work.first_seen).total_seconds(), 0.0)


def _facts(work: Work) -> dict[str, object]:
    return {
        "picture": work.ref,
        "attempts": work.attempts,
        "deferrals": work.deferrals,
        "age": round(age(work), 1),
    }
