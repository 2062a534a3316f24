"""Wraps the ports with telemetry: a trace per picture with a span per stage, and metrics.

`traced` wraps the pipeline if telemetry is on; otherwise this package is not imported. Only OpenTelemetry's API is used
here; `adapters/app_insights.py` exports. No span, metric or log contains a picture, a text about one, or a signed
address; pictures are named by an alias (redaction.py).
"""

from describer.adapters.telemetry.instruments import Telemetry
from describer.adapters.telemetry.pipeline import traced, traced_describer
from describer.adapters.telemetry.redaction import Names
from describer.adapters.telemetry.work_log import MeteredWorkLog

__all__ = ["MeteredWorkLog", "Names", "Telemetry", "traced", "traced_describer"]
