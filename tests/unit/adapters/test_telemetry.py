"""What is exported of one picture's delivery (spans, metrics, log events), and what never is."""

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, Iterator
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import HistogramDataPoint, InMemoryMetricReader, NumberDataPoint
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, StatusCode, TraceFlags, TraceState, use_span

from describer.adapters.app_insights import ListedEvents, ListedSpans, listed_metrics
from describer.adapters.telemetry import MeteredWorkLog, Names, Telemetry, traced, traced_describer
from describer.app import App
from describer.domain.errors import DescriberError, Filtered, Misconfigured, Transient, Unsupported
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import SkipReason, Status
from describer.entrypoints.storage_events.delivery import Delivery
from describer.pipeline import vocabulary as v
from describer.pipeline.ports import ImagePipeline
from describer.pipeline.work_log import WorkLog
from describer.settings import Settings
from describer.vision.answer import FreeAnswer
from describer.vision.brief import Question
from describer.vision.imaging.values import PreparedImage
from tests.fakes import FREE_ANSWER, answer
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.test_settings import GOOD

ALT_TEXT = "Aunt Agatha in her garden."
STAGES = [
    v.RECORDS_READ,
    v.IMAGES_PROPERTIES,
    v.IMAGES_READ,
    v.RECORDS_FIND_CACHED,
    v.IMAGE_PREPARE,
    "chat gpt-5.6-luna",
    v.RECORDS_CACHE,
    v.RECORDS_WRITE,
    v.TOPIC_PUBLISH,
    v.IMAGES_SET_METADATA,
    v.RECORDS_VERIFY,
]


@dataclass
class Observed:
    """A harness whose pipeline is observed, and what it reported."""

    harness: Harness
    names: Names = field(default_factory=Names)
    exporter: InMemorySpanExporter = field(default_factory=InMemorySpanExporter)
    reader: InMemoryMetricReader = field(default_factory=InMemoryMetricReader)

    def __post_init__(self) -> None:
        tracers = TracerProvider()
        tracers.add_span_processor(SimpleSpanProcessor(ListedSpans(self.exporter)))
        self.tracers, self.meters = tracers, MeterProvider([self.reader], views=listed_metrics())
        self.telemetry = Telemetry.of(tracers, self.meters, self.names)

    @property
    def pipeline(self) -> ImagePipeline:
        return traced(self.harness.pipeline, self.telemetry, "azure.ai.openai")

    @property
    def delivery(self) -> Delivery:
        return replace(self.harness.delivery, pipeline=self.pipeline, work_log=MeteredWorkLog(self.telemetry))

    @property
    def spans(self) -> list[ReadableSpan]:
        """In the order in which they began."""
        return sorted(self.exporter.get_finished_spans(), key=lambda span: span.start_time or 0)

    def span(self, name: str) -> ReadableSpan:
        return next(span for span in self.spans if span.name == name)

    def about(self, name: str) -> dict[str, object]:
        return dict(self.span(name).attributes or {})

    def points(self, metric: str) -> list[tuple[dict[str, object], float]]:
        """The metric's points: attributes, and the sum."""
        data = self.reader.get_metrics_data()
        return [
            (dict(point.attributes or {}), point.sum if isinstance(point, HistogramDataPoint) else point.value)
            for resource in (data.resource_metrics if data else ())
            for scope in resource.scope_metrics
            for logged in scope.metrics
            if logged.name == metric
            for point in logged.data.data_points
            if isinstance(point, NumberDataPoint | HistogramDataPoint)
        ]


@pytest.fixture
def observed(harness: Harness) -> Observed:
    return Observed(harness)


async def test_the_trace_of_one_picture_has_each_stage_once_and_in_order(observed: Observed) -> None:
    await observed.pipeline.describe(CAT, BRIEF)
    root, *stages = observed.spans
    assert root.name == v.DESCRIBE
    assert root.parent is None
    assert [span.name for span in stages] == STAGES
    assert all(span.parent and root.context and span.parent.span_id == root.context.span_id for span in stages)
    assert {span.status.status_code for span in observed.spans} == {StatusCode.UNSET}


async def test_the_root_span_has_the_outcome(observed: Observed) -> None:
    await observed.pipeline.describe(CAT, BRIEF)
    about = observed.about(v.DESCRIBE)
    assert about[v.OUTCOME] == "described"
    assert about[v.ROUNDS] == 1
    assert {name: about[f"describer.{name}"] for name in ("size", "format", "width", "height", "flags")} == {
        "size": 3,
        "format": "JPEG",
        "width": 4000,
        "height": 3000,
        "flags": (),
    }


