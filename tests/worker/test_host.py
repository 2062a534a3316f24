"""The development host does with triggers what the Functions host does."""

import itertools
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.extensions.listener import QueueListener
from local.extensions.messages import Messages
from local.extensions.options import QueueOptions, seconds
from local.storage import Storage
from tests.storage import encoded, texts, unique, until, until_async
from tests.worker import hosts
from tests.worker.hosts import RunningHost

APP = """
    import asyncio, json, os
    from pathlib import Path
    import azure.functions as func
    import azurefunctions.extensions.bindings.blob as blob

    app = func.FunctionApp()

    def note(**facts):
        with open(os.environ["NOTES"], "a") as file:
            file.write(json.dumps({"pid": os.getpid(), **facts}) + "\\n")

    def on_blob(name):
        return app.blob_trigger(name, "%PICTURES%/{name}", "IMAGES", source=func.BlobSource.EVENT_GRID)

    @app.function_name("by_name")
    @on_blob("picture")
    async def by_name(picture: blob.BlobClient) -> None:
        note(function="by_name", container=picture.container_name, name=picture.blob_name)

    @app.function_name("by_bytes")
    @on_blob("picture")
    async def by_bytes(picture: func.InputStream) -> None:
        note(function="by_bytes", name=picture.name, content=picture.read().decode(), length=picture.length,
             metadata=picture.metadata)

    @app.function_name("failing")
    @on_blob("picture")
    async def failing(picture: blob.BlobClient) -> None:
        note(function="failing", name=picture.blob_name)
        raise RuntimeError("as it must")

    @app.function_name("on_message")
    @app.queue_trigger("message", "%WORK%", "AzureWebJobsStorage")
    async def on_message(message: func.QueueMessage) -> None:
        body = message.get_body().decode()
        note(function="on_message", body=body, count=message.dequeue_count, id=message.id)
        if body.startswith("fail"):
            raise RuntimeError("as it must")
        while body.startswith("slow") and not Path(os.environ["NOTES"] + ".go").exists():
            await asyncio.sleep(0.02)
        note(function="on_message", done=body)
"""

HOST_JSON = {
    "extensions": {
        "queues": {"maxDequeueCount": 2, "batchSize": 2, "newBatchThreshold": 1, "maxPollingInterval": "00:00:00.200"}
    }
}


@pytest.fixture
async def host(storage: Storage, container: str, tmp_path: Path) -> AsyncIterator[RunningHost]:
    """Return a running host for APP; its work queue is not there yet."""
    settings = {"PICTURES": container, "WORK": unique("work")}
    running = hosts.start(tmp_path / "app", storage, APP, host_json=HOST_JSON, settings=settings)
    running.child.wait_until_ready()
    yield running
    running.notes.with_suffix(".jsonl.go").touch()
    running.child.ask_to_end()
    running.child.wait_for_end()


@pytest.fixture
async def work(host: RunningHost) -> AsyncIterator[QueueClient]:
    """Return the work queue, made only now: the host must have waited for it."""
    name = host.settings["WORK"]
    async with host.storage.queue_service() as queues:
        yield await queues.create_queue(name)


async def poisoned_blobs(storage: Storage, container: str) -> list[str]:
    async with storage.queue_service(storage.images) as queues:
        lying = [json.loads(hosts.decoded(text)) for text in await texts(queues.get_queue_client(hosts.BLOB_POISON))]
    return [message["BlobName"] for message in lying if message["ContainerName"] == container]


async def test_a_blob_trigger_gets_the_blob(storage: Storage, container: str, host: RunningHost) -> None:
    async with storage.blob_service() as blobs:
        blob = blobs.get_blob_client(container, "ü/50% #1?.jpg")
        await blob.upload_blob(b"picture", metadata={"alt_text": "a cat"})
        await host.announce("by_name", blob.url)
        await host.announce("by_bytes", blob.url)
    first, second = sorted(await until(lambda: noted if len(noted := host.noted()) == 2 else []), key=len)
    assert (first["container"], first["name"]) == (container, "ü/50% #1?.jpg")
    assert (second["name"], second["content"]) == (f"{container}/ü/50% #1?.jpg", "picture")
    assert (second["length"], second["metadata"]) == (7, {"alt_text": "a cat"})


