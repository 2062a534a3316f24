"""At least once: what cannot be done now is deferred, never dropped."""

import asyncio
import itertools
import json
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from describer.domain.errors import Misconfigured, Throttled, Transient
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Status
from describer.entrypoints.storage_events.delivery import MAX_INTERRUPTIONS, SUSPECT
from describer.entrypoints.storage_events.inbox import Inbox
from describer.pipeline.backoff import Backoff
from describer.pipeline.events import Work
from describer.pipeline.messages import Unreadable
from tests.fakes import FakeQueue, FakeTopic
from tests.unit.conftest import CAT, Harness
from tests.unit.entrypoints.test_inbox import Received

OUTAGE = Transient("The model's server cannot be reached")
STUMBLE = Transient("The model's server answered 500", counts_as_attempt=True)


async def _deliver_until_done(harness: Harness, limit: int = 20) -> list[float]:
    """Delivers the upload and whatever the queue then holds; the delays that were asked for, in seconds."""
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    delays: list[float] = []
    while len(delays) < len(harness.queue.sent) and len(delays) < limit:
        message, delay = harness.queue.sent[len(delays)]
        delays.append(delay)
        await harness.delivery.handle_message(message.encode())
    return delays


async def test_a_described_picture_leaves_the_queue_empty(harness: Harness) -> None:
    assert await _deliver_until_done(harness) == []
    assert CAT in harness.records.stored


async def test_an_outage_is_waited_out_however_long_it_lasts(harness: Harness) -> None:
    harness.model.script = [OUTAGE] * 12
    delays = await _deliver_until_done(harness)
    assert delays[:4] == [10, 20, 40, 80]
    assert max(delays) == 3600
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED


async def test_the_other_sides_wish_is_granted(harness: Harness) -> None:
    harness.model.script = [Transient("429", retry_after=61), Transient("429", retry_after=10**9)]
    assert await _deliver_until_done(harness) == [61, 6 * 86400]


async def test_while_the_quota_is_used_up_work_is_deferred_before_anything_is_read(harness: Harness) -> None:
    harness.images.fails_with = Misconfigured("storage was asked")
    shut = replace(harness.delivery, deferral=lambda: Transient("no quota", retry_after=75))
    await shut.handle_upload(CAT.container, CAT.name)
    ((message, delay),) = harness.queue.sent
    assert delay == 75
    assert Work.from_message(message.encode())[0].attempts == 0


async def test_a_quota_is_waited_for_however_long_it_takes(harness: Harness) -> None:
    shut = replace(harness.delivery, deferral=lambda: Throttled("no quota", retry_after=75), max_wait=timedelta(0))
    await shut.handle_upload(CAT.container, CAT.name)
    await shut.handle_message(harness.queue.sent[0][0].encode())
    assert len(harness.queue.sent) == 2
    assert CAT not in harness.records.stored


async def test_a_picture_that_stumbles_too_often_is_recorded_as_failed(harness: Harness) -> None:
    harness.model.script = [STUMBLE, OUTAGE, STUMBLE, STUMBLE]
    assert len(await _deliver_until_done(harness)) == 3
    record = harness.records.stored[CAT].record
    assert record.status is Status.FAILED
    assert record.reason == "Tried 3 times; last error: The model's server answered 500"


async def test_a_fault_of_the_apps_own_ends_in_a_record_too(harness: Harness, caplog: pytest.LogCaptureFixture) -> None:
    async def bug() -> None:
        raise ZeroDivisionError("secret")

    harness.model.meanwhile = bug
    assert await _deliver_until_done(harness) == [10, 20]
    record = harness.records.stored[CAT].record
    assert record.status is Status.FAILED
    assert record.reason == "Tried 3 times; last error: An unexpected ZeroDivisionError; the log says where"
    assert (
        len([entry for entry in caplog.records if entry.message == "picture.unexpected" and vars(entry)["where"]]) == 3
    )


