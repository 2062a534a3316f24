"""The stand-in for Event Grid puts into a queue what Event Grid puts there, keyless."""

import base64
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.queue.aio import QueueClient

from local import children, cloudevents, environment
from local.children import Child
from local.eventgrid import ACTIVE
from local.eventgrid.events import CREATED, DELETED, Schema, subject
from local.storage import Storage
from tests.storage import texts, unique, until_async


@pytest.fixture
async def queue(storage: Storage) -> AsyncIterator[QueueClient]:
    """Return a queue of the account `host`, which is not there yet."""
    async with storage.queue_service() as queues:
        client = queues.get_queue_client(unique("work"))
        yield client


@pytest.fixture
def subscribe(storage: Storage, container: str, queue: QueueClient, tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Return a function that starts a subscription which delivers to the queue, and waits until it is active."""
    started: list[Child] = []

    def start(*more: str) -> Child:
        log = tmp_path / "eventgrid.log"
        command = children.module(
            "local.eventgrid",
            *("--log", str(storage.access_log), "--account", storage.images, "--blob-service", storage.blob_url),
            *("--subject-begins-with", subject(container), "--event-type", CREATED, "--event-type", DELETED),
            *("--queue", f"{storage.url('queue', storage.host)}/{queue.queue_name}"),
            *more,
        )
        environ = {**environment.clean(), **storage.environment}
        started.append(Child("eventgrid", command, environment=environ, log=log, ready=children.says(log, ACTIVE)))
        started[-1].wait_until_ready()
        return started[-1]

    yield start
    children.end(started)


async def lying(queue: QueueClient, count: int) -> list[dict[str, Any]]:
    """Wait until the queue has so many messages, and decode them strictly."""

    async def all_of_them() -> list[str]:
        found = await texts(queue)
        return found if len(found) == count else []

    return [json.loads(base64.b64decode(text, validate=True)) for text in await until_async(all_of_them)]


async def test_a_message_is_one_event_in_base64(
    storage: Storage, container: str, queue: QueueClient, subscribe: Callable[..., Child]
) -> None:
    await queue.create_queue()
    subscribe()
    async with storage.blob_service() as blobs:
        blob = blobs.get_blob_client(container, "größe & 50% #1.jpg")
        await blob.upload_blob(b"picture")
        (created,) = await lying(queue, 1)
        await blob.delete_blob()
    _, deleted = await lying(queue, 2)
    assert (created["eventType"], deleted["eventType"]) == (CREATED, DELETED)
    assert created["subject"] == deleted["subject"] == subject(container, "größe & 50% #1.jpg")
    assert created["data"]["contentLength"] == 7
    assert created["dataVersion"] == ""


async def test_a_message_is_a_cloud_event_where_that_was_chosen(
    storage: Storage, container: str, queue: QueueClient, subscribe: Callable[..., Child]
) -> None:
    await queue.create_queue()
    subscribe("--schema", Schema.CLOUD_EVENTS)
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(container, "a.jpg").upload_blob(b"x")
    (event,) = await lying(queue, 1)
    assert cloudevents.faults(event) == []
    assert (event["type"], event["subject"]) == (CREATED, subject(container, "a.jpg"))


async def test_a_queue_that_is_not_there_gets_the_event_later(
    storage: Storage, container: str, queue: QueueClient, subscribe: Callable[..., Child]
) -> None:
    child = subscribe()
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(container, "a.jpg").upload_blob(b"x")

    async def has_failed() -> bool:
        return "try 1: " in child.log.read_text("utf-8")

    await until_async(has_failed)
    await queue.create_queue()
    (event,) = await lying(queue, 1)
    assert event["subject"] == subject(container, "a.jpg")
