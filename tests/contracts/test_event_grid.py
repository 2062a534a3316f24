"""The stand-in for Event Grid announces what Event Grid would announce, as it would."""

import json
import os
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobBlock, ContentSettings

from local import children, cloudevents, environment
from local.accesslog import Change, parse
from local.children import Child
from local.eventgrid import ACTIVE
from local.eventgrid.events import CREATED, DELETED, Schema, subject
from local.storage import Storage
from tests.storage import unique, until

NAMES = [
    "plain.jpg",
    "a folder/with spaces.jpg",
    "50% of #1?.png",
    "a%20b%2Fc.png",  # literally so
    'rock+roll & more=\'"quotes".jpg',
    "Äpfel/größe.jpg",
    "漢字/かな.webp",
    "😀 smile.gif",
    ".hidden/..file",
    "semi;colon,comma:at@~!*()[]{}|^`<>$",
    "a//b",
    "tab\there",
    "x" * 1024,
    "é" * 512,
]


@dataclass(slots=True)
class Webhook:
    """Receives events; `answer` gives the status for each."""

    port: int = 0
    answer: Callable[[dict[str, Any]], int] = lambda _event: 202
    handshake: bool = True
    kinds: set[str | None] = field(default_factory=set)
    tried: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)

    def receive(self, kind: str | None, content: str | None, body: Any) -> tuple[int, dict[str, Any]]:
        """Take one request: an array of one in Event Grid's schema, a bare event as CloudEvents have it."""
        event = body[0] if isinstance(body, list) else body
        if kind == "SubscriptionValidation":
            return 200, {"validationResponse": event["data"]["validationCode"] if self.handshake else "no"}
        self.kinds.add(content)
        self.tried.append(event)
        status = self.answer(event)
        if status == 202:
            self.events.append(event)
        return status, {}

    def names(self) -> list[str]:
        return [event["subject"].partition("/blobs/")[2] for event in self.events]


@pytest.fixture
def webhook() -> Iterator[Webhook]:
    hook = Webhook()

    class Handler(BaseHTTPRequestHandler):
        def do_OPTIONS(self) -> None:
            self.send_response(200)
            if hook.handshake:
                self.send_header("WebHook-Allowed-Origin", self.headers["WebHook-Request-Origin"])
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_POST(self) -> None:
            sent = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, body = hook.receive(self.headers["aeg-event-type"], self.headers["Content-Type"], sent)
            data = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook.port = server.server_port
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield hook
        server.shutdown()
        thread.join()


@pytest.fixture
def subscribe(storage: Storage, webhook: Webhook, tmp_path: Path) -> Iterator[Callable[..., Child]]:
    """Return a function that starts a subscription to a container's blobs; it may not be ready yet."""
    started: list[Child] = []

    def start(container: str, *more: str) -> Child:
        log = tmp_path / "eventgrid.log"
        command = children.module(
            "local.eventgrid",
            *("--log", str(storage.access_log), "--account", storage.images, "--blob-service", storage.blob_url),
            *("--subject-begins-with", subject(container)),
            *more,
        )
        endpoint = {"EVENTGRID_ENDPOINT": f"http://127.0.0.1:{webhook.port}/"}
        environ = {**environment.clean(), **storage.environment, **endpoint}
        started.append(Child("eventgrid", command, environment=environ, log=log, ready=children.says(log, ACTIVE)))
        return started[-1]

    yield start
    children.end(started)