async def test_a_missing_role_is_the_operators_business_and_loses_nothing(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    harness.model.script = [Misconfigured("lacks a role")] * 8
    assert len(await _deliver_until_done(harness)) == 8
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED
    assert {record.levelname for record in caplog.records if record.message == "picture.deferred"} == {"ERROR"}


async def test_a_last_attempt_whose_record_cannot_be_written_is_deferred_too(harness: Harness) -> None:
    harness.model.script = [STUMBLE] * 3
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    await harness.delivery.handle_message(harness.queue.sent[0][0].encode())

    async def storage_goes() -> None:
        harness.images.fails_with = Transient("503")

    harness.model.meanwhile = storage_goes
    await harness.delivery.handle_message(harness.queue.sent[1][0].encode())
    assert Work.from_message(harness.queue.sent[2][0].encode())[0].attempts == 3
    harness.images.fails_with = None
    await harness.delivery.handle_message(harness.queue.sent[2][0].encode())
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED


@pytest.mark.parametrize(
    "message", [b"", b"no JSON", b"{}", b'{"subject": "/containers/images"}', b'{"subject": 1}', b"\xff"]
)
async def test_a_message_that_names_no_picture_is_unreadable(harness: Harness, message: bytes) -> None:
    with pytest.raises(Unreadable):
        await harness.delivery.handle_message(message)


async def _cut_off(harness: Harness, message: bytes) -> None:
    """What the host does with a message whose try was cut off by a stop or a kill: it hands it over once more."""
    await harness.delivery.handle_message(message, received=2)


async def test_interrupted_work_is_deferred_to_a_different_time_for_each(harness: Harness) -> None:
    """It is not worked at once: what the app was killed over would take all that came back with it along again."""
    messages = [Work.first(CAT).to_message().encode() for _ in range(16)]
    chances = iter(number / 32 for number in range(32))
    delivery = replace(harness.delivery, backoff=Backoff(10, chance=lambda: next(chances)))
    for message in messages:
        await delivery.handle_message(message, received=2)
    assert not harness.model.calls
    assert len({delay for _, delay in harness.queue.sent}) == 16
    assert all(delay <= 75 for _, delay in harness.queue.sent)
    (work,) = Work.from_message(harness.queue.sent[0][0].encode())
    assert (work.attempts, work.interruptions) == (0, 1)


async def test_of_those_that_were_cut_off_twice_one_at_a_time_is_worked(harness: Harness) -> None:
    """So a picture that kills the app takes none of them along; the others are deferred, uncounted."""
    begun, go = asyncio.Event(), asyncio.Event()

    async def think() -> None:
        begun.set()
        await go.wait()

    harness.model.meanwhile, delivery = think, harness.delivery
    suspect = replace(Work.first(CAT), interruptions=SUSPECT).to_message()
    first = asyncio.create_task(delivery.handle_message(suspect.encode()))
    await begun.wait()
    await delivery.handle_message(suspect.encode())
    ((message, _),) = harness.queue.sent
    (later,) = Work.from_message(message.encode())
    assert (later.interruptions, later.attempts, later.deferrals) == (SUSPECT, 0, 0)
    go.set()
    await first
    await delivery.handle_message(message.encode())
    assert len(harness.model.calls) == len(harness.queue.sent) == 1
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED


async def test_a_stop_costs_no_try_of_the_picture(harness: Harness) -> None:
    """Cut off nine times and worked in between, it still has all the tries that a faulty picture has."""
    message = Work.first(CAT).to_message().encode()
    for _ in range(MAX_INTERRUPTIONS - 1):
        await _cut_off(harness, message)
        message = harness.queue.sent[-1][0].encode()
    harness.model.script = [STUMBLE, STUMBLE]
    for _ in range(3):
        await harness.delivery.handle_message(message)
        message = harness.queue.sent[-1][0].encode()
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED


async def test_a_picture_interrupted_each_time_is_recorded_as_failed_without_a_call(harness: Harness) -> None:
    message = Work.first(CAT).to_message().encode()
    for _ in range(MAX_INTERRUPTIONS):
        await _cut_off(harness, message)
        message = harness.queue.sent[-1][0].encode()
    record = harness.records.stored[CAT].record
    assert record.status is Status.FAILED
    assert record.reason == (
        f"Interrupted {MAX_INTERRUPTIONS} times: each time the app was stopped, was killed or failed during the work"
    )
    assert [stored.record.status for stored in harness.topic.published] == [Status.FAILED]
    assert not harness.model.calls


async def test_a_long_wait_of_the_host_is_one_interruption_however_often_it_handed_the_message_over(
    harness: Harness,
) -> None:
    """As where storage took no message for an hour, and each try to put the work off failed."""
    await harness.delivery.handle_message(Work.first(CAT).to_message().encode(), received=500)
    (work,) = Work.from_message(harness.queue.sent[0][0].encode())
    assert work.interruptions == 1


async def test_a_picture_that_was_described_before_the_cut_stays_described(harness: Harness) -> None:
    await harness.describe()
    last = replace(Work.first(CAT), interruptions=MAX_INTERRUPTIONS - 1).to_message().encode()
    await _cut_off(harness, last)
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED


async def test_a_bug_in_working_and_in_giving_up_ends_as_a_dead_letter(harness: Harness) -> None:
    """The worst: nothing of the pipeline works. The host brings the message again, and in the end a person gets it."""

    async def bug() -> None:
        raise ZeroDivisionError

    harness.model.meanwhile, harness.topic, dead_letters = bug, Buggy(), FakeQueue()
    left, seen = [Work.first(CAT).to_message()], set[str]()
    while left and len(harness.queue.sent) < 100:
        message = left.pop()
        for received in itertools.count(1):
            with suppress(ZeroDivisionError):
                work = partial(harness.delivery.handle_message, message.encode(), received)
                await Inbox(dead_letters).take("image-work", Received(received, message), work)
                break
        left += [text for text, _ in harness.queue.sent if text not in seen]
        seen |= set(left)
    assert [Work.from_message(text.encode())[0].ref for text, _ in dead_letters.sent] == [CAT]


class Buggy(FakeTopic):
    """A topic on which publishing always meets a bug of the app's own."""

    async def publish(self, stored: StoredRecord) -> None:
        raise ZeroDivisionError


async def test_deferred_work_is_a_cloud_event(harness: Harness) -> None:
    harness.model.script = [OUTAGE]
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    event = json.loads(harness.queue.sent[0][0])
    assert event["specversion"] == "1.0"
    assert event["type"] == "ImageDescriber.ImageDeferred"
    assert event["subject"] == "/blobServices/default/containers/images/blobs/pets/cat.jpg"
    assert all(name.isalnum() and name.islower() for name in event)


async def test_a_noticed_event_is_queued_and_not_worked_on(harness: Harness) -> None:
    await harness.delivery.handle_event("Microsoft.Storage.BlobCreated", CAT.subject, {})
    assert not harness.model.calls
    ((message, delay),) = harness.queue.sent
    assert delay == 0
    await harness.delivery.handle_message(message.encode())
    assert CAT in harness.records.stored


async def test_a_deleted_picture_takes_its_sidecar_with_it(harness: Harness) -> None:
    await harness.describe()
    del harness.images.blobs[CAT]
    await harness.delivery.handle_event("Microsoft.Storage.BlobDeleted", CAT.subject, {})
    await harness.delivery.handle_message(harness.queue.sent[0][0].encode())
    assert CAT not in harness.records.stored


def _long_ago(message: str, days: int) -> bytes:
    """Return the message as if it had been deferred for so many days."""
    event = json.loads(message)
    event["waitingsince"] = (datetime.now(UTC) - timedelta(days=days)).isoformat()
    return json.dumps(event).encode()


async def test_an_unknown_cause_is_recorded_as_failed_after_the_longest_wait(harness: Harness) -> None:
    harness.model.script = [OUTAGE] * 3
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    await harness.delivery.handle_message(_long_ago(harness.queue.sent[0][0], 13))
    assert CAT not in harness.records.stored
    await harness.delivery.handle_message(_long_ago(harness.queue.sent[1][0], 14))
    record = harness.records.stored[CAT].record
    assert record.status is Status.FAILED
    assert record.reason == "Waited for 14 days; last error: The model's server cannot be reached"


async def test_a_missing_role_never_ends_work_and_restarts_the_wait(harness: Harness) -> None:
    harness.model.script = [OUTAGE, Misconfigured("lacks a role"), OUTAGE]
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    for number in range(2):
        await harness.delivery.handle_message(_long_ago(harness.queue.sent[number][0], 400 if number == 0 else 0))
    assert CAT not in harness.records.stored
    assert "waitingsince" in json.loads(harness.queue.sent[2][0])
    assert "waitingsince" not in json.loads(harness.queue.sent[1][0])


async def test_an_old_event_that_is_put_back_has_all_its_time(harness: Harness) -> None:
    """A dead letter may be put on the queue months later; its first outage must not be its end."""
    harness.model.script = [OUTAGE]
    old = replace(Work.first(CAT), first_seen=datetime.now(UTC) - timedelta(days=100))
    await harness.delivery.handle_message(old.to_message().encode())
    assert (CAT in harness.records.stored, len(harness.queue.sent)) == (False, 1)


async def test_another_answer_is_asked_for_where_the_message_says_so(harness: Harness) -> None:
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    await harness.delivery.handle_message(Work.first(CAT).to_message().encode())
    assert len(harness.model.calls) == 1
    await harness.delivery.handle_message(replace(Work.first(CAT), again=True).to_message().encode())
    assert len(harness.model.calls) == 2


async def test_a_picture_that_cannot_be_given_up_waits_for_what_prevents_it(
    harness: Harness, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def down(ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        raise Transient("the storage service is down", retry_after=77)

    harness.model.script = [STUMBLE]
    monkeypatch.setattr(harness.records, "write", down)
    with caplog.at_level("INFO"):
        await replace(harness.delivery, max_attempts=1).handle_upload(CAT.container, CAT.name)
    ((_, delay),) = harness.queue.sent
    assert delay == 77
    assert [record.__dict__["reason"] for record in caplog.records if record.message == "picture.deferred"] == [
        "the storage service is down"
    ]
