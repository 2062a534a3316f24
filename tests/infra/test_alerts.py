"""The alerts are those of docs/operations.md, with the same queries and limits. These need no compiler."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tests.infra.compiler import INFRA, PARAMETERS, ROOT, label
from tests.infra.installation import Installation, Resource

OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
CHAPTERS = {title: text for title, _, text in (part.partition("\n") for part in OPERATIONS.split("\n## ")[1:])}
TABLE = dict(re.findall(r"^\| \[`([a-z-]+)`\]\(#[a-z-]+\) \| (.*) \|$", OPERATIONS, re.MULTILINE))
DEV = Installation.read(INFRA / "params" / "dev.bicepparam")
LOGS = {path.stem: path.read_text(encoding="utf-8") for path in sorted((INFRA / "alerts").glob("*.kql"))}


def _name(alert: Resource) -> str:
    return str(alert["name"].rpartition("-")[0])


def _alerts(kind: str) -> dict[str, Any]:
    return {_name(alert): alert["properties"] for alert in DEV.of_type(f"Microsoft.Insights/{kind}")}


METRICS = _alerts("metricAlerts")
QUERIES = _alerts("scheduledQueryRules")


def test_the_document_has_these_alerts_and_no_other() -> None:
    assert TABLE.keys() == METRICS.keys() | QUERIES.keys()
    assert [name for name in TABLE if name not in CHAPTERS] == []
    assert QUERIES.keys() == LOGS.keys()


@pytest.mark.parametrize("name", LOGS)
def test_a_chapter_begins_with_the_alerts_own_query(name: str) -> None:
    (criterion,) = QUERIES[name]["criteria"]["allOf"]
    assert criterion["query"] == LOGS[name]
    assert CHAPTERS[name].startswith(f"\n```kusto\n{LOGS[name]}```\n")


@pytest.mark.parametrize("name", LOGS)
def test_a_query_has_rows_only_when_an_operator_must_act(name: str) -> None:
    """A `summarize` without `by` has always one row, so a condition must follow it."""
    (criterion,) = QUERIES[name]["criteria"]["allOf"]
    assert (criterion["timeAggregation"], criterion["operator"], criterion["threshold"]) == ("Count", "GreaterThan", 0)
    assert re.search(r"\| summarize [^\n]*\n?$", LOGS[name]) is None
    assert (QUERIES[name]["evaluationFrequency"], QUERIES[name]["windowSize"]) == ("PT15M", "PT1H")


@pytest.mark.parametrize("name", TABLE)
def test_the_table_says_when_it_fires(name: str) -> None:
    about = (METRICS | QUERIES)[name]
    (criterion,) = about["criteria"]["allOf"]
    signal = f"`{criterion['metricName']}`" if name in METRICS else "its query"
    listed, above, within, severity = TABLE[name].split(" | ")
    assert listed.startswith(signal)
    assert (above.split()[0], within, severity) == (
        f"{criterion['threshold']:,}",
        about["windowSize"],
        str(about["severity"]),
    )
    assert f"docs/operations.md#{name}" in about["description"]


@pytest.mark.parametrize("path", PARAMETERS, ids=label)
def test_the_workbook_asks_the_workspace(path: Path) -> None:
    installation = Installation.read(path)
    workspace = installation.one("Microsoft.OperationalInsights/workspaces")["id"]
    workbook = installation.one("Microsoft.Insights/workbooks")["properties"]
    shown = json.loads(workbook["serializedData"])
    assert workbook["sourceId"] == workspace
    assert shown["fallbackResourceIds"] == [workspace]
    assert "WORKSPACE_RESOURCE_ID" not in workbook["serializedData"]
