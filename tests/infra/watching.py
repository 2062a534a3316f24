"""The rule of what alerts need."""

from collections.abc import Iterator
from pathlib import Path

from tests.infra.installation import Installation

_LOG_ALERT = "Microsoft.Insights/scheduledQueryRules"
_METRIC = "Microsoft.Insights/metricAlerts"


def watching(installation: Installation, infra: Path) -> Iterator[str]:
    """What the alerts look at is there: logs of the queues, the system topic, the queries."""
    if installation.is_subscription:
        return
    logged = {
        found["id"].removeprefix("[extensionResourceId('").partition("/queueServices/")[0]
        for found in installation.of_type("Microsoft.Insights/diagnosticSettings")
        if {"category": "StorageWrite", "enabled": True} in found["properties"]["logs"]
    }
    if logged != {installation.places["host"]}:
        yield f"messages put on queues are logged in {sorted(logged)}, all of ours are in the host account"
    queries = {path.read_text(encoding="utf-8") for path in (infra / "alerts").glob("*.kql")}
    for alert in installation.of_type(_LOG_ALERT):
        about = alert["properties"]
        if not about["skipQueryValidation"]:
            yield f"{alert['name']} cannot be created before its tables are"
        queries -= {one["query"] for one in about["criteria"]["allOf"]}
    if queries:
        yield f"no alert asks {sorted(queries)}"
    if installation.places["topic"] not in {
        alert["properties"]["scopes"][0] for alert in installation.of_type(_METRIC)
    }:
        yield "no alert looks at the system topic"
