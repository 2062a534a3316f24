"""Blobs that are filled after their event: they rest before they are read, and are never left half described."""

import pytest

from describer.domain.errors import Archived, Corrupt, Transient
from describer.domain.settling import EMPTY_REST, REST, WATCHED
from describer.domain.status import Skip, Status
from describer.entrypoints.on_demand.service import BlobOf, RequestOptions
from tests.unit.conftest import CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

RESTED = REST.total_seconds() + 1


async def _visit(harness: Harness) -> float:
    """The last message's visit, or an event's; gives the delay of the message that it leaves."""
    before = len(harness.queue.sent)
    if before:
        await harness.delivery.handle_message(harness.queue.sent[-1][0].encode())
    else:
        await harness.delivery.handle_upload(CAT.container, CAT.name)
    return harness.queue.sent[-1][1] if len(harness.queue.sent) > before else 0.0


@pytest.fixture
def growing(harness: Harness) -> Harness:
    harness.images.grow = True
    harness.images.put(CAT, b"")
    return harness


async def test_an_empty_append_blob_is_deferred_until_it_has_bytes_and_rests(growing: Harness) -> None:
    assert await _visit(growing) > 0
    growing.images.rest(CAT, RESTED)
    assert await _visit(growing) > 0
    growing.images.append(CAT, b"half")
    assert 0 < await _visit(growing) <= RESTED * 1.25
    growing.images.append(CAT, b" a cat")
    assert 0 < await _visit(growing) <= RESTED * 1.25
    assert growing.records.stored == {}
    growing.images.rest(CAT, RESTED)
    await _visit(growing)
    assert growing.records.stored[CAT].record.status is Status.DESCRIBED
    assert [image.jpeg for image in growing.model.calls] == [b"half a cat"]


async def test_a_pause_in_the_middle_leaves_no_half_picture(growing: Harness) -> None:
    """A client pauses for longer than the rest, and then goes on without an event."""
    growing.images.append(CAT, b"half")
    growing.images.rest(CAT, RESTED)
    growing.preparer.refuses = Corrupt("Cut off.")
    assert await _visit(growing) > RESTED
    assert growing.records.stored[CAT].record.status is Status.CORRUPT
    growing.preparer.refuses = None
    growing.images.append(CAT, b" a cat")
    growing.images.rest(CAT, RESTED)
    await _visit(growing)
    assert growing.records.stored[CAT].record.status is Status.DESCRIBED


async def test_one_that_rested_for_a_day_is_finished(growing: Harness) -> None:
    growing.images.append(CAT, b"cat")
    growing.images.rest(CAT, WATCHED.total_seconds())
    assert await _visit(growing) == 0.0


async def test_the_looks_come_to_an_end_and_cost_no_call(growing: Harness) -> None:
    growing.images.append(CAT, b"cat")
    growing.images.rest(CAT, RESTED)
    looks = 0
    while delay := await _visit(growing):
        growing.images.rest(CAT, delay)
        looks += 1
    assert looks <= 8
    assert len(growing.model.calls) == 1
    assert isinstance(await growing.describe(), Skip)


async def test_one_that_stays_empty_is_recorded_as_corrupt_in_the_end(growing: Harness) -> None:
    growing.preparer.refuses = Corrupt("The blob has no bytes.")
    growing.images.rest(CAT, EMPTY_REST.total_seconds())
    await _visit(growing)
    assert growing.records.stored[CAT].record.status is Status.CORRUPT


async def test_a_copy_under_way_is_waited_for(harness: Harness) -> None:
    harness.images.are_being_copied = True
    assert await _visit(harness) > 0
    assert not harness.images.reads
    harness.images.are_being_copied = False
    await _visit(harness)
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED


@pytest.mark.parametrize("write", [True, False])
async def test_a_caller_gets_retry_after(growing: Harness, *, write: bool) -> None:
    on_demand = OnDemandSetup(growing).on_demand
    with pytest.raises(Transient, match="once it has not changed") as caught:
        await on_demand.describe(BlobOf(CAT), on_demand.brief(RequestOptions()), write=write)
    assert caught.value.retry_after
    assert not caught.value.counts_as_attempt


async def test_a_picture_that_leaves_the_archive_is_described_by_that_event(harness: Harness) -> None:
    harness.images.refusal = Archived("It is in the archive tier.")
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    assert harness.records.stored[CAT].record.status is Status.ARCHIVED
    harness.images.refusal = None
    data = {"api": "SetBlobTier", "accessTier": "Hot", "previousTier": "Archive"}
    await harness.delivery.handle_event("Microsoft.Storage.BlobTierChanged", CAT.subject, data)
    await harness.delivery.handle_message(harness.queue.sent[-1][0].encode())
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED
    assert "metadata_not_written" not in harness.records.stored[CAT].record.flags


async def test_a_picture_that_is_archived_keeps_its_record_to_the_letter(harness: Harness) -> None:
    await harness.describe()
    before = harness.records.stored[CAT]
    harness.images.refusal = Archived("It is in the archive tier.")
    assert isinstance(await harness.describe(), Skip)
    assert harness.records.stored[CAT] == before