async def test_a_failing_blob_trigger_has_five_tries_then_poison_in_the_images_account(
    storage: Storage, container: str, host: RunningHost
) -> None:
    async with storage.blob_service() as blobs:
        blob = blobs.get_blob_client(container, "a.jpg")
        await blob.upload_blob(b"picture")
        await host.announce("failing", blob.url)
    await until_async(lambda: poisoned_blobs(storage, container))
    assert await poisoned_blobs(storage, container) == ["a.jpg"]
    assert len(host.noted()) == 5
    async with storage.queue_service(storage.host) as queues:
        assert hosts.BLOB_POISON not in [queue.name async for queue in queues.list_queues()]
        control = queues.get_queue_client(f"azure-webjobs-blobtrigger-{host.id}")
        assert (await control.get_queue_properties()).approximate_message_count == 0


async def test_an_event_for_a_blob_that_is_gone_ends_quietly(
    storage: Storage, container: str, host: RunningHost
) -> None:
    async with storage.blob_service() as blobs, storage.queue_service(storage.host) as queues:
        await host.announce("by_name", blobs.get_blob_client(container, "gone.jpg").url)
        control = queues.get_queue_client(f"azure-webjobs-blobtrigger-{host.id}")

        async def is_empty() -> bool:
            return (await control.get_queue_properties()).approximate_message_count == 0

        await until_async(is_empty)
    assert host.noted() == []
    assert await poisoned_blobs(storage, container) == []
    assert "gone.jpg" not in host.child.log.read_text("utf-8")


async def test_a_blob_that_may_not_be_looked_at_ends_the_host(
    storage: Storage, container: str, host: RunningHost
) -> None:
    await host.announce("by_name", f"{storage.blob_url}/UPPER CASE IS NO CONTAINER/{container}.jpg")
    await until(lambda: host.child.code is not None)
    assert host.child.code == 1
    assert "An unhandled exception has occurred. Host is shutting down." in host.child.log.read_text("utf-8")
    assert host.noted() == []


async def test_the_webhook_answers_the_handshake(host: RunningHost) -> None:
    event = {"data": {"validationCode": "512d38b6"}}
    status, body = await host.post([event], kind="SubscriptionValidation", function="by_name")
    assert (status, json.loads(body)) == (200, {"validationResponse": "512d38b6"})


@pytest.mark.parametrize("kind", ["SubscriptionValidation", "Notification"])
async def test_the_webhook_refuses_a_call_without_the_key(host: RunningHost, kind: str) -> None:
    for key in ("", "wrong"):
        assert (await host.post([{"data": {"validationCode": "x"}}], kind=kind, key=key))[0] == 401


async def test_the_webhook_refuses_what_is_no_event(host: RunningHost) -> None:
    assert (await host.post("{", function="by_name"))[0] == 500
    assert (await host.post([], kind="Something", function="by_name"))[0] == 400


async def test_events_for_an_unknown_function_are_accepted_and_lost(host: RunningHost) -> None:
    await host.announce("no_such", f"{host.storage.blob_url}/c/a.jpg")
    async with host.storage.queue_service(host.storage.host) as queues:
        control = queues.get_queue_client(f"azure-webjobs-blobtrigger-{host.id}")

        async def is_empty() -> bool:
            return (await control.get_queue_properties()).approximate_message_count == 0

        await until_async(is_empty)
    assert host.noted() == []


async def test_a_queue_trigger_gets_the_message(host: RunningHost, work: QueueClient) -> None:
    sent = await work.send_message(encoded("größe"))
    first, _ = await until(lambda: noted if len(noted := host.noted()) == 2 else [])
    assert (first["body"], first["count"], first["id"]) == ("größe", 1, sent.id)


async def test_what_is_not_base64_goes_to_poison_as_it_is(host: RunningHost, work: QueueClient) -> None:
    await work.send_message("not base64!")
    await work.send_message("bm90IHBhZGRlZA")  # its padding is missing
    await work.send_message(encoded("good"))
    async with host.storage.queue_service() as queues:
        poison = queues.get_queue_client(f"{work.queue_name}-poison")
        await until_async(lambda: is_content(poison, {"not base64!", "bm90IHBhZGRlZA"}))
    await until(lambda: [facts for facts in host.noted() if "done" in facts])
    assert {facts.get("body", "good") for facts in host.noted()} == {"good"}