@pytest.mark.parametrize(
    ("request_line", "change"),
    [
        ('"PUT /images/c/a%20b.jpg HTTP/1.1" 201 -', Change("images", "c", "a b.jpg", "PutBlob")),
        ('"PUT /images/c/a.jpg?sv=1&sig=x%3D&timeout=30 HTTP/1.1" 201 -', Change("images", "c", "a.jpg", "PutBlob")),
        ('"PUT /images/c/a.jpg?comp=blocklist HTTP/1.1" 201 -', Change("images", "c", "a.jpg", "PutBlockList")),
        ('"PUT /images/c/a.jpg HTTP/1.1" 202 -', Change("images", "c", "a.jpg", "CopyBlob")),
        ('"PUT /images/c/a%5Cb HTTP/1.1" 201 -', Change("images", "c", "a/b", "PutBlob")),
        ('"PUT /images/c/a?comp=block&blockid=QQ%3D%3D HTTP/1.1" 201 -', None),
        ('"PUT /images/c/a?comp=metadata HTTP/1.1" 200 -', None),
        ('"PUT /images/c/a?comp=tags HTTP/1.1" 204 -', None),
        ('"PUT /images/c/a?comp=lease HTTP/1.1" 201 -', None),
        ('"PUT /images/c/a?comp=snapshot HTTP/1.1" 201 -', None),
        ('"PUT /images/c?restype=container HTTP/1.1" 201 -', None),
        ('"PUT /host/image-work HTTP/1.1" 201 -', None),
        ('"PUT /images/c/a HTTP/1.1" 412 -', None),
        ('"GET /images/c/a HTTP/1.1" 200 9', None),
        ('"DELETE /images/c/b%20c HTTP/1.1" 202 -', Change("images", "c", "b c", "DeleteBlob")),
        ('"DELETE /images/c/a?snapshot=2026-11-23T09:42:13.6590000Z HTTP/1.1" 202 -', None),
        ('"DELETE /images/c/a HTTP/1.1" 404 -', None),
        ('"DELETE /images/c?restype=container HTTP/1.1" 202 -', None),
        ('"DELETE /host/image-work/messages/1?popreceipt=x HTTP/1.1" 204 -', None),
        ('"POST /host/q/messages HTTP/1.1" 201 -', None),
    ],
)
def test_a_line_of_the_access_log_says_what_changed(request_line: str, change: Change | None) -> None:
    assert parse(f"127.0.0.1 - - [23/Nov/2026:08:52:52 +0000] {request_line}") == change


async def test_every_name_arrives_exactly_as_it_is(
    storage: Storage, container: str, webhook: Webhook, subscribe: Callable[..., Child]
) -> None:
    subscribe(container).wait_until_ready()
    async with storage.blob_service() as blobs:
        for name in NAMES:
            await blobs.get_blob_client(container, name).upload_blob(b"x")
        listed = [blob.name async for blob in blobs.get_container_client(container).list_blobs()]
    await until(lambda: len(webhook.events) == len(NAMES))
    assert webhook.names() == NAMES
    assert sorted(listed) == sorted(NAMES)


async def test_an_event_has_the_shape_of_event_grids(
    storage: Storage, container: str, webhook: Webhook, subscribe: Callable[..., Child]
) -> None:
    subscribe(container).wait_until_ready()
    async with storage.blob_service() as blobs:
        blob = blobs.get_blob_client(container, "a cat.jpg")
        kind = ContentSettings(content_type="image/jpeg")
        written = await blob.upload_blob(b"picture", content_settings=kind)
        url = blob.url
    (event,) = await until(lambda: webhook.events)
    assert event["eventType"] == "Microsoft.Storage.BlobCreated"
    assert event["subject"] == f"/blobServices/default/containers/{container}/blobs/a cat.jpg"
    assert event["topic"].endswith("/providers/Microsoft.Storage/storageAccounts/images")
    data = event["data"]
    assert (data["api"], data["contentType"], data["contentLength"]) == ("PutBlob", "image/jpeg", 7)
    assert (data["blobType"], data["url"]) == ("BlockBlob", url)
    assert data["eTag"] == written["etag"].strip('"')


async def test_only_what_creates_a_blob_is_announced_and_only_once(
    storage: Storage, container: str, webhook: Webhook, subscribe: Callable[..., Child]
) -> None:
    subscribe(container).wait_until_ready()
    sibling = f"{container}-old"
    storage.create_container(sibling)
    async with storage.blob_service() as blobs, storage.blob_service(storage.host) as host:
        blob = blobs.get_blob_client(container, "first")
        await blob.upload_blob(b"x")
        await blob.set_blob_metadata({"alt_text": "x"})
        await blob.set_blob_tags({"a": "b"})
        await blobs.get_blob_client(sibling, "elsewhere").upload_blob(b"x")
        await host.create_container(container)
        await host.get_blob_client(container, "other account").upload_blob(b"x")
        big = blobs.get_blob_client(container, "in blocks")
        for block in ("a", "b"):
            await big.stage_block(block, os.urandom(100))
        await big.commit_block_list([BlobBlock("a"), BlobBlock("b")])
        await blobs.get_blob_client(container, "copied").start_copy_from_url(blob.url)
        await blobs.get_blob_client(container, "last").upload_blob(b"x")
        await host.delete_container(container)
        await blobs.delete_container(sibling)
    await until(lambda: "last" in webhook.names())
    named = [(event["subject"].rpartition("/")[2], event["data"]["api"]) for event in webhook.events]
    assert named == [
        ("first", "PutBlob"),
        ("in blocks", "PutBlockList"),
        ("copied", "CopyBlob"),
        ("last", "PutBlob"),
    ]


