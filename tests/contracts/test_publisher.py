"""The port `Publisher`: the adapter against the stand-in for a custom topic, and the fake, keep the same promises."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.eventgrid.aio import EventGridPublisherClient

from describer.adapters.event_grid import GridTopic, Unset, connect
from describer.domain.errors import DescriberError, Misconfigured, Transient
from describer.pipeline.ports import Publisher
from local.identity import mint
from local.sink import Topic
from local.storage import Storage
from tests.fakes import FakePublisher
from tests.topics import Holder, publisher

EVENT = {
    "specversion": "1.0",
    "type": "ImageDescriber.ImageDescribed",
    "source": "https://pictures.blob.core.windows.net",
    "id": "3f",
    "subject": "/blobServices/default/containers/images/blobs/größe.jpg",
    "time": "2026-11-23T08:00:00.000Z",  # as the SDK writes it
    "datacontenttype": "application/json",
    "data": {"status": "described", "usd": None, "flags": ["a"]},
}


@dataclass(frozen=True)
class Setup:
    """A publisher, and what lies at its other end."""

    publisher: Publisher
    topic: Topic | FakePublisher

    @property
    def handle_upload(self) -> list[dict[str, Any]]:
        return self.topic.published if isinstance(self.topic, FakePublisher) else self.topic.events

    def fail(self, fault: DescriberError) -> None:
        if isinstance(self.topic, FakePublisher):
            self.topic.fails_with = fault
        else:
            self.topic.down()


@pytest.fixture
def topic(storage: Storage, tmp_path: Path) -> Topic:
    return Topic(tmp_path / "events.jsonl", storage.certificate)


@pytest.fixture
async def client(storage: Storage, topic: Topic) -> AsyncIterator[EventGridPublisherClient]:
    topic.up()
    async with publisher(topic, storage) as made:
        yield made
    topic.close()


@pytest.fixture(params=["adapter", "fake"])
def setup(request: pytest.FixtureRequest, client: EventGridPublisherClient, topic: Topic) -> Setup:
    if request.param == "fake":
        fake = FakePublisher()
        return Setup(fake, fake)
    return Setup(GridTopic(client), topic)


async def test_an_event_arrives_unchanged(setup: Setup) -> None:
    await setup.publisher.publish(EVENT)
    assert setup.handle_upload == [EVENT]


async def test_a_topic_that_is_down_is_a_matter_of_time(setup: Setup) -> None:
    setup.fail(Transient("down"))
    with pytest.raises(Transient):
        await setup.publisher.publish(EVENT)
    assert setup.handle_upload == []


async def test_a_missing_role_is_the_operators_business(storage: Storage, topic: Topic, client: object) -> None:
    async with publisher(topic, storage, Holder(mint("https://storage.azure.com"))) as stranger:
        with pytest.raises(Misconfigured, match="EventGrid Data Sender"):
            await GridTopic(stranger).publish(EVENT)


async def test_what_the_topic_never_takes_is_said(topic: Topic, client: EventGridPublisherClient) -> None:
    with pytest.raises(Misconfigured, match="413"):
        await GridTopic(client).publish(EVENT | {"data": "x" * 1_000_000})


async def test_a_topic_that_never_answers_is_given_up_long_before_the_host_ends_the_process(storage: Storage) -> None:
    over = asyncio.Event()

    async def silent(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await over.wait()
        writer.close()

    async with await asyncio.start_server(silent, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        async with connect(f"https://127.0.0.1:{port}/api/events", storage.identity) as client, asyncio.timeout(30):
            with pytest.raises(Transient, match="cannot be reached"):
                await GridTopic(client).publish(EVENT)
        over.set()


async def test_without_a_topic_waiting_events_go_on_waiting() -> None:
    with pytest.raises(Misconfigured, match="EVENTS_TOPIC_ENDPOINT"):
        await Unset().publish(EVENT)
