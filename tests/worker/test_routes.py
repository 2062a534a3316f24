"""Each route brings an upload to the app, and no other does."""

import json
from pathlib import Path
from typing import Any

import pytest

from local.eventgrid.events import CREATED, DELETED, Schema, subject
from local.routes import Name, Route
from local.stack import Stack
from tests.storage import until

APP = """
import json, os
import azure.functions as func
import azurefunctions.extensions.bindings.blob as blob

app = func.FunctionApp()

def note(**facts):
    with open(os.environ["NOTES"], "a") as file:
        file.write(json.dumps(facts) + "\\n")

@app.blob_trigger("picture", "%IMAGES_CONTAINER%/{name}", "IMAGES", source=func.BlobSource.EVENT_GRID)
async def describe_on_upload(picture: blob.BlobClient) -> None:
    note(by="blobTrigger", subject=picture.blob_name, topic=os.environ["EVENTS_TOPIC_ENDPOINT"])

@app.event_grid_trigger(arg_name="event")
async def on_storage_event(event: func.EventGridEvent) -> None:
    cloud = isinstance(event, func.CloudEvent)
    note(by="eventGridTrigger", subject=event.subject, type=event.type if cloud else event.event_type, cloud=cloud)

@app.queue_trigger("message", "image-work", "AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    event = message.get_json()
    note(by="queue", subject=event["subject"], type=event.get("eventType") or event["type"],
         cloud="specversion" in event)
"""


@pytest.fixture
def app(tmp_path: Path) -> Path:
    folder = tmp_path / "app"
    folder.mkdir()
    (folder / "function_app.py").write_text(APP, "utf-8")
    return folder


def read(notes: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in notes.read_text("utf-8").splitlines()] if notes.exists() else []


@pytest.mark.parametrize(
    ("route", "schema"),
    [
        ("queue", Schema.EVENT_GRID),
        ("queue", Schema.CLOUD_EVENTS),
        ("eventGridTrigger", Schema.EVENT_GRID),
        ("eventGridTrigger", Schema.CLOUD_EVENTS),
    ],
)
async def test_uploads_and_deletions_of_each_container_arrive(
    app: Path, tmp_path: Path, route: Name, schema: Schema
) -> None:
    notes = tmp_path / "notes.jsonl"
    settings, containers = {"NOTES": str(notes)}, ("images", "scans")
    with Stack(app, tmp_path / "state", settings, route=route, schema=schema, containers=containers) as stack:
        async with stack.storage.blob_service() as blobs:
            for container in ("descriptions", *containers):
                await blobs.get_blob_client(container, "a.jpg").upload_blob(b"x")
            await until(lambda: len(read(notes)) == 2)
            await blobs.get_blob_client("scans", "a.jpg").delete_blob()
        await until(lambda: len(read(notes)) == 3)
    events = read(notes)
    assert {(each["by"], each["cloud"]) for each in events} == {(route, schema is Schema.CLOUD_EVENTS)}
    assert sorted((each["subject"], each["type"]) for each in events) == sorted(
        [
            (subject("images", "a.jpg"), CREATED),
            (subject("scans", "a.jpg"), CREATED),
            (subject("scans", "a.jpg"), DELETED),
        ]
    )


async def test_the_blob_trigger_gets_uploads_alone(app: Path, tmp_path: Path) -> None:
    notes = tmp_path / "notes.jsonl"
    with Stack(app, tmp_path / "state", {"NOTES": str(notes)}, route="blobTrigger") as stack:
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            await blobs.get_blob_client("images", "a.jpg").upload_blob(b"x")
            await blobs.get_blob_client("images", "a.jpg").delete_blob()
            await blobs.get_blob_client("images", "b.jpg").upload_blob(b"x")
            await until(lambda: "b.jpg" in [each["subject"] for each in read(notes)])
            assert {"image-work", "unpublished-events"} <= {queue.name async for queue in queues.list_queues()}
        log = (tmp_path / "state/logs/eventgrid.log").read_text("utf-8")
        topic = stack.addresses.topic
    assert {each["by"] for each in read(notes)} == {"blobTrigger"}
    assert {each["topic"] for each in read(notes)} == {topic}
    assert [line.rpartition("/")[2] for line in log.splitlines() if "202: " in line] in (["a.jpg", "b.jpg"], ["b.jpg"])


@pytest.mark.parametrize(
    ("schema", "containers"), [(Schema.CLOUD_EVENTS, ("images",)), (Schema.EVENT_GRID, ("images", "scans"))]
)
def test_the_blob_trigger_has_one_container_and_event_grids_schema(schema: Schema, containers: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="the route blobTrigger has one container"):
        Route("blobTrigger", schema, containers)
