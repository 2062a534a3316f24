"""Exports telemetry to Application Insights by Azure Monitor's exporters for OpenTelemetry.

It is set up once per process, at the first picture. Only what vocabulary.py lists leaves the app:

- The providers are passed to the app and are never OpenTelemetry's global ones. Libraries with their own telemetry,
  which they switch on if they find a global provider, find none.
- Each exporter filters by name: spans and their attributes, metrics and theirs, events and their facts. A span's
  events, links, description and trace state are dropped, as are a log record's arguments and traceback.

docs/adr/0004-telemetry.md says why, and why the Functions worker does not configure it.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from azure.monitor.opentelemetry.exporter import (
    ApplicationInsightsSampler,
    AzureMonitorLogExporter,
    AzureMonitorMetricExporter,
    AzureMonitorTraceExporter,
)
from opentelemetry._logs import Logger, SeverityNumber
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import BatchLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from opentelemetry.sdk.metrics.view import View
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.trace import SpanContext, Status
from opentelemetry.util.types import AttributeValue

from describer.pipeline import vocabulary as v

_DETECTORS: Final = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"
_SAMPLER: Final = "OTEL_TRACES_SAMPLER"
_SAMPLE_RATE: Final = "_MS.sampleRate"
"""The sampler's attribute for the exporter: how many spans this one represents."""
_SEVERITIES: Final[Mapping[int, SeverityNumber]] = {
    logging.DEBUG: SeverityNumber.DEBUG,
    logging.INFO: SeverityNumber.INFO,
    logging.WARNING: SeverityNumber.WARN,
    logging.ERROR: SeverityNumber.ERROR,
    logging.CRITICAL: SeverityNumber.FATAL,
}

type Render = Callable[[object], AttributeValue]
"""Converts a fact of an event to its exported form."""


def connect(connection_string: str, render: Render) -> tuple[TracerProvider, MeterProvider]:
    """Start exporting, including the listed events of the app's logger, and return the providers.

    Unsent data is sent when the process ends.

    No credential is passed, so that the exporters use the Functions host's managed identity from
    `APPLICATIONINSIGHTS_AUTHENTICATION_STRING` (documented in the exporter's README).
    """
    os.environ.setdefault(_DETECTORS, "azure_functions")  # sets the app's name in `AppRoleName`; the default does not
    resource = Resource.create()
    # Every picture has a trace, unless the operator chooses a sampler, which the SDK then reads by itself.
    sampler = None if _SAMPLER in os.environ else ApplicationInsightsSampler(1.0)
    tracers = TracerProvider(sampler, resource)
    exporter = ListedSpans(AzureMonitorTraceExporter(connection_string=connection_string))
    tracers.add_span_processor(BatchSpanProcessor(exporter))
    reader = PeriodicExportingMetricReader(AzureMonitorMetricExporter(connection_string=connection_string))
    meters = MeterProvider([reader], resource, views=listed_metrics())
    loggers = LoggerProvider(resource)
    loggers.add_log_record_processor(
        BatchLogRecordProcessor(AzureMonitorLogExporter(connection_string=connection_string))
    )
    logging.getLogger(v.SCOPE).addHandler(ListedEvents(loggers.get_logger(v.SCOPE), render))
    return tracers, meters


@dataclass(frozen=True, slots=True)
class ListedSpans(SpanExporter):
    """Exports the app's own spans, by name, with their listed attributes."""

    exporter: SpanExporter

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        listed = [_bare(span) for span in spans if _is_listed(span)]
        return self.exporter.export(listed) if listed else SpanExportResult.SUCCESS

    def shutdown(self) -> None:
        self.exporter.shutdown()

    def force_flush(self, timeout_millis: int = 30000) -> bool:
        return self.exporter.force_flush(timeout_millis)


def _is_listed(span: ReadableSpan) -> bool:
    scope = span.instrumentation_scope
    ours = scope is not None and scope.name == v.SCOPE
    return ours and (span.name in v.SPANS or span.name.startswith(f"{v.CHAT} "))


def _bare(span: ReadableSpan) -> ReadableSpan:
    listed = v.SPAN_ATTRIBUTES | {_SAMPLE_RATE}
    return ReadableSpan(
        span.name,
        context=_plain(span.context),
        parent=_plain(span.parent),
        resource=span.resource,
        attributes={name: value for name, value in (span.attributes or {}).items() if name in listed},
        kind=span.kind,
        instrumentation_scope=span.instrumentation_scope,
        status=Status(span.status.status_code),
        start_time=span.start_time,
        end_time=span.end_time,
    )


def _plain(context: SpanContext | None) -> SpanContext | None:
    """Return the context without trace state, which callers may fill."""
    return context and SpanContext(context.trace_id, context.span_id, context.is_remote, context.trace_flags)


def listed_metrics() -> list[View]:
    """Return views that reduce each metric to its listed attributes."""
    return [View(instrument_name=name, attribute_keys=set(listed)) for name, listed in v.METRICS.items()]


class ListedEvents(logging.Handler):
    """Exports the app's listed log events: name, listed facts, and trace."""

    def __init__(self, logger: Logger, render: Render) -> None:
        super().__init__()
        self._logger = logger
        self._render = render

    def emit(self, record: logging.LogRecord) -> None:
        """Emit a listed event; drop others."""
        if record.msg in v.EVENTS:
            self._logger.emit(
                timestamp=int(record.created * 1e9),
                severity_number=_SEVERITIES.get(record.levelno),
                severity_text=record.levelname,
                body=record.msg,
                attributes=dict(self._facts(record)),
            )

    def _facts(self, record: logging.LogRecord) -> Iterator[tuple[str, AttributeValue]]:
        for name, fact in vars(record).items():
            if name in v.EVENTS[record.msg]:
                yield name, self._render(fact)
