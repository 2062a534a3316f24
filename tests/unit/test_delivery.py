"""At least once: what cannot be done now is put off, never dropped."""

import json

import pytest

from describer.errors import Misconfigured, Transient
from describer.events import Work
from describer.outcome import Status
from tests.unit.conftest import CAT, House

OUTAGE = Transient("the model's server cannot be reached")
STUMBLE = Transient("the model's server answered 500", blames_picture=True)


async def _deliver_until_done(house: House, limit: int = 20) -> list[float]:
    """Delivers the upload and whatever the queue then holds; the delays that were asked for, in seconds."""
    await house.delivery.arrived(CAT.container, CAT.name)
    delays: list[float] = []
    while len(delays) < len(house.queue.sent) and len(delays) < limit:
        message, delay = house.queue.sent[len(delays)]
        delays.append(delay)
        await house.delivery.again(message.encode())
    return delays


async def test_a_described_picture_leaves_the_queue_empty(house: House) -> None:
    assert await _deliver_until_done(house) == []
    assert CAT in house.records.stored


async def test_an_outage_is_waited_out_however_long_it_lasts(house: House) -> None:
    house.model.script = [OUTAGE] * 12
    delays = await _deliver_until_done(house)
    assert delays[:4] == [10, 20, 40, 80]
    assert max(delays) == 3600
    assert house.records.stored[CAT].record.status is Status.DESCRIBED


async def test_the_other_sides_wish_is_granted(house: House) -> None:
    house.model.script = [Transient("429", retry_after=61), Transient("429", retry_after=10**9)]
    assert await _deliver_until_done(house) == [61, 6 * 86400]


async def test_a_picture_that_stumbles_too_often_is_recorded_as_failed(house: House) -> None:
    house.model.script = [STUMBLE, OUTAGE, STUMBLE, STUMBLE]
    assert len(await _deliver_until_done(house)) == 3
    record = house.records.stored[CAT].record
    assert record.status is Status.FAILED
    assert record.reason == "Tried 3 times; the last time: the model's server answered 500"


async def test_a_fault_of_the_apps_own_ends_in_a_record_too(house: House, caplog: pytest.LogCaptureFixture) -> None:
    async def bug() -> None:
        raise ZeroDivisionError("secret")

    house.model.meanwhile = bug
    assert await _deliver_until_done(house) == [10, 20]
    record = house.records.stored[CAT].record
    assert record.status is Status.FAILED
    assert record.reason == "Tried 3 times; the last time: an unexpected ZeroDivisionError; the log says where"
    assert (
        len([entry for entry in caplog.records if entry.message == "picture.unexpected" and vars(entry)["where"]]) == 3
    )


async def test_a_missing_role_is_the_operators_business_and_loses_nothing(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    house.model.script = [Misconfigured("lacks a role")] * 8
    assert len(await _deliver_until_done(house)) == 8
    assert house.records.stored[CAT].record.status is Status.DESCRIBED
    assert {record.levelname for record in caplog.records if record.message == "picture.deferred"} == {"ERROR"}


async def test_giving_up_that_fails_is_put_off_too(house: House) -> None:
    house.model.script = [STUMBLE] * 3
    await house.delivery.arrived(CAT.container, CAT.name)
    await house.delivery.again(house.queue.sent[0][0].encode())

    async def storage_goes() -> None:
        house.images.fails_with = Transient("503")

    house.model.meanwhile = storage_goes
    await house.delivery.again(house.queue.sent[1][0].encode())
    assert Work.from_message(house.queue.sent[2][0])[0].attempts == 3
    house.images.fails_with = None
    await house.delivery.again(house.queue.sent[2][0].encode())
    assert house.records.stored[CAT].record.status is Status.DESCRIBED


async def test_a_message_that_names_no_picture_is_left_to_the_poison_queue(house: House) -> None:
    with pytest.raises(ValueError, match="no event"):
        await house.delivery.again(b"{}")


async def test_deferred_work_is_a_cloud_event(house: House) -> None:
    house.model.script = [OUTAGE]
    await house.delivery.arrived(CAT.container, CAT.name)
    event = json.loads(house.queue.sent[0][0])
    assert event["specversion"] == "1.0"
    assert event["type"] == "ImageDescriber.ImageDeferred"
    assert event["subject"] == "/blobServices/default/containers/images/blobs/pets/cat.jpg"
    assert all(name.isalnum() and name.islower() for name in event)


async def test_a_noticed_event_is_queued_and_not_worked_on(house: House) -> None:
    await house.delivery.noticed("Microsoft.Storage.BlobCreated", CAT.subject, {})
    assert not house.model.calls
    ((message, delay),) = house.queue.sent
    assert delay == 0
    await house.delivery.again(message.encode())
    assert CAT in house.records.stored


async def test_a_deleted_picture_takes_its_sidecar_with_it(house: House) -> None:
    await house.describe()
    del house.images.blobs[CAT]
    await house.delivery.noticed("Microsoft.Storage.BlobDeleted", CAT.subject, {})
    await house.delivery.again(house.queue.sent[0][0].encode())
    assert CAT not in house.records.stored