async def test_the_models_span_keeps_to_the_conventions(observed: Observed) -> None:
    await observed.pipeline.describe(CAT, BRIEF)
    span = observed.span("chat gpt-5.6-luna")
    assert span.kind is SpanKind.CLIENT
    assert dict(span.attributes or {}) == {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.system": "azure.ai.openai",
        "gen_ai.request.model": "gpt-5.6-luna",
        "gen_ai.request.max_tokens": 1500,
        "gen_ai.response.model": "gpt-5.6-luna-2026-07-09",
        "gen_ai.usage.input_tokens": 1072,
        "gen_ai.usage.output_tokens": 90,
        "gen_ai.usage.cache_read.input_tokens": 0,
        "gen_ai.usage.cache_creation.input_tokens": 0,
        "gen_ai.usage.reasoning.output_tokens": 0,
        "describer.calls": 1,
        "describer.refused": False,
    }


async def test_neither_texts_nor_pictures_nor_names_are_exported(
    observed: Observed, exported: InMemoryLogRecordExporter
) -> None:
    picture = b"picture-bytes-of-agatha"
    observed.harness.images.put(CAT, picture, alt_text="", comment="secret metadata")
    sorry = answer(f"I'm sorry, I cannot describe {ALT_TEXT}")
    observed.harness.model.script = [Transient("it is on a lease", quoting="pets/cat.jpg"), answer(ALT_TEXT)]
    await observed.delivery.handle_upload(CAT.container, CAT.name)
    await observed.delivery.handle_message(observed.harness.queue.sent[0][0].encode())
    observed.harness.images.put(CAT, b"other bytes of agatha")
    observed.harness.model.script = [sorry]
    await observed.delivery.handle_upload(CAT.container, CAT.name)
    assert observed.harness.records.stored[CAT].record.status is Status.NEEDS_REVIEW
    data = observed.reader.get_metrics_data()
    logged = "".join(span.to_json() for span in observed.spans) + (data.to_json() if data else "")
    logged += "".join(record.to_json() for record in exported.get_finished_logs())
    assert "picture.deferred" in logged
    assert "described" in logged
    for secret in ("Agatha", "agatha", "sleeps on a grey sofa", "secret metadata", "pets/cat", "cat.jpg"):
        assert secret not in logged, secret


async def test_a_setting_allows_names(harness: Harness) -> None:
    observed = Observed(harness, Names(in_clear=True))
    await observed.pipeline.describe(CAT, BRIEF)
    assert observed.about(v.DESCRIBE)[v.PICTURE] == "images/pets/cat.jpg"


def test_an_alias_can_be_computed_from_the_name() -> None:
    """By `printf %s pets/cat.jpg | sha256sum | cut -c1-16`."""
    assert Names().of(CAT) == "images/6f1812906cfe2f58"
    assert Names().of(CAT) != Names().of(ImageRef("images", "pets/cat2.jpg"))


@pytest.mark.parametrize(
    ("fact", "expected"),
    [
        (CAT, "images/6f1812906cfe2f58"),
        (ImageRef("images", "new\nline"), str(ImageRef("images", "new\nline"))),
        ("images", "images"),
        (2, 2),
        (0.5, 0.5),
        (True, True),
        (SkipReason.UNCHANGED, "unchanged"),
        (None, "None"),
    ],
)
def test_a_fact_leaves_as_what_it_is_and_a_picture_by_its_alias(fact: object, expected: object) -> None:
    assert Names().render(fact) == expected


def test_a_fact_leaves_in_clear_where_that_is_allowed() -> None:
    assert Names(in_clear=True).render(CAT) == "images/pets/cat.jpg"


@pytest.mark.parametrize("fault", [Transient("503"), Misconfigured("403"), ValueError("a bug")], ids=repr)
async def test_a_failure_marks_its_span_and_the_root(observed: Observed, fault: Exception) -> None:
    async def fails() -> None:
        raise fault

    observed.harness.model.meanwhile = fails
    with pytest.raises(type(fault)):
        await observed.pipeline.describe(CAT, BRIEF)
    for name in (v.DESCRIBE, "chat gpt-5.6-luna"):
        span = observed.span(name)
        assert (span.status.status_code, span.status.description) == (StatusCode.ERROR, None)
        assert span.events == ()
        assert observed.about(name)[v.ERROR_TYPE] == observed.about(name)[v.ERROR] == type(fault).__name__
    assert v.OUTCOME not in observed.about(v.DESCRIBE)
    assert observed.points(v.PICTURES) == []
    assert observed.points(v.TOKENS) == []
    [(timed, _)] = observed.points(v.MODEL_SECONDS)
    assert timed[v.ERROR_TYPE] == type(fault).__name__


