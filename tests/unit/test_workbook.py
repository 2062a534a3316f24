"""Every name that an operator's query uses is one that the code emits, and every metric is shown."""

import json
import re
from contextlib import suppress
from typing import Any

import pytest

from describer.domain.errors import Misconfigured, OverBudget, Transient
from describer.domain.record import Usage
from describer.domain.status import SkipReason, Status
from describer.entrypoints.storage_events.inbox import DEAD_LETTERED, UNEXPECTED, UNFINISHED, Inbox
from describer.pipeline import vocabulary as v
from describer.pipeline import work_log
from describer.pipeline.backoff import Backoff
from describer.pipeline.daily_budget import USED_UP, DailyBudget
from describer.pipeline.messages import Unreadable
from describer.pipeline.publisher import OutcomePublisher
from tests.fakes import FakeLedger, FakePublisher, FakeQueue
from tests.generated import ROOT
from tests.unit.adapters.test_telemetry import Observed
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_inbox import Received

WORKBOOK = json.loads((ROOT / "infra" / "workbook.json").read_text(encoding="utf-8"))
OPERATIONS = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")

QUERIES = {item["name"]: item["content"]["query"] for item in WORKBOOK["items"] if item["type"] == 3}
QUERIES |= {f"operations.md {n}": q for n, q in enumerate(re.findall(r"```kusto\n(.*?)```", OPERATIONS, re.DOTALL))}

NOT_SHOWN: dict[str, str] = {v.SAVED_TOKENS: "most installations leave OpenAI's interface closed"}
"""Metrics that the workbook leaves out, each with the reason."""

FOREIGN = {
    *("PutMessage", "DeleteMessage", "-poison/", "/dead-letter-queue/", "dead-letter-queue", "/"),  # storage
    *("Host is shutting down", "Message decoding has failed", "Invalid message in blob trigger queue"),  # the host
    *("Ingestion", "OverQuota"),  # the workspace
    *("input", "output"),  # gen_ai.token.type
    *("chat ", "records.", "images.", "image.", "topic."),  # beginnings of spans' names
    *("[0-9a-f]{16}", "…"),
    "images/6f1812906cfe2f58",
}
TABLES = {"AegDeliveryFailureLogs", "AppDependencies", "AppExceptions", "AppMetrics", "AppTraces", "StorageQueueLogs"}


def literals(query: str) -> list[str]:
    return re.findall(r'"([^"]*)"', query)


def test_the_workbook_has_the_gallerys_form() -> None:
    assert WORKBOOK["version"] == "Notebook/1.0"
    assert {item["type"] for item in WORKBOOK["items"]} == {1, 3, 9}
    names = [item["name"] for item in WORKBOOK["items"]]
    assert len(names) == len(set(names))
    for item in WORKBOOK["items"]:
        content: dict[str, Any] = item["content"]
        if item["type"] == 3:
            assert content["version"] == "KqlItem/1.0"
            assert content["timeContextFromParameter"] == "TimeRange"
            assert content["resourceType"] == "microsoft.operationalinsights/workspaces"


@pytest.mark.parametrize("query", QUERIES.values(), ids=list(QUERIES))
async def test_a_query_uses_names_that_are_emitted(query: str, emitted: set[str]) -> None:
    assert set(re.findall(r"\b(?:Aeg|App|Azure|Storage)[A-Z]\w+\b", query)) <= TABLES
    assert set(literals(query)) - emitted - FOREIGN == set()


@pytest.fixture
async def emitted(harness: Harness, caplog: pytest.LogCaptureFixture) -> set[str]:
    """Names of spans, metrics, attributes, events, facts and their values, as one day's work really exports them."""
    observed = Observed(harness)
    harness.model.script = [Transient("429"), Misconfigured("403")]
    with caplog.at_level("INFO", v.SCOPE):
        await observed.delivery.handle_upload(CAT.container, CAT.name)
        for _ in range(2):
            await observed.delivery.handle_message(harness.queue.sent[-1][0].encode())
    await observed.pipeline.give_up(CAT, BRIEF, "tried often", Usage())
    with caplog.at_level("INFO", v.SCOPE):
        await _announced_to_a_topic_that_is_down()
        await _taken_that_ends_badly()
        await _asked_over_budget()
    logged = {span.name for span in observed.spans}
    logged |= {name for span in observed.spans for name in span.attributes or {}}
    logged |= {name for metric in v.METRICS for about, _ in observed.points(metric) for name in about}
    logged |= {str(about[v.FAULT]) for about, _ in observed.points(v.DEFERRALS)}
    events = [record for record in caplog.records if record.name.startswith(v.SCOPE)]
    logged |= {record.getMessage() for record in events} | {fact for record in events for fact in vars(record)}
    return logged | set(v.METRICS) | set(Status) | set(SkipReason)


async def _announced_to_a_topic_that_is_down() -> None:
    publisher = FakePublisher()
    publisher.fails_with = Transient("503")
    event = json.dumps({"id": "1", "deferrals": 1})
    await OutcomePublisher(publisher, FakeQueue(), Backoff(10), "https://pictures.example").republish(event.encode())


async def _taken_that_ends_badly() -> None:
    for fault in (Unreadable("no event"), Transient("503"), ZeroDivisionError()):

        async def work(fault: Exception = fault) -> None:
            raise fault

        with suppress(Transient, ZeroDivisionError):
            await Inbox(FakeQueue()).take("image-work", Received(), work)


async def _asked_over_budget() -> None:
    with suppress(OverBudget):
        async with DailyBudget(1, FakeLedger()).call(2):
            raise AssertionError("unreachable")


def test_every_metric_is_shown() -> None:
    shown = {name for query in QUERIES.values() if "AppMetrics" in query for name in literals(query)}
    assert set(v.METRICS) - shown == NOT_SHOWN.keys()


def test_every_event_is_queried() -> None:
    asked = {name for query in QUERIES.values() for name in literals(query)}
    assert {work_log.DONE, work_log.DEFERRED, USED_UP, "event.deferred", DEAD_LETTERED, UNFINISHED, UNEXPECTED} <= asked


def test_each_alert_has_its_chapter() -> None:
    alerts = re.findall(r"^\| \[`([a-z-]+)`\]\(#([a-z-]+)\)", OPERATIONS, re.MULTILINE)
    assert alerts
    for name, anchor in alerts:
        assert name == anchor
        assert f"\n## {name}\n" in OPERATIONS
