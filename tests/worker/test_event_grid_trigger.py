"""The development host runs Event Grid triggers as the Functions host does, and Event Grid delivers to them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local import children, environment
from local.accesslog import Change
from local.children import Child
from local.eventgrid import ACTIVE, events
from local.eventgrid.events import Event, Schema
from local.storage import Storage
from tests.storage import until
from tests.worker import hosts
from tests.worker.hosts import RunningHost

APP = """
    import json, os
    import azure.functions as func

    app = func.FunctionApp()

    def note(**facts):
        with open(os.environ["NOTES"], "a") as file:
            file.write(json.dumps(facts) + "\\n")

    @app.event_grid_trigger(arg_name="event")
    async def on_event(event: func.EventGridEvent) -> None:
        kind = getattr(event, "event_type", None) or event.type
        when = (getattr(event, "event_time", None) or event.time).isoformat()
        url = event.get_json()["url"]
        note(kind=type(event).__name__, type=kind, subject=event.subject, time=when, url=url, id=event.id)
        if "unlucky" in event.subject and not os.path.exists(os.environ["NOTES"] + ".lucky"):
            raise RuntimeError("as it must")
"""


@pytest.fixture
async def host(storage: Storage, tmp_path: Path) -> AsyncIterator[RunningHost]:
    """Return a running host for APP."""
    running = hosts.start(tmp_path / "app", storage, APP, host_json={}, settings={})
    running.child.wait_until_ready()
    yield running
    children.end([running.child])


def event(name: str) -> Event:
    return events.deleted(Change("images", "c", name, "DeleteBlob"), f"https://a/c/{name}")


@pytest.mark.parametrize(
    ("schema", "kind"), [(Schema.EVENT_GRID, "EventGridEvent"), (Schema.CLOUD_EVENTS, "CloudEvent")]
)
async def test_each_event_is_a_call_in_either_schema(host: RunningHost, schema: Schema, kind: str) -> None:
    webhook = host.webhook("on_event")
    sent = [event(name) for name in ("größe #1.jpg", "b.jpg", "c.jpg")]
    shaped = [each.in_schema(schema) for each in sent]
    assert (await host.post_to(webhook, shaped[:2]))[0] == 202
    assert (await host.post_to(webhook, shaped[2]))[0] == 202
    noted = {facts["id"]: facts for facts in host.noted()}
    assert len(host.noted()) == 3
    for each in sent:
        facts = noted[each.id]
        assert (facts["kind"], facts["type"], facts["subject"]) == (kind, each.type, each.subject)
        assert (facts["url"], facts["time"][:26]) == (each.data["url"], each.time[:26])


async def test_one_that_fails_fails_the_request_and_the_others_have_run(host: RunningHost) -> None:
    shaped = [event(name).in_schema(Schema.EVENT_GRID) for name in ("unlucky", "second", "unlucky")]
    status, said = await host.post_to(host.webhook("on_event"), shaped)
    assert status == 500
    assert said == "Exception while executing function: Functions.on_event"
    assert {facts["subject"].rpartition("/")[2] for facts in host.noted()} == {"unlucky", "second"}
    assert "never retrieved" not in host.child.log.read_text("utf-8")


@pytest.mark.parametrize(
    "body", [[{"data": {"validationCode": "512d38b6"}}], {"data": json.dumps({"validationCode": "512d38b6"})}]
)
async def test_the_handshake_of_event_grids_schema_is_answered(host: RunningHost, body: object) -> None:
    status, said = await host.post_to(host.webhook("on_event"), body, "SubscriptionValidation")
    assert (status, json.loads(said)) == (200, {"validationResponse": "512d38b6"})


async def options(webhook: str) -> tuple[int, str | None]:
    asking = {"WebHook-Request-Origin": "eventgrid.azure.net"}
    async with aiohttp.ClientSession() as http, http.options(webhook, headers=asking) as answer:
        return answer.status, answer.headers.get("WebHook-Allowed-Origin")


async def test_the_handshake_of_cloud_events_is_answered(host: RunningHost) -> None:
    assert await options(host.webhook("on_event")) == (200, "eventgrid.azure.net")
    assert await options(host.webhook("on_event", key="wrong")) == (401, None)
    assert await options(host.webhook("no_such")) == (404, None)


async def test_the_webhook_refuses_what_it_does_not_know(host: RunningHost) -> None:
    good = event("a").in_schema(Schema.EVENT_GRID)
    assert (await host.post_to(host.webhook("on_event", key=""), good))[0] == 401
    assert (await host.post_to(host.webhook("no_such"), good))[0] == 404
    assert (await host.post_to(host.webhook("on_event"), "{"))[0] == 500
    assert (await host.post_to(host.webhook("on_event"), good, "Something"))[0] == 400
    assert (await host.post_to(host.webhook("on_event"), good, "Unsubscribe"))[0] == 202
    assert host.noted() == []


@pytest.mark.parametrize("schema", Schema)
async def test_what_failed_is_delivered_again(
    storage: Storage, container: str, host: RunningHost, tmp_path: Path, schema: Schema
) -> None:
    log = tmp_path / "eventgrid.log"
    command = children.module(
        "local.eventgrid",
        *("--log", str(storage.access_log), "--account", storage.images, "--blob-service", storage.blob_url),
        *("--subject-begins-with", events.subject(container), "--schema", schema),
    )
    environ: dict[str, Any] = {
        **environment.clean(),
        **storage.environment,
        "EVENTGRID_ENDPOINT": host.webhook("on_event"),
    }
    child = Child("eventgrid", command, environment=environ, log=log, ready=children.says(log, ACTIVE))
    try:
        child.wait_until_ready()
        async with storage.blob_service() as blobs:
            for name in ("unlucky", "second"):
                await blobs.get_blob_client(container, name).upload_blob(b"x")
        await until(lambda: len(host.noted()) >= 2)
        host.notes.with_name(host.notes.name + ".lucky").touch()
        await until(lambda: log.read_text("utf-8").count("202: ") == 2)
    finally:
        children.end([child])
    tries = [facts["id"] for facts in host.noted() if facts["subject"].endswith("unlucky")]
    assert len(tries) > 1
    assert len(set(tries)) == 1
    assert "500: " in log.read_text("utf-8")