@pytest.mark.parametrize(
    ("refusal", "status"), [(Unsupported("a film"), "unsupported"), (Filtered("stopped"), "filtered")]
)
async def test_a_refused_picture_has_its_outcome(observed: Observed, refusal: DescriberError, status: str) -> None:
    if isinstance(refusal, Filtered):
        observed.harness.model.script = [refusal]
    else:
        observed.harness.preparer.refuses = refusal
    await observed.pipeline.describe(CAT, BRIEF)
    assert observed.about(v.DESCRIBE)[v.OUTCOME] == status
    assert observed.span(v.DESCRIBE).status.status_code is StatusCode.UNSET
    assert observed.points(v.PICTURES) == [({v.OUTCOME: status}, 1)]


async def test_a_skip_has_its_reason(observed: Observed) -> None:
    await observed.pipeline.describe(CAT, BRIEF)
    await observed.pipeline.describe(CAT, BRIEF)
    await observed.pipeline.describe(ImageRef("images", "gone.jpg"), BRIEF)
    await observed.pipeline.describe(ImageRef("images", "private/x.jpg"), BRIEF)
    await observed.pipeline.describe(ImageRef("elsewhere", "x.jpg"), BRIEF)
    observed.harness.images.put(ImageRef("images", "a.xmp"), b"<x:xmpmeta/>")
    await observed.pipeline.describe(ImageRef("images", "a.xmp"), BRIEF)
    observed.harness.records.newer.add(CAT)
    await observed.pipeline.describe(CAT, BRIEF)
    counted = {str(about[v.OUTCOME]): count for about, count in observed.points(v.PICTURES)}
    assert counted == dict.fromkeys(["described", *SkipReason], 1)


async def test_a_lost_race_is_a_second_round_in_the_same_trace(observed: Observed) -> None:
    async def a_person_tags_it() -> None:
        observed.harness.images.tag(CAT, tag="new")

    observed.harness.model.meanwhile = a_person_tags_it
    await observed.pipeline.describe(CAT, BRIEF)
    assert observed.about(v.DESCRIBE)[v.ROUNDS] == 2
    assert [span.name for span in observed.spans].count("chat gpt-5.6-luna") == 1
    lost = [span for span in observed.spans if span.attributes and span.attributes.get(v.ERROR_TYPE) == "Conflict"]
    assert [span.name for span in lost] == [v.IMAGES_SET_METADATA]


async def test_an_answer_is_metered(observed: Observed) -> None:
    await observed.pipeline.describe(CAT, BRIEF)
    about = {
        "gen_ai.operation.name": "chat",
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "gpt-5.6-luna",
        "gen_ai.response.model": "gpt-5.6-luna-2026-07-09",
    }
    assert observed.points(v.TOKENS) == [
        (about | {"gen_ai.token.type": "input"}, 1072),
        (about | {"gen_ai.token.type": "output"}, 90),
    ]
    record = observed.harness.records.stored[CAT].record
    assert record.cost
    [(paid, usd)] = observed.points(v.COST)
    assert paid == about
    assert usd == pytest.approx(record.cost.usd)
    [(timed, seconds)] = observed.points(v.MODEL_SECONDS)
    assert timed == about
    assert 0 < seconds < 5


async def test_what_is_not_asked_costs_nothing(observed: Observed) -> None:
    await observed.pipeline.describe(CAT, BRIEF)
    cached = ImageRef("images", "copy.jpg")
    observed.harness.images.put(cached, b"cat")
    await observed.pipeline.describe(cached, BRIEF)
    assert sum(tokens for _, tokens in observed.points(v.TOKENS)) == 1162


