"""The web framework's own telemetry is off, also where a process has providers that it could use."""

import json
import subprocess
import sys

from tests.generated import ROOT

CALLS = """
import asyncio, json
import httpx2
from opentelemetry import _logs, metrics, trace
from opentelemetry.sdk._logs import LoggerProvider
from opentelemetry.sdk._logs.export import InMemoryLogRecordExporter, SimpleLogRecordProcessor
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from describer.entrypoints.http.build import asgi
from describer.pipeline.memory_budget import MemoryBudget

spans, logs, meters = InMemorySpanExporter(), InMemoryLogRecordExporter(), InMemoryMetricReader()
tracers, loggers = TracerProvider(), LoggerProvider()
tracers.add_span_processor(SimpleSpanProcessor(spans))
loggers.add_log_record_processor(SimpleLogRecordProcessor(logs))
trace.set_tracer_provider(tracers)
_logs.set_logger_provider(loggers)
metrics.set_meter_provider(MeterProvider([meters]))

def services():
    raise RuntimeError("a bug that quotes Aunt Agatha")

async def checks():
    return []

async def calls():
    app = asgi(services, services, services, services, checks, MemoryBudget(10**8), 10**8)
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://app") as client:
        paths = ("/api/descriptions/images/agatha.jpg?code=key", "/api/health", "/api/descriptions?limit=x")
        return [(await client.get(path)).status_code for path in paths]

with tracers.get_tracer("describer").start_as_current_span("ours"):
    statuses = asyncio.run(calls())
told = meters.get_metrics_data()
scopes = [scope.scope.name for resource in (told.resource_metrics if told else ()) for scope in resource.scope_metrics]
names = [span.name for span in spans.get_finished_spans()]
print(json.dumps([statuses, names, len(logs.get_finished_logs()), scopes]))
"""


def test_a_call_makes_no_span_no_log_record_and_no_metric() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CALLS],
        cwd=ROOT,
        env={"FASTAPI_OTEL_AUTO_CONFIGURE": "true"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == [[500, 200, 422], ["ours"], 0, []]
