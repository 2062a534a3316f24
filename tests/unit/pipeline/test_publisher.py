"""What is published of a record, and that no event is lost while the topic is down."""

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from describer.domain.errors import DescriberError, Misconfigured, Transient
from describer.domain.image_blob import StoredRecord
from describer.domain.status import Status
from describer.pipeline.backoff import Backoff
from describer.pipeline.messages import Unreadable
from describer.pipeline.publisher import OutcomePublisher
from tests.fakes import FakePublisher, FakeQueue, answer
from tests.unit.conftest import BRIEF, CAT, Harness

SCHEMA = json.loads((Path(__file__).parents[3] / "docs" / "event.schema.json").read_text(encoding="utf-8"))
SOURCE = "https://pictures.blob.core.windows.net"


@dataclass
class Square:
    """A publisher on fakes."""

    publisher: FakePublisher = field(default_factory=FakePublisher)
    queue: FakeQueue = field(default_factory=FakeQueue)

    @property
    def outcome_publisher(self) -> OutcomePublisher:
        return OutcomePublisher(self.publisher, self.queue, Backoff(10, chance=lambda: 0.0), SOURCE)


async def _stored(harness: Harness) -> StoredRecord:
    await harness.describe()
    return harness.records.stored[CAT]


async def test_an_event_fits_its_schema_and_says_nothing_of_the_texts(harness: Harness) -> None:
    square = Square()
    await square.outcome_publisher.publish(await _stored(harness))
    (event,) = square.publisher.published
    jsonschema.Draft202012Validator(SCHEMA).validate(event)
    assert event["type"] == "ImageDescriber.ImageDescribed"
    assert event["subject"] == CAT.subject
    assert event["data"]["sidecar"] == "images/pets/cat.jpg.json"
    assert "cat on a sofa" not in json.dumps(event).lower()


async def _texts(harness: Harness, *languages: str) -> tuple[dict[str, Any], dict[str, Any]]:
    square, stored = Square(), await _stored(harness)
    await replace(square.outcome_publisher, languages=languages).publish(stored)
    (event,) = square.publisher.published
    jsonschema.Draft202012Validator(SCHEMA).validate(event)
    return event, event["data"]


@pytest.mark.parametrize(
    ("languages", "carried"), [((), []), (("de",), ["de"]), (("fr", "en"), ["en"]), (("all",), ["en", "de"])]
)
async def test_events_carry_the_texts_of_the_languages_that_are_asked_for(
    harness: Harness, languages: tuple[str, ...], carried: list[str]
) -> None:
    harness.model.script = [answer(languages=("en", "de"))]
    await harness.describe(brief=replace(BRIEF, languages=("en", "de")))
    _, data = await _texts(harness, *languages)
    assert (list(data["texts"]), data["texts_left_out"]) == (carried, [])
    record = harness.records.stored[CAT].record
    for tag, texts in data["texts"].items():
        assert texts["alt_text"] == record.led_by(tag).alt_text != ""


async def test_texts_that_a_person_should_look_at_do_not_travel(harness: Harness) -> None:
    harness.model.script = [answer("x" * 300), answer("x" * 300)]
    _, data = await _texts(harness, "all")
    assert (data["status"], data["texts"]) == ("needs_review", {})


async def test_what_does_not_fit_is_named(harness: Harness) -> None:
    await harness.describe()
    long = {tag: {"alt_text": "ก", "extended_description": "ก" * 2000} for tag in ("th", "lo", "km", "my")}
    harness.records.edit(CAT, {"translations": long})
    event, data = await _texts(harness, "all")
    assert data["texts_left_out"] == ["my"]
    assert set(data["texts"]) == {"en", "th", "lo", "km"}
    assert len(b64encode(json.dumps(event | {"deferrals": 9}).encode())) <= 65_536


async def test_a_repeat_has_the_same_id_and_another_record_another(harness: Harness) -> None:
    square = Square()
    stored = await _stored(harness)
    await square.outcome_publisher.publish(stored)
    await square.outcome_publisher.publish(stored)
    await square.outcome_publisher.publish(StoredRecord(stored.record, '"0x1"'))
    ids = [event["id"] for event in square.publisher.published]
    assert ids[0] == ids[1] != ids[2]


@pytest.mark.parametrize("status", Status)
async def test_only_a_text_that_may_be_published_counts_as_described(harness: Harness, status: Status) -> None:
    square = Square()
    stored = await _stored(harness)
    changed = StoredRecord(stored.record.model_copy(update={"status": status, "reason": "why " * 200}), stored.etag)
    await square.outcome_publisher.publish(changed)
    (event,) = square.publisher.published
    jsonschema.Draft202012Validator(SCHEMA).validate(event)
    described = status in {Status.DESCRIBED, Status.KEPT}
    assert event["type"] == f"ImageDescriber.Image{'' if described else 'Not'}Described"


@pytest.mark.parametrize("fault", [Transient("down"), Misconfigured("no role")])
async def test_what_cannot_be_published_waits_and_is_published_unchanged(
    harness: Harness, fault: DescriberError
) -> None:
    square = Square()
    square.publisher.fails_with = fault
    await square.outcome_publisher.publish(await _stored(harness))
    await square.outcome_publisher.republish(square.queue.sent[0][0].encode())
    assert [delay for _, delay in square.queue.sent] == [10, 20]
    square.publisher.fails_with = None
    await square.outcome_publisher.republish(square.queue.sent[1][0].encode())
    (event,) = square.publisher.published
    jsonschema.Draft202012Validator(SCHEMA).validate(event)
    assert len(square.queue.sent) == 2


async def test_the_topic_may_ask_for_its_own_delay(harness: Harness) -> None:
    square = Square()
    square.publisher.fails_with = Transient("429", retry_after=99)
    await square.outcome_publisher.publish(await _stored(harness))
    assert square.queue.sent[0][1] == 99


@pytest.mark.parametrize("message", [b"", b"no JSON", b"{}", b'{"id": "1", "deferrals": "2"}', b"[1]"])
async def test_what_is_no_event_of_the_app_is_unreadable(message: bytes) -> None:
    square = Square()
    with pytest.raises(Unreadable):
        await square.outcome_publisher.republish(message)
    assert not square.publisher.published
