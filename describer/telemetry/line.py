"""The line, with a span around each visit and around each stage."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace

from describer import vocabulary as v
from describer.brief import Brief
from describer.events import ImageRef
from describer.journal import outcome
from describer.outcome import Skip
from describer.pipeline import Pipeline
from describer.ports import Line
from describer.record import Record
from describer.scribe import Scribe
from describer.telemetry.instruments import Telemetry, Visit, tell, visit
from describer.telemetry.model import TracedModel
from describer.telemetry.ports import TracedImages, TracedRecords, TracedStudio, TracedTopic


def traced(pipeline: Pipeline, telemetry: Telemetry, provider: str) -> Line:
    """The same line, observed.

    Args:
        pipeline: the bare line.
        telemetry: where it is told.
        provider: the model's, by its `gen_ai.provider.name`.
    """
    records = TracedRecords(telemetry, pipeline.records)
    scribe = replace(traced_scribe(pipeline.scribe, telemetry, provider), records=records)
    images, topic = TracedImages(telemetry, pipeline.images), TracedTopic(telemetry, pipeline.topic)
    return TracedLine(telemetry, replace(pipeline, images=images, records=records, scribe=scribe, topic=topic))


def traced_scribe(scribe: Scribe, telemetry: Telemetry, provider: str) -> Scribe:
    """The same scribe, observed but for its records."""
    model = TracedModel(telemetry, scribe.model, scribe.families, provider)
    return replace(scribe, studio=TracedStudio(telemetry, scribe.studio), model=model)


@dataclass(frozen=True, slots=True)
class TracedLine:
    """The port `Line`: the root span of each visit, and its outcome as a metric."""

    telemetry: Telemetry
    line: Line

    async def describe(self, ref: ImageRef, brief: Brief) -> Record | Skip:
        """In a span `describe picture`."""
        return await self._visited(v.DESCRIBE, ref, self.line.describe(ref, brief))

    async def give_up(self, ref: ImageRef, brief: Brief, why: str) -> Record | Skip:
        """In a span `give up picture`."""
        return await self._visited(v.GIVE_UP, ref, self.line.give_up(ref, brief, why))

    async def _visited(self, name: str, ref: ImageRef, work: Awaitable[Record | Skip]) -> Record | Skip:
        current = Visit(ref)
        token = visit.set(current)
        with self.telemetry.span(name, picture=self.telemetry.names.of(ref)) as span:
            try:
                end = await work
            finally:
                visit.reset(token)
                tell(span, rounds=current.rounds)
            tell(span, outcome=outcome(end))
            if isinstance(end, Record):
                source = end.source
                tell(span, flags=end.flags, size=source.size, format=source.format)
                tell(span, width=source.width, height=source.height)
        self.telemetry.pictures.add(1, {v.OUTCOME: outcome(end)})
        return end
