"""What the Functions host gave up on comes to an end, and never goes round in circles."""

import json
from dataclasses import dataclass, field

import pytest

from describer.backoff import Backoff
from describer.errors import Misconfigured, Transient
from describer.events import Work
from describer.outcome import Status
from describer.poison import RETURNED, SET_ASIDE, Poison
from tests.fakes import FakeQueue
from tests.unit.conftest import BRIEF, CAT, House

UPLOAD = {
    "Type": "BlobTrigger",
    "FunctionId": "Host.Functions.describe_on_upload",
    "BlobType": "BlockBlob",
    "ContainerName": CAT.container,
    "BlobName": CAT.name,
    "ETag": "0x8DC",
}


@dataclass
class Cellar:
    """The poison of a house, and the queues that it goes to."""

    house: House
    again: FakeQueue = field(default_factory=FakeQueue)
    aside: FakeQueue = field(default_factory=FakeQueue)

    @property
    def poison(self) -> Poison:
        house, backoff = self.house, Backoff(10, chance=lambda: 0.0)
        return Poison(house.pipeline, BRIEF, "images", house.queue, self.again, self.aside, backoff)


@pytest.fixture
def cellar(house: House) -> Cellar:
    return Cellar(house)


async def test_an_upload_becomes_work_at_once_and_its_tries_do_not_count(
    cellar: Cellar, caplog: pytest.LogCaptureFixture
) -> None:
    await cellar.poison.of_uploads(json.dumps(UPLOAD).encode())
    ((message, delay),) = cellar.house.queue.sent
    (work,) = Work.from_message(message)
    assert (work.ref, work.attempts, work.deferrals, delay) == (CAT, 0, 0, 0)
    assert [record.levelname for record in caplog.records if record.message == RETURNED] == ["WARNING"]
    assert not cellar.house.model.calls
    assert not cellar.aside.sent


@pytest.mark.parametrize(
    "message",
    [
        b"",
        b"no JSON",
        b"[]",
        b'"\xff"',
        json.dumps(UPLOAD | {"FunctionId": "Host.Functions.thumbnails"}).encode(),
        json.dumps(UPLOAD | {"ContainerName": "scans"}).encode(),
        json.dumps(UPLOAD | {"BlobName": ""}).encode(),
        json.dumps({name: value for name, value in UPLOAD.items() if name != "BlobName"}).encode(),
    ],
)
async def test_what_is_no_upload_of_ours_is_put_aside_as_it_is(
    cellar: Cellar, caplog: pytest.LogCaptureFixture, message: bytes
) -> None:
    await cellar.poison.of_uploads(message)
    assert not cellar.house.queue.sent
    assert cellar.aside.sent == [(message.decode("utf-8", "backslashreplace"), 0)]
    assert [record.levelname for record in caplog.records if record.message == SET_ASIDE] == ["ERROR"]


async def test_work_is_recorded_as_failed_and_announced(cellar: Cellar) -> None:
    await cellar.poison.of_work(Work.first(CAT).to_message().encode())
    record = cellar.house.records.stored[CAT].record
    assert record.status is Status.FAILED
    assert record.reason.startswith("The Functions host tried five times")
    assert [stored.record.status for stored in cellar.house.topic.announced] == [Status.FAILED]
    assert not cellar.house.model.calls
    assert not cellar.again.sent


async def test_work_that_was_done_meanwhile_stays_done(cellar: Cellar) -> None:
    await cellar.house.describe()
    await cellar.poison.of_work(Work.first(CAT).to_message().encode())
    assert cellar.house.records.stored[CAT].record.status is Status.DESCRIBED


@pytest.mark.parametrize("message", [b"", b"no JSON", b"{}", b'{"subject": "/containers/images"}', b"\xff"])
async def test_work_that_names_no_picture_is_put_aside_as_it_is(
    cellar: Cellar, caplog: pytest.LogCaptureFixture, message: bytes
) -> None:
    await cellar.poison.of_work(message)
    assert cellar.aside.sent == [(message.decode("utf-8", "backslashreplace"), 0)]
    assert not cellar.again.sent
    assert [record.levelname for record in caplog.records if record.message == SET_ASIDE] == ["ERROR"]


@pytest.mark.parametrize("fault", [Transient("503", retry_after=70), Misconfigured("lacks a role")])
async def test_a_record_that_cannot_be_written_now_is_written_later(
    cellar: Cellar, fault: Transient | Misconfigured
) -> None:
    cellar.house.images.fails_with = fault
    await cellar.poison.of_work(Work.first(CAT).to_message().encode())
    ((message, delay),) = cellar.again.sent
    assert delay == (70 if isinstance(fault, Transient) else 10)
    cellar.house.images.fails_with = None
    await cellar.poison.of_work(message.encode())
    assert cellar.house.records.stored[CAT].record.status is Status.FAILED
    assert len(cellar.again.sent) == 1
