"""Wraps the pipeline with a span around each visit and each stage."""

from collections.abc import Awaitable
from dataclasses import dataclass, replace

from describer.adapters.telemetry.instruments import Telemetry, Visit, set_attributes, visit
from describer.adapters.telemetry.model import TracedModel
from describer.adapters.telemetry.ports import TracedImages, TracedPreparer, TracedRecords, TracedTopic
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record, Usage
from describer.domain.status import Skip
from describer.pipeline import vocabulary as v
from describer.pipeline.describe import ImageDescriber
from describer.pipeline.pipeline import Pipeline
from describer.pipeline.ports import ImagePipeline
from describer.pipeline.work_log import outcome
from describer.vision.brief import Brief


def traced(pipeline: Pipeline, telemetry: Telemetry, provider: str) -> ImagePipeline:
    """Return the pipeline with spans."""
    records = TracedRecords(telemetry, pipeline.records)
    image_describer = replace(traced_describer(pipeline.image_describer, telemetry, provider), records=records)
    images, topic = TracedImages(telemetry, pipeline.images), TracedTopic(telemetry, pipeline.topic)
    return TracedPipeline(
        telemetry, replace(pipeline, images=images, records=records, image_describer=image_describer, topic=topic)
    )


def traced_describer(image_describer: ImageDescriber, telemetry: Telemetry, provider: str) -> ImageDescriber:
    """Return the describer with spans, except for its records."""
    model = TracedModel(telemetry, image_describer.model, image_describer.families, provider)
    return replace(image_describer, preparer=TracedPreparer(telemetry, image_describer.preparer), model=model)


@dataclass(frozen=True, slots=True)
class TracedPipeline:
    """Implements the port `ImagePipeline`: records the root span of each visit, and its outcome as a metric."""

    telemetry: Telemetry
    pipeline: ImagePipeline

    async def describe(self, ref: ImageRef, brief: Brief) -> Record | Skip:
        """Run within a span `describe picture`."""
        return await self._visited(v.DESCRIBE, ref, self.pipeline.describe(ref, brief))

    async def give_up(self, ref: ImageRef, brief: Brief, why: str, spent: Usage) -> Record | Skip:
        """Run within a span `give up picture`."""
        return await self._visited(v.GIVE_UP, ref, self.pipeline.give_up(ref, brief, why, spent))

    async def _visited(self, name: str, ref: ImageRef, work: Awaitable[Record | Skip]) -> Record | Skip:
        current = Visit(ref)
        token = visit.set(current)
        with self.telemetry.span(name, picture=self.telemetry.names.of(ref)) as span:
            try:
                end = await work
            finally:
                visit.reset(token)
                set_attributes(span, rounds=current.rounds)
            set_attributes(span, outcome=outcome(end))
            if isinstance(end, Record):
                source = end.source
                set_attributes(span, flags=end.flags, size=source.size, format=source.format)
                set_attributes(span, width=source.width, height=source.height)
        self.telemetry.pictures.add(1, {v.OUTCOME: outcome(end)})
        return end
