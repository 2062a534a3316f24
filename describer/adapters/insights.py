"""Where telemetry goes: Application Insights, through Microsoft's distribution of OpenTelemetry.

The only module that configures the SDK; once a process, at the first picture. docs/adr/0004-telemetry.md says why the
Functions worker does not do it.
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure.monitor.opentelemetry import configure_azure_monitor
from opentelemetry import metrics, trace
from opentelemetry.metrics import MeterProvider
from opentelemetry.sdk._logs import LogRecordProcessor, ReadWriteLogRecord
from opentelemetry.trace import TracerProvider

SPANS_OF_OTHERS: Final = (
    "azure_sdk", "django", "fastapi", "flask", "httpx", "httpx2", "psycopg2", "requests", "urllib", "urllib3",
)  # fmt: skip
"""Instrumentations that are left out: their spans carry addresses, and those carry blob names."""

_DETECTORS: Final = "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS"
_SAMPLER: Final = "OTEL_TRACES_SAMPLER"

type Mask = Callable[[Mapping[str, object]], Mapping[str, object]]


def connect(connection_string: str, logger: str, mask: Mask) -> tuple[TracerProvider, MeterProvider]:
    """Starts exporting, and gives the providers.

    No credential is passed on purpose: only then does the exporter take the managed identity that the Functions host
    uses too, from `APPLICATIONINSIGHTS_AUTHENTICATION_STRING` (documented in the exporter's README).

    Args:
        connection_string: of the Application Insights resource.
        logger: events of this logger and of those below it are exported.
        mask: gives the facts of an event as they may leave the app.
    """
    os.environ.setdefault(_DETECTORS, "azure_functions")  # names the app in `AppRoleName`; the default ones do not
    # Every picture has its trace, unless the operator chooses a sampler. The distribution's default, five a second,
    # drops most of an instance's first pictures, because its window begins empty.
    sampling = {} if _SAMPLER in os.environ else {"sampling_ratio": 1.0}
    configure_azure_monitor(
        **sampling,
        connection_string=connection_string,
        logger_name=logger,
        log_record_processors=[Masking(mask)],
        instrumentation_options={name: {"enabled": False} for name in SPANS_OF_OTHERS},
        enable_live_metrics=False,
        enable_performance_counters=False,
    )
    return trace.get_tracer_provider(), metrics.get_meter_provider()


@dataclass(frozen=True, slots=True)
class Masking(LogRecordProcessor):
    """Changes log events before they are exported; what the app writes to its own console stays as it is."""

    mask: Mask

    def on_emit(self, log_record: ReadWriteLogRecord) -> None:
        """Replaces the event's facts and its sentence."""
        record = log_record.log_record
        facts: dict[str, Any] = {**(record.attributes or {}), "": record.body}
        masked = dict(self.mask(facts))
        record.body = masked.pop("")  # type: ignore[assignment]
        record.attributes = masked  # type: ignore[assignment]

    def shutdown(self) -> None:
        """Holds nothing."""

    def force_flush(self, timeout_millis: int = 30000) -> bool:  # noqa: ARG002 - the SDK's signature
        """Holds nothing back."""
        return True
