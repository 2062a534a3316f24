"""The stand-in for the custom topic takes what Event Grid takes, from azure-eventgrid itself, and refuses the rest."""

import json
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError, HttpResponseError, ServiceRequestError
from azure.core.messaging import CloudEvent

from local import cloudevents
from local.identity import mint
from local.sink import AUDIENCE, BATCH, LARGEST, SINGLE, Topic
from local.storage import Storage
from tests.topics import Holder, publisher

GOOD = {"specversion": "1.0", "type": "T", "source": "/a/b", "id": "1"}


@pytest.fixture
def topic(storage: Storage, tmp_path: Path) -> Iterator[Topic]:
    running = Topic(tmp_path / "events.jsonl", storage.certificate)
    running.up()
    yield running
    running.close()


def event(number: int = 1) -> CloudEvent[dict[str, str]]:
    """An event with all that ours have."""
    return CloudEvent(
        source="/image-describer",
        type="ImageDescriber.ImageDescribed",
        subject="/blobServices/default/containers/images/blobs/größe.jpg",
        id=f"id-{number}",
        time=datetime.now(UTC),
        data={"status": "described"},
        extensions={"attempts": 1},
    )


async def test_a_batch_of_azure_eventgrid_with_the_stand_ins_token_is_taken(topic: Topic, storage: Storage) -> None:
    async with publisher(topic, storage) as client:
        await client.send([event(1), event(2)])
        await client.send(event(3))
    assert [taken["id"] for taken in topic.events] == ["id-1", "id-2", "id-3"]
    taken = topic.events[0]
    assert taken["subject"].endswith("/größe.jpg")
    assert (taken["data"], taken["attempts"]) == ({"status": "described"}, 1)


@pytest.mark.parametrize(
    "token", [mint("https://storage.azure.com"), mint(AUDIENCE, lifetime=-60), ("no JWT", 4102444800)]
)
async def test_another_token_is_refused(topic: Topic, storage: Storage, token: tuple[str, int]) -> None:
    far = (token[0], 4102444800)  # so that the client itself does not ask for a fresh one
    async with publisher(topic, storage, Holder(far)) as client:
        with pytest.raises(ClientAuthenticationError) as refused:
            await client.send(event())
    assert refused.value.status_code == 401
    assert topic.events == []


async def test_a_batch_with_one_faulty_event_is_refused_as_a_whole(topic: Topic, storage: Storage) -> None:
    async with publisher(topic, storage) as client:
        with pytest.raises(
            HttpResponseError, match=r"Event 1 is no CloudEvent 1\.0: time is not as RFC 3339"
        ) as refused:
            await client.send([GOOD, {**GOOD, "id": "2", "time": "yesterday"}])
    assert refused.value.status_code == 400
    assert topic.events == []


@pytest.mark.parametrize(
    ("status", "kind", "query", "body"),
    [
        (200, SINGLE, "?api-version=2018-01-01", json.dumps(GOOD)),
        (400, BATCH, "", json.dumps([GOOD])),
        (400, "application/json", "?api-version=2018-01-01", json.dumps([GOOD])),
        (400, BATCH, "?api-version=2018-01-01", json.dumps(GOOD)),
        (400, SINGLE, "?api-version=2018-01-01", json.dumps([GOOD])),
        (400, BATCH, "?api-version=2018-01-01", "[{"),
        (413, BATCH, "?api-version=2018-01-01", json.dumps([{**GOOD, "data": "x" * LARGEST}])),
    ],
)
async def test_a_request_that_is_not_the_topics_is_refused(
    topic: Topic, storage: Storage, status: int, kind: str, query: str, body: str
) -> None:
    trust = ssl.create_default_context(cafile=storage.certificate.certificate)
    headers = {"Content-Type": f"{kind}; charset=utf-8", "Authorization": f"Bearer {mint(AUDIENCE)[0]}"}
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as http,
        http.post(f"{topic.endpoint}{query}", data=body, headers=headers) as answer,
    ):
        assert answer.status == status
    assert len(topic.events) == (status == 200)


async def test_a_topic_that_was_down_is_there_again_at_the_same_address(topic: Topic, storage: Storage) -> None:
    async with publisher(topic, storage) as client:
        await client.send(event(1))
        topic.down()
        with pytest.raises(ServiceRequestError):
            await client.send(event(2))
        topic.up()
        await client.send(event(3))
    assert [taken["id"] for taken in topic.events] == ["id-1", "id-3"]


@pytest.mark.parametrize(
    "more",
    [
        {},
        {"data": None, "datacontenttype": None, "subject": None, "time": None},
        {"data": {"a": [1]}, "subject": "ü", "time": "2026-11-23T08:52:52.1234567Z", "dataschema": "https://a/b#c"},
        {
            "data_base64": "Zm9v",
            "time": "2026-11-23T08:52:52+01:00",
            "traceparent": "00-1",
            "attempts": 3,
            "flag": True,
        },
        {"source": "https://a/%20b"},
    ],
)
def test_what_the_specification_allows_passes(more: dict[str, Any]) -> None:
    assert cloudevents.faults({**GOOD, **more}) == []


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"id": None}, "id is missing"),
        ({"id": ""}, "id is no text, or empty"),
        ({"type": 1}, "type is no text, or empty"),
        ({"subject": ""}, "subject is no text, or empty"),
        ({"specversion": "0.3"}, "specversion is '0.3'; expected '1.0'"),
        ({"source": "a b"}, "source is no URI reference: 'a b'"),
        ({"dataschema": "/relative"}, "dataschema is no absolute URI: '/relative'"),
        ({"time": "2026-11-23 08:52"}, "time is not as RFC 3339 has it: '2026-11-23 08:52'"),
        ({"time": "2026-11-31T08:52:52Z"}, "time is not as RFC 3339 has it: '2026-11-31T08:52:52Z'"),
        ({"data": 1, "data_base64": "Zm9v"}, "both data and data_base64 are there"),
        ({"data_base64": "not base64"}, "data_base64 is not base64"),
        ({"firstSeen": "x"}, "'firstSeen' is no attribute name: a-z and 0-9 only"),
        ({"attempts": {"a": 1}}, "attempts is neither text, whole number nor boolean"),
    ],
)
def test_what_the_specification_forbids_is_named(more: dict[str, Any], said: str) -> None:
    assert cloudevents.faults({**GOOD, **more}) == [said]


def test_what_is_no_object_is_no_event() -> None:
    assert cloudevents.faults(["a"]) == ["it is no JSON object but list"]
