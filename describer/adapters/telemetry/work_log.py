"""The log of entry points, counted."""

from dataclasses import dataclass, field

from describer.adapters.telemetry.instruments import Telemetry
from describer.domain.errors import Misconfigured, Transient
from describer.domain.record import Record
from describer.domain.status import Skip
from describer.pipeline import vocabulary as v
from describer.pipeline.events import Work
from describer.pipeline.work_log import WorkLog, WorkObserver, age, fault_class


@dataclass(frozen=True, slots=True)
class MeteredWorkLog:
    """The port `WorkObserver`: measures, then passes on. The pipeline itself counts ends."""

    telemetry: Telemetry
    work_log: WorkObserver = field(default_factory=WorkLog)

    def taken(self, work: Work) -> None:
        """Measures how long the work waited."""
        self.telemetry.queue_age.record(age(work))
        self.work_log.taken(work)

    def done(self, work: Work, end: Record | Skip) -> None:
        """Passes on."""
        self.work_log.done(work, end)

    def deferred(self, work: Work, fault: Transient | Misconfigured, delay: float) -> None:
        """Counts, by the class of the fault."""
        self.telemetry.deferrals.add(1, {v.FAULT: fault_class(fault)})
        self.work_log.deferred(work, fault, delay)
