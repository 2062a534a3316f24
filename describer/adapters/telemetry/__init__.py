"""What is observed: a trace per picture with a span per stage, and metrics; wrapped around the ports, never inside.

`traced` wraps the pipeline if telemetry is on; if it is off, nothing is wrapped and nothing of this is imported. Only
OpenTelemetry's API is used here: `adapters/app_insights.py` says where it all goes. No span, metric or log carries a
picture, a text about one, or a signed address; pictures go by an alias (redaction.py).
"""

from describer.adapters.telemetry.instruments import Telemetry
from describer.adapters.telemetry.pipeline import traced, traced_describer
from describer.adapters.telemetry.redaction import Names
from describer.adapters.telemetry.work_log import MeteredWorkLog

__all__ = ["MeteredWorkLog", "Names", "Telemetry", "traced", "traced_describer"]
