"""What entry points log of the work they bring: dotted log events, whose facts go along in `extra`.

No fact is a text of a picture's description, and none is a signed address. A picture is told by its `ImageRef`, which
is an alias wherever it is written; a fault by its own sentence, without what it quotes.
"""

import logging
from datetime import UTC, datetime
from typing import Final, Protocol

from describer.domain.errors import Misconfigured, Transient
from describer.domain.record import Record
from describer.domain.status import Skip
from describer.pipeline.events import Work

DONE: Final = "picture.done"
DEFERRED: Final = "picture.deferred"

_log = logging.getLogger(__name__)


class WorkObserver(Protocol):
    """Hears of each step of the work."""

    def taken(self, work: Work) -> None:
        """It was picked up from the queue."""

    def done(self, work: Work, end: Record | Skip) -> None:
        """It has ended."""

    def deferred(self, work: Work, fault: Transient | Misconfigured, delay: float) -> None:
        """It was put off, for `delay` seconds."""


class WorkLog:
    """The journal as log events: `picture.done`, and `picture.deferred` with the reason."""

    def taken(self, work: Work) -> None:
        """Is not worth a line: the visit's end tells as much."""

    def done(self, work: Work, end: Record | Skip) -> None:
        """At level INFO."""
        _log.info(DONE, extra=_facts(work) | {"outcome": outcome(end)})

    def deferred(self, work: Work, fault: Transient | Misconfigured, delay: float) -> None:
        """At level WARNING, or ERROR where only an operator can help."""
        level = logging.ERROR if isinstance(fault, Misconfigured) else logging.WARNING
        why = {"delay": round(delay, 1), "fault": fault_class(fault), "reason": fault.message}
        _log.log(level, DEFERRED, extra=_facts(work) | why)


def outcome(end: Record | Skip) -> str:
    """The end of a visit in a word: a `Status` or a `SkipReason`."""
    return str(end.reason if isinstance(end, Skip) else end.status)


def fault_class(fault: Transient | Misconfigured) -> str:
    """`transient` waits by itself, `misconfigured` waits for an operator."""
    return "misconfigured" if isinstance(fault, Misconfigured) else "transient"


def age(work: Work) -> float:
    """Seconds since the picture's event arrived."""
    return max((datetime.now(UTC) - work.first_seen).total_seconds(), 0.0)


def _facts(work: Work) -> dict[str, object]:
    return {
        "picture": work.ref,
        "attempts": work.attempts,
        "deferrals": work.deferrals,
        "age": round(age(work), 1),
    }