async def test_a_failed_delivery_is_retried_and_delays_no_other(
    storage: Storage, container: str, webhook: Webhook, subscribe: Callable[..., Child]
) -> None:
    subscribe(container).wait_until_ready()
    refused = iter([500, 503])
    webhook.answer = lambda event: next(refused, 202) if event["subject"].endswith("unlucky") else 202
    async with storage.blob_service() as blobs:
        for name in ("unlucky", "second", "third"):
            await blobs.get_blob_client(container, name).upload_blob(b"x")
    await until(lambda: len(webhook.events) == 3)
    assert webhook.names() == ["second", "third", "unlucky"]
    assert len({event["id"] for event in webhook.tried if event["subject"].endswith("unlucky")}) == 1


async def test_a_delivery_that_is_refused_for_good_is_dropped(
    storage: Storage, container: str, webhook: Webhook, subscribe: Callable[..., Child]
) -> None:
    child = subscribe(container)
    child.wait_until_ready()
    webhook.answer = lambda event: 401 if event["subject"].endswith("unwanted") else 202
    async with storage.blob_service() as blobs:
        for name in ("unwanted", "welcome"):
            await blobs.get_blob_client(container, name).upload_blob(b"x")
    await until(lambda: webhook.events)
    assert [event["subject"].rpartition("/")[2] for event in webhook.tried] == ["unwanted", "welcome"]
    assert "DROPPED, 401" in child.log.read_text("utf-8")


@pytest.mark.parametrize("schema", Schema)
def test_an_endpoint_that_fails_the_handshake_gets_nothing(
    webhook: Webhook, subscribe: Callable[..., Child], schema: Schema
) -> None:
    webhook.handshake = False
    with pytest.raises(children.ChildFailed, match="failed the subscription's handshake"):
        subscribe(unique("c"), "--schema", schema).wait_until_ready()
    assert webhook.tried == []


async def test_a_deletion_is_delivered_to_subscribers_that_select_it(
    storage: Storage, container: str, webhook: Webhook, subscribe: Callable[..., Child]
) -> None:
    subscribe(container, "--event-type", CREATED, "--event-type", DELETED).wait_until_ready()
    async with storage.blob_service() as blobs:
        blob = blobs.get_blob_client(container, "a cat.jpg")
        await blob.upload_blob(b"picture")
        await until(lambda: webhook.events)
        await blob.delete_blob()
    _, event = await until(lambda: webhook.events if len(webhook.events) == 2 else [])
    assert event["eventType"] == "Microsoft.Storage.BlobDeleted"
    assert event["subject"] == f"/blobServices/default/containers/{container}/blobs/a cat.jpg"
    assert (event["data"]["api"], event["data"]["url"]) == ("DeleteBlob", blob.url)


async def test_of_several_containers_each_is_announced_and_no_other(
    storage: Storage, container: str, webhook: Webhook, subscribe: Callable[..., Child]
) -> None:
    other, third = f"{container}-b", f"{container}-c"
    storage.create_container(other)
    storage.create_container(third)
    subscribe(container, "--subject-begins-with", subject(other)).wait_until_ready()
    async with storage.blob_service() as blobs:
        for name in (third, other, container):
            await blobs.get_blob_client(name, "a.jpg").upload_blob(b"x")
        await until(lambda: len(webhook.events) == 2)
        await blobs.delete_container(other)
        await blobs.delete_container(third)
    assert [event["subject"] for event in webhook.events] == [subject(other, "a.jpg"), subject(container, "a.jpg")]


async def test_a_cloud_event_is_one_and_arrives_bare(
    storage: Storage, container: str, webhook: Webhook, subscribe: Callable[..., Child]
) -> None:
    subscribe(container, "--schema", Schema.CLOUD_EVENTS).wait_until_ready()
    async with storage.blob_service() as blobs:
        await blobs.get_blob_client(container, "größe.jpg").upload_blob(b"x")
    (event,) = await until(lambda: webhook.events)
    assert cloudevents.faults(event) == []
    assert webhook.kinds == {"application/cloudevents+json; charset=utf-8"}
    assert (event["type"], event["subject"]) == (CREATED, subject(container, "größe.jpg"))
    assert event["source"].endswith("/providers/Microsoft.Storage/storageAccounts/images")
    assert event["data"]["contentLength"] == 1
