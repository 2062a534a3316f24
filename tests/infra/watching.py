"""The rule of what alerts need."""

from collections.abc import Iterator
from pathlib import Path

from tests.infra.installation import Installation

_LOG_ALERT = "Microsoft.Insights/scheduledQueryRules"
_METRIC = "Microsoft.Insights/metricAlerts"
_DELIVERY = {"DeadLetteredCount", "DroppedEventCount", "DeliveryAttemptFailCount"}


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
    counted = {
        criterion["metricName"]
        for alert in installation.of_type(_METRIC)
        if alert["properties"]["scopes"] == [installation.places["topic"]] and alert["properties"]["enabled"]
        for criterion in alert["properties"]["criteria"]["allOf"]
    }
    # Event Grid's own metrics: they need no storage, which may be what fails, and no workspace, which may be full.
    yield from (f"nobody hears of {metric}" for metric in sorted(_DELIVERY - counted))
