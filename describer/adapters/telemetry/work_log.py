"""Adds metrics to the work log."""

from dataclasses import dataclass

from describer.adapters.telemetry.instruments import Telemetry
from describer.domain.errors import NotNow
from describer.pipeline import vocabulary as v
from describer.pipeline.events import Work
from describer.pipeline.work_log import WorkLog, age


@dataclass(frozen=True)
class MeteredWorkLog(WorkLog):
    """A work log with metrics. The pipeline counts outcomes."""

    telemetry: Telemetry

    def taken(self, work: Work) -> None:
        """Record how long the work waited."""
        self.telemetry.queue_age.record(age(work))
        super().taken(work)

    def deferred(self, work: Work, fault: NotNow, delay: float) -> None:
        """Count by the kind of fault, and log."""
        self.telemetry.deferrals.add(1, {v.FAULT: fault.kind})
        super().deferred(work, fault, delay)