async def test_deferred_work_is_counted_by_its_fault_and_timed_when_picked_up(observed: Observed) -> None:
    observed.harness.model.script = [Misconfigured("a missing role"), Transient("429")]
    await observed.delivery.handle_upload(CAT.container, CAT.name)
    assert observed.points(v.QUEUE_AGE) == []
    event = json.loads(observed.harness.queue.sent[0][0])
    event["firstseen"] = "2026-01-01T00:00:00+00:00"
    await observed.delivery.handle_message(json.dumps(event).encode())
    assert sorted((str(about[v.FAULT]), n) for about, n in observed.points(v.DEFERRALS)) == [
        ("misconfigured", 1),
        ("transient", 1),
    ]
    [(_, seconds)] = observed.points(v.QUEUE_AGE)
    assert seconds > 86400


async def test_giving_up_is_a_visit_too(observed: Observed) -> None:
    observed.harness.model.script = [Transient("500", counts_as_attempt=True)] * 3
    await observed.delivery.handle_upload(CAT.container, CAT.name)
    for number in range(2):
        await observed.delivery.handle_message(observed.harness.queue.sent[number][0].encode())
    assert observed.about(v.GIVE_UP)[v.OUTCOME] == "failed"
    assert observed.points(v.PICTURES) == [({v.OUTCOME: "failed"}, 1)]


async def test_the_observed_line_does_what_the_bare_one_does(observed: Observed) -> None:
    logged, bare = (
        await observed.pipeline.describe(CAT, BRIEF),
        await Harness(images=observed.harness.images).describe(),
    )
    assert isinstance(logged, Record)
    assert isinstance(bare, Record)
    assert logged.model_dump(exclude={"at", "source"}) == bare.model_dump(exclude={"at", "source"})


@pytest.fixture
def exported() -> Iterator[InMemoryLogRecordExporter]:
    """What leaves of the app's log."""
    exporter = InMemoryLogRecordExporter()  # type: ignore[no-untyped-call]
    provider = LoggerProvider()
    provider.add_log_record_processor(SimpleLogRecordProcessor(exporter))
    handler, logger = ListedEvents(provider.get_logger(v.SCOPE), Names().render), logging.getLogger(v.SCOPE)
    before = logger.level
    logger.addHandler(handler)
    logger.setLevel(logging.INFO)
    yield exporter
    logger.removeHandler(handler)
    logger.setLevel(before)


@pytest.mark.parametrize(
    ("event", "arguments", "more", "left"),
    [
        ("picture.done", (), {"outcome": "described", "secret": "Agatha"}, {"outcome": "described"}),
        ("picture.done", (), {"exc_info": ValueError("Agatha"), "stack_info": True}, {}),
        ("picture.described", (), {"outcome": "described"}, None),
        ("Agatha", (), {}, None),
        ("%s of Agatha", ("picture.done",), {}, None),
    ],
)
def test_only_listed_events_leave_and_only_with_their_listed_facts(
    exported: InMemoryLogRecordExporter,
    event: str,
    arguments: tuple[str, ...],
    more: dict[str, Any],
    left: dict[str, str] | None,
) -> None:
    kept = {name: more.pop(name) for name in ("exc_info", "stack_info") if name in more}
    logging.getLogger("describer.somewhere").error(event, *arguments, extra=more, **kept)
    logged = [
        (record.log_record.body, dict(record.log_record.attributes or {})) for record in exported.get_finished_logs()
    ]
    assert logged == ([] if left is None else [(event, left)])


def test_a_span_leaves_by_its_scope_and_name_with_its_listed_attributes_alone(observed: Observed) -> None:
    ours, other = observed.telemetry.tracer, observed.tracers.get_tracer("fastapi")
    for tracer, name in (
        (other, v.DESCRIBE),
        (ours, "GET /Agatha"),
        (ours, v.IMAGES_PROPERTIES),
        (ours, "chat a-model"),
    ):
        with tracer.start_as_current_span(name, attributes={"url.full": "Agatha", v.OUTCOME: "kept"}) as span:
            span.add_event("exception", {"exception.message": "Agatha"})
            span.set_status(StatusCode.ERROR, "Agatha")
    assert [span.name for span in observed.spans] == [v.IMAGES_PROPERTIES, "chat a-model"]
    assert [dict(span.attributes or {}) for span in observed.spans] == [{v.OUTCOME: "kept"}] * 2
    assert "Agatha" not in "".join(span.to_json() for span in observed.spans)


def test_a_traces_state_which_callers_may_fill_stays(observed: Observed) -> None:
    caller = SpanContext(1, 2, is_remote=True, trace_flags=TraceFlags(1), trace_state=TraceState([("who", "agatha")]))
    with use_span(NonRecordingSpan(caller)), observed.telemetry.span(v.DESCRIBE):
        pass
    (span,) = observed.spans
    assert span.context and span.parent
    assert (span.context.trace_id, span.parent.span_id) == (1, 2)
    assert not span.context.trace_state and not span.parent.trace_state


