"""Event Grid at both ends: each route leads to the same record, and what became of a picture is published."""

import asyncio
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from describer.domain.image_ref import ImageRef
from describer.domain.status import SkipReason
from describer.entrypoints.storage_events.inbox import DEAD_LETTERED
from local.routes import NAMES
from local.routes import Name as Route
from local.sink import Topic
from tests import pictures
from tests.end_to_end.conftest import ROOT, System, started
from tests.storage import encoded, until

SCHEMAS = [
    json.loads((ROOT / path).read_text(encoding="utf-8"))
    for path in ("tests/cases/cloudevents.schema.json", "docs/event.schema.json")
]
NAME = "Räume/a b#1.jpg"
PICTURE = pictures.jpeg(190, 150)


async def _record(state: Path, route: Route) -> dict[str, Any]:
    with started(state, route=route) as (stack, model):
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            system = System(stack, model, blobs, queues)
            await system.upload(NAME, PICTURE)
            record = await system.finished(NAME)
            assert len(model.requests) == 1
    return record


@pytest.mark.long
async def test_the_three_routes_end_in_the_same_record(tmp_path: Path) -> None:
    """But for the time, and for the ETags that storage gives."""
    records = [await _record(tmp_path / route, route) for route in NAMES]
    for record in records:
        del record["at"], record["etag"], record["source"]["etag"]
    assert records[0] == records[1] == records[2]
    assert records[0]["status"] == "described"


@pytest.mark.long
@pytest.mark.parametrize("route", ["queue", "eventGridTrigger"])
async def test_several_containers_are_served_and_a_deleted_picture_takes_its_record_along(
    tmp_path: Path, route: Route
) -> None:
    with started(tmp_path, {"IMAGES_MORE_CONTAINERS": "scans"}, route=route) as (stack, model):
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            system = System(stack, model, blobs, queues)
            await system.upload("kept.jpg", PICTURE)
            await system.upload("page.jpg", system.picture(), container="scans")
            await system.finished("kept.jpg")
            await system.finished("page.jpg", container="scans")
            await blobs.get_blob_client("scans", "page.jpg").delete_blob()
            await system.outcome("page.jpg", "gone", container="scans")
            assert await system.sidecar("page.jpg", container="scans") is None
            assert await system.sidecar("kept.jpg") is not None
            assert len(model.requests) == 2


@pytest.mark.long
async def test_names_with_slashes_at_their_ends_are_described_by_the_queue(tmp_path: Path) -> None:
    """As content systems write them. The blob trigger's extension would cut the slashes: docs/deploy.md says so."""
    names = ("/photos/cat.jpg", "//two.jpg", "folder/", "plain.jpg", "photos/cat.jpg")
    with started(tmp_path, route="queue") as (stack, model):
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            system = System(stack, model, blobs, queues)
            for name in names:
                await system.upload(name, system.picture())
            records = {name: await system.finished(name) for name in names}
            assert len({record["source"]["sha256"] for record in records.values()}) == len(names)
            assert len(model.requests) == len(names)
            assert await system.poisoned() == []


async def test_events_of_other_types_and_containers_change_nothing_by_the_queue(system: System) -> None:
    """They come if a subscription's filter is wrong. An event that names no blob becomes a dead letter."""
    await system.upload("typed/a.jpg", system.picture())
    first = await system.finished("typed/a.jpg")
    ref, kinds = ImageRef("images", "typed/a.jpg"), ("BlobTierChanged", "AsyncOperationInitiated", "Custom")
    for kind in kinds:
        event = {"eventType": f"Microsoft.Storage.{kind}", "subject": ref.subject, "data": {}}
        await system.queues.get_queue_client("image-work").send_message(encoded(event))
    await until(lambda: len([fact for fact in system.log() if fact["picture"] == str(ref)]) == 1 + len(kinds))
    assert await system.finished("typed/a.jpg") == first
    for container in ("secret", "$root"):
        await system.send(ImageRef(container, "typed/b.jpg").subject)
        await system.outcome("typed/b.jpg", SkipReason.NOT_OURS, container=container)
    before = len(system.log(DEAD_LETTERED))
    none = {"eventType": "Microsoft.EventGrid.SubscriptionDeletedEvent", "subject": "typed-none"}
    await system.queues.get_queue_client("image-work").send_message(encoded(none))
    await until(lambda: len(system.log(DEAD_LETTERED)) == before + 1)


async def test_what_became_of_a_picture_is_published_once_and_without_its_texts(system: System) -> None:
    await system.upload("told/good.jpg", system.picture())
    await system.upload("told/bad.jpg", b"no picture")
    good = await system.finished("told/good.jpg")
    bad = await system.finished("told/bad.jpg", status="unsupported")

    def published() -> dict[str, dict[str, Any]] | None:
        found = [event for event in system.events() if "/told/" in event["subject"]]
        return {event["subject"]: event for event in found} if len(found) == 2 else None

    events = await until(published)
    assert events is not None
    for name, record, kind in (("good", good, "ImageDescribed"), ("bad", bad, "ImageNotDescribed")):
        event = events[ImageRef("images", f"told/{name}.jpg").subject]
        _fits(event)
        assert event["type"] == f"ImageDescriber.{kind}"
        assert event["data"]["record"] == record["etag"]
    assert good["alt_text"] not in json.dumps(list(events.values()))


def _fits(event: dict[str, Any]) -> None:
    for schema in SCHEMAS:
        validator = jsonschema.validators.validator_for(schema)
        validator(schema, format_checker=validator.FORMAT_CHECKER).validate(event)


@pytest.mark.long
async def test_outages_of_the_model_for_half_a_minute_and_of_the_topic_for_a_minute_lose_nothing(
    tmp_path: Path,
) -> None:
    """Ten pictures arrive meanwhile: all are described and published afterwards, none is poisoned or failed."""
    topic = Topic(tmp_path / "events.jsonl")
    with started(tmp_path, topic=topic) as (stack, model):
        async with stack.storage.blob_service() as blobs, stack.storage.queue_service() as queues:
            system = System(stack, model, blobs, queues)
            model.down()
            names = [f"outage/{number}.jpg" for number in range(10)]
            await asyncio.gather(*(system.upload(name, system.picture()) for name in names))
            await asyncio.sleep(30)  # the outage itself
            model.up()
            async with asyncio.timeout(120):
                await asyncio.gather(*(_patiently(system, name) for name in names))
            await asyncio.sleep(30)  # and that of the topic
            assert topic.events == []
            topic.up()
            async with asyncio.timeout(120):
                while len(topic.events) < len(names):
                    await asyncio.sleep(0.2)
            assert len(model.requests) == 10
            assert await system.poisoned() == []
            assert {fact["outcome"] for fact in system.log()} == {"described"}
    topic.close()
    assert sorted(event["data"]["name"] for event in topic.events) == sorted(names)
    for event in topic.events:
        _fits(event)


async def _patiently(system: System, name: str) -> None:
    while True:
        record = await system.sidecar(name)
        if record is not None and record["status"] == "described":
            return
        await asyncio.sleep(0.2)