async def test_a_failing_message_goes_to_poison_after_the_tries_of_host_json(
    host: RunningHost, work: QueueClient
) -> None:
    await work.send_message(encoded("fail"))
    async with host.storage.queue_service() as queues:
        poison = queues.get_queue_client(f"{work.queue_name}-poison")
        await until_async(lambda: is_content(poison, {encoded("fail")}))
    assert [facts["count"] for facts in host.noted()] == [1, 2]


async def test_a_slow_message_delays_no_other(host: RunningHost, work: QueueClient) -> None:
    await work.send_message(encoded("slow"))
    await until(host.noted)
    for number in range(5):
        await work.send_message(encoded(str(number)))
    await until(lambda: len([facts for facts in host.noted() if "done" in facts]) == 5)
    assert "slow" not in {facts.get("done") for facts in host.noted()}


async def test_no_more_messages_are_worked_at_once_than_host_json_allows(host: RunningHost, work: QueueClient) -> None:
    """batchSize 2 beside newBatchThreshold 1: three at most; two, where the second batch came upon one message only."""
    await work.send_message(encoded("slow"))
    await until(host.noted)
    for number in range(5):
        await work.send_message(encoded(f"slow {number}"))
    await until(lambda: len(host.noted()) >= 2)
    host.notes.with_suffix(".jsonl.go").touch()
    await until(lambda: sum("done" in facts for facts in host.noted()) == 6)
    running = list(itertools.accumulate(-1 if "done" in facts else 1 for facts in host.noted()))
    assert 2 <= max(running) <= 3
    assert await texts(work) == []


async def test_at_sigterm_what_runs_may_end_and_nothing_new_begins(host: RunningHost, work: QueueClient) -> None:
    await work.send_message(encoded("slow"))
    (begun,) = await until(host.noted)
    hosts.terminate(begun["pid"])
    await until(lambda: not host.answers())
    await work.send_message(encoded("too late"))
    host.notes.with_suffix(".jsonl.go").touch()
    host.child.wait_for_end()
    assert host.noted()[-1]["done"] == "slow"
    assert await texts(work) == [encoded("too late")]
    assert host.child.code == 0


async def test_a_message_stays_hidden_as_long_as_it_is_worked(storage: Storage) -> None:
    calls: list[str] = []
    renewed: list[str] = []

    async with storage.queue_service() as queues:
        queue = await queues.create_queue(unique("q"))

        async def call(message: QueueMessage) -> bool:
            calls.append(message.content)
            receipt = message.pop_receipt
            await until(lambda: message.pop_receipt != receipt)
            renewed.append(message.content)
            return True

        async def no_poison(_message: QueueMessage) -> None:
            return None

        async def readable(_messages: Messages, _message: QueueMessage) -> bool:
            return False

        options = QueueOptions(1, 4, 5, 0, 0.1, base64=True)
        faults: list[BaseException] = []
        messages = Messages(queue, no_poison, call, readable, options, faults.append, lambda _name: None, hidden=1)
        listener = QueueListener(messages, options)
        async with hosts.listening(listener):
            await queue.send_message("long")
            await until(lambda: renewed)

            async def is_empty() -> bool:
                return (await queue.get_queue_properties()).approximate_message_count == 0

            await until_async(is_empty)
    assert (calls, faults) == (["long"], [])


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "raise ValueError('IMAGES_CONTAINER is not set. AZURE_OPENAI_ENDPOINT is no URL.')",
            "IMAGES_CONTAINER is not",
        ),
        ("import azure.functions", "Could not find top level function app instances in function_app.py."),
        (APP, "'%PICTURES%' in a trigger: there is no app setting PICTURES."),
    ],
)
async def test_an_app_that_cannot_be_indexed_ends_the_host_with_one_message(
    storage: Storage, tmp_path: Path, source: str, said: str
) -> None:
    host = hosts.start(tmp_path / "app", storage, source, host_json={}, settings={})
    host.child.wait_for_end()
    assert host.child.code == 1
    assert len(host.output()) == 1
    assert said in host.output()[0]


@pytest.mark.parametrize(
    ("span", "value"), [("00:00:30", 30), ("00:01:00", 60), ("1.00:00:00", 86400), ("00:00:00.250", 0.25), (2000, 2)]
)
def test_time_spans_of_host_json_are_read_as_dotnet_reads_them(span: str | int, value: float) -> None:
    assert seconds(span) == value


async def is_content(queue: QueueClient, expected: set[str]) -> bool:
    return set(await texts(queue)) == expected