def test_a_metric_keeps_its_listed_attributes_alone(observed: Observed) -> None:
    observed.telemetry.pictures.add(1, {v.OUTCOME: "kept", "who": "Agatha"})
    assert observed.points(v.PICTURES) == [({v.OUTCOME: "kept"}, 1)]


async def test_log_events_carry_facts_and_the_trace(observed: Observed, exported: InMemoryLogRecordExporter) -> None:
    observed.harness.model.script = [Transient("storage answered 503", retry_after=7, quoting="pets/cat.jpg")]
    with observed.telemetry.span(v.DESCRIBE):
        await observed.delivery.handle_upload(CAT.container, CAT.name)
    [event] = [logged.log_record for logged in exported.get_finished_logs()]
    assert event.body == "picture.deferred"
    facts = dict(event.attributes or {})
    assert facts.pop("age") == pytest.approx(0, abs=5)
    assert facts == {
        "picture": Names().of(CAT),
        "attempts": 0,
        "deferrals": 1,
        "delay": 7.0,
        "fault": "transient",
        "reason": "storage answered 503",
    }
    context = observed.span(v.DESCRIBE).context
    assert context
    assert event.trace_id == context.trace_id


def test_it_is_off_unless_configured() -> None:
    app = App(Settings.read(GOOD))
    assert app.telemetry is None
    assert isinstance(app.work_log, WorkLog)


async def _replied(observed: Observed) -> list[str | FreeAnswer]:
    image_describer = traced_describer(observed.harness.pipeline.image_describer, observed.telemetry, "azure.ai.openai")
    question = Question("Who is it?", "gpt-5.6-luna", "low", 300)
    async with aclosing(image_describer.model.reply(question, [PreparedImage(b"cat", 64, 48)])) as pieces:
        return [piece async for piece in pieces]


async def test_a_free_answer_is_observed_to_its_end(observed: Observed) -> None:
    assert (await _replied(observed))[-1] == FREE_ANSWER
    (span,) = observed.spans
    assert (span.name, span.kind) == ("chat gpt-5.6-luna", SpanKind.CLIENT)
    assert span.attributes and span.attributes[v.OUTPUT_TOKENS] == FREE_ANSWER.usage.completion_tokens
    assert FREE_ANSWER.text not in span.to_json()


async def test_a_free_answer_that_breaks_off_marks_its_span(observed: Observed) -> None:
    observed.harness.model.breaks_after = 1
    with pytest.raises(Transient):
        await _replied(observed)
    (span,) = observed.spans
    assert span.status.status_code is StatusCode.ERROR
    assert span.attributes and span.attributes[v.ERROR_TYPE] == "Transient"


async def test_a_free_answer_may_be_taken_by_several_tasks(
    observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    """A web server takes the first piece in one task and the rest in another."""
    image_describer = traced_describer(observed.harness.pipeline.image_describer, observed.telemetry, "azure.ai.openai")
    question = Question("Who is it?", "gpt-5.6-luna", "low", 300)
    pieces = image_describer.model.reply(question, [PreparedImage(b"cat", 64, 48)])
    await asyncio.create_task(anext(pieces))
    rest = await asyncio.create_task(_all(pieces))
    assert rest[-1] == FREE_ANSWER
    assert [span.name for span in observed.spans] == ["chat gpt-5.6-luna"]
    assert caplog.records == []


async def test_a_free_answer_that_is_not_read_to_its_end_has_its_span(
    observed: Observed, caplog: pytest.LogCaptureFixture
) -> None:
    image_describer = traced_describer(observed.harness.pipeline.image_describer, observed.telemetry, "azure.ai.openai")
    pieces = image_describer.model.reply(Question("Who?", "gpt-5.6-luna", "low", 300), [PreparedImage(b"cat", 64, 48)])
    await asyncio.create_task(anext(pieces))
    await asyncio.create_task(pieces.aclose())
    (span,) = observed.spans
    assert span.attributes and span.attributes[v.ERROR_TYPE] == "GeneratorExit"
    assert caplog.records == []


async def _all(pieces: AsyncGenerator[str | FreeAnswer]) -> list[str | FreeAnswer]:
    return [piece async for piece in pieces]
