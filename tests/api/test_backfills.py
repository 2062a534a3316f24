"""Backfills by HTTP: priced by default, one at a time, driven from the queue, stopped at any time."""

import json
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from describer.entrypoints.storage_events.backfill_steps import BackfillSteps
from describer.pipeline.backfill.state import End
from tests.api.conftest import Api
from tests.backfills import asking, backfill_steps, blob
from tests.fakes import FakeQueue


@pytest.fixture
def queue() -> FakeQueue:
    return FakeQueue()


@pytest.fixture
def steps(api: Api, queue: FakeQueue) -> BackfillSteps:
    api.backfills = backfill_steps(*(blob(f"{number:03}.jpg") for number in range(30)), queue=queue)
    return api.backfills


async def _begun(api: Api, **asked: Any) -> dict[str, Any]:
    answer = await api.client.post("/api/backfills", json=asked)
    assert answer.status_code == 202, answer.text
    told: dict[str, Any] = answer.json()
    assert answer.headers["location"] == f"/api/backfills/{told['id']}"
    return told


async def _state(api: Api, backfill_id: str) -> dict[str, Any]:
    answer = await api.client.get(f"/api/backfills/{backfill_id}")
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


async def _driven(steps: BackfillSteps, queue: FakeQueue) -> None:
    """What the app does with the message that waits."""
    [(message, _)] = queue.sent
    queue.sent.clear()
    backfill = await steps.backfiller.find(json.loads(message)["backfill"])
    while backfill.state is End.PRICING:
        backfill = await steps.backfiller.step(backfill)


async def test_a_backfill_is_a_dry_run_unless_it_is_said_otherwise(
    api: Api, steps: BackfillSteps, queue: FakeQueue
) -> None:
    begun = await _begun(api)
    assert (begun["state"], begun["dry_run"], begun["preview"]) == ("pricing", True, None)
    await _driven(steps, queue)
    told = await _state(api, begun["id"])
    assert (told["state"], told["enqueued"]) == ("priced", 0)
    assert (told["preview"]["pictures"], told["preview"]["judged"]) == (30, {"missing": 30})
    assert told["preview"]["usd"]["least"] < told["preview"]["usd"]["usual"] < told["preview"]["usd"]["most"]
    assert datetime.fromisoformat(told["begun"]) <= datetime.fromisoformat(told["updated"])


async def test_one_that_describes_is_priced_first_and_then_queues(
    api: Api, steps: BackfillSteps, queue: FakeQueue
) -> None:
    begun = await _begun(api, dry_run=False, max_usd=5, prefix="01")
    await _driven(steps, queue)
    assert (await _state(api, begun["id"]))["state"] == "running"
    backfill = await steps.backfiller.step(await steps.backfiller.find(begun["id"]))
    told = await _state(api, "latest")
    assert (told["id"], told["enqueued"], told["under_way"]) == (backfill.id, 10, 10)


async def test_one_runs_at_a_time_and_dry_runs_beside_it(api: Api, steps: BackfillSteps) -> None:
    first = await _begun(api, dry_run=False)
    refused = await api.client.post("/api/backfills", json={"dry_run": False})
    assert (refused.status_code, refused.json()["type"]) == (409, "urn:image-describer:problem:already-running")
    assert first["id"] in refused.json()["detail"]
    await _begun(api)
    stopped = await api.client.delete(f"/api/backfills/{first['id']}")
    assert (stopped.status_code, stopped.json()["state"]) == (200, "stopped")
    await _begun(api, dry_run=False)


async def test_what_is_stopped_twice_stays_so(api: Api, steps: BackfillSteps) -> None:
    begun = await _begun(api, dry_run=False)
    for _ in range(2):
        assert (await api.client.delete(f"/api/backfills/{begun['id']}")).json()["state"] == "stopped"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"only": ["everything"]}, "only[0]"),
        ({"only": []}, "only"),
        ({"dryrun": False}, "dryrun"),
        ({"dry_run": "no"}, "dry_run"),
        ({"max_usd": 0}, "max_usd"),
        ({"max_pictures": -1}, "max_pictures"),
        ({"modified_after": "2026-01-01T00:00:00"}, "modified_after"),
        ({"prefix": "a\u0001"}, "prefix"),
    ],
)
async def test_what_is_faulty_is_named(api: Api, steps: BackfillSteps, body: dict[str, Any], field: str) -> None:
    answer = await api.client.post("/api/backfills", json=body)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_money_is_not_capped_where_there_is_no_price(api: Api, steps: BackfillSteps) -> None:
    unpriced = replace(steps.backfiller, asking=asking("generic"))
    api.backfills = BackfillSteps(unpriced, steps.queue)
    answer = await api.client.post("/api/backfills", json={"max_usd": 1})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "max_usd"


async def test_a_container_that_is_not_watched_is_not_found(api: Api, steps: BackfillSteps) -> None:
    assert (await api.client.post("/api/backfills", json={"container": "others"})).status_code == 404


@pytest.mark.parametrize(
    ("name", "status"),
    [("20261129T000000-00000000", 404), ("latest", 404), ("20261129T000000-0000000", 422), ("..%2Flatest", 404)],
)
async def test_names_of_no_backfill(api: Api, steps: BackfillSteps, name: str, status: int) -> None:
    assert (await api.client.get(f"/api/backfills/{name}")).status_code == status
    assert (await api.client.delete(f"/api/backfills/{name}")).status_code == status
