"""The tracer and the metrics' instruments."""

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Self

from opentelemetry.metrics import Counter, Histogram, MeterProvider
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, TracerProvider, use_span
from opentelemetry.util.types import AttributeValue

from describer.adapters.telemetry.redaction import Names
from describer.domain.image_ref import ImageRef
from describer.pipeline import vocabulary as v

# Upper bounds in seconds, as the semantic conventions recommend for gen_ai.client.operation.duration.
_MODEL_SECONDS: Final = (0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92)
_AGE_SECONDS: Final = (1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 3600.0, 6 * 3600.0, 86400.0, 6 * 86400.0)


@dataclass(slots=True)
class Visit:
    """Totals over the stages of one picture's visit."""

    ref: ImageRef
    rounds: int = 0


visit: Final[ContextVar[Visit | None]] = ContextVar("visit", default=None)
"""The visit of the running task."""


@dataclass(frozen=True, slots=True)
class Telemetry:
    """The instruments; vocabulary.py defines their names and meanings."""

    names: Names
    tracer: Tracer
    pictures: Counter
    deferrals: Counter
    queue_age: Histogram
    cost: Counter
    expected_cost: Counter
    saved_tokens: Counter
    model_seconds: Histogram
    tokens: Histogram

    @classmethod
    def of(cls, tracers: TracerProvider, meters: MeterProvider, names: Names) -> Self:
        """Create the instruments of these providers."""
        meter = meters.get_meter(v.SCOPE)
        return cls(
            names,
            tracers.get_tracer(v.SCOPE),
            pictures=meter.create_counter(v.PICTURES, "{picture}"),
            deferrals=meter.create_counter(v.DEFERRALS, "{picture}"),
            queue_age=meter.create_histogram(v.QUEUE_AGE, "s", explicit_bucket_boundaries_advisory=_AGE_SECONDS),
            cost=meter.create_counter(v.COST, "{USD}"),
            expected_cost=meter.create_counter(v.EXPECTED_COST, "{USD}"),
            saved_tokens=meter.create_counter(v.SAVED_TOKENS, "{token}"),
            model_seconds=meter.create_histogram(
                v.MODEL_SECONDS, "s", explicit_bucket_boundaries_advisory=_MODEL_SECONDS
            ),
            tokens=meter.create_histogram(v.TOKENS, "{token}"),
        )

    async def traced[T](self, name: str, call: Awaitable[T], **facts: Callable[[T], AttributeValue | None]) -> T:
        """Await a call in a span, with facts about its result."""
        with self.span(name) as span:
            result = await call
            set_attributes(span, **{fact: of(result) for fact, of in facts.items()})
            return result

    @contextmanager
    def span(
        self,
        name: str,
        kind: SpanKind = SpanKind.INTERNAL,
        *,
        current: bool = True,
        **attributes: AttributeValue | None,
    ) -> Iterator[Span]:
        """Record a span around a stage, as a child of the surrounding one. If not `current`, it gets no children.

        Generators need that: each item may be taken by another task, and a span cannot be left in another task than the
        one that entered it. An exception marks the span with its class; its message is left out, since it may quote
        anything.
        """
        span = self.tracer.start_span(name, kind=kind)
        set_attributes(span, **attributes)
        entered = use_span(span, record_exception=False, set_status_on_exception=False) if current else nullcontext()
        try:
            with entered:
                yield span
        except BaseException as error:
            kind_of_error = type(error).__name__
            span.set_attributes({v.ERROR_TYPE: kind_of_error, v.ERROR: kind_of_error})
            span.set_status(StatusCode.ERROR)
            raise
        finally:
            span.end()


def set_attributes(span: Span, **attributes: AttributeValue | None) -> None:
    """Set our own attributes, such as `size` as `describer.size`; None is left out."""
    for name, value in attributes.items():
        if value is not None:
            span.set_attribute(f"{v.SCOPE}.{name}", value)
