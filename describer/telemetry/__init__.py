"""What is observed: a trace per picture with a span per stage, and metrics; wrapped around the ports, never inside.

`traced` wraps the line where telemetry is on; where it is off nothing is wrapped and nothing of this is imported. Only
OpenTelemetry's API is known here: `adapters/insights.py` says where it all goes. No span, metric or log carries a
picture, a text about one, or a signed address; pictures go by an alias (alias.py).
"""

from describer.telemetry.alias import Names
from describer.telemetry.instruments import Telemetry
from describer.telemetry.journal import MeteredJournal
from describer.telemetry.line import traced, traced_scribe

__all__ = ["MeteredJournal", "Names", "Telemetry", "traced", "traced_scribe"]
