"""Adds metrics to the work log."""

from dataclasses import dataclass, field

from describer.adapters.telemetry.instruments import Telemetry
from describer.domain.errors import NotNow
from describer.domain.record import Record
from describer.domain.status import Skip
from describer.pipeline import vocabulary as v
from describer.pipeline.events import Work
from describer.pipeline.work_log import WorkLog, WorkObserver, age


@dataclass(frozen=True, slots=True)
class MeteredWorkLog:
    """Implements `WorkObserver`: records metrics, then calls the work log. The pipeline counts outcomes."""

    telemetry: Telemetry
    work_log: WorkObserver = field(default_factory=WorkLog)

    def taken(self, work: Work) -> None:
        """Record how long the work waited."""
        self.telemetry.queue_age.record(age(work))
        self.work_log.taken(work)

    def done(self, work: Work, end: Record | Skip) -> None:
        """Call the work log."""
        self.work_log.done(work, end)

    def deferred(self, work: Work, fault: NotNow, delay: float) -> None:
        """Count by the kind of fault."""
        self.telemetry.deferrals.add(1, {v.FAULT: fault.kind})
        self.work_log.deferred(work, fault, delay)
