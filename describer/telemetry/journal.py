"""The doors' journal, counted."""

from dataclasses import dataclass, field

from describer import vocabulary as v
from describer.errors import Misconfigured, Transient
from describer.events import Work
from describer.journal import Journal, LogJournal, age, fault_class
from describer.outcome import Skip
from describer.record import Record
from describer.telemetry.instruments import Telemetry


@dataclass(frozen=True, slots=True)
class MeteredJournal:
    """The port `Journal`: measures, then passes on. Ends are counted by the line itself, whichever door it was."""

    telemetry: Telemetry
    journal: Journal = field(default_factory=LogJournal)

    def taken(self, work: Work) -> None:
        """Measures how long the work waited."""
        self.telemetry.queue_age.record(age(work))
        self.journal.taken(work)

    def done(self, work: Work, end: Record | Skip) -> None:
        """Passes on."""
        self.journal.done(work, end)

    def deferred(self, work: Work, fault: Transient | Misconfigured, delay: float) -> None:
        """Counts, by the class of the fault."""
        self.telemetry.deferrals.add(1, {v.FAULT: fault_class(fault)})
        self.journal.deferred(work, fault, delay)
