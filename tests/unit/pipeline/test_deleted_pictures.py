"""What becomes of records whose picture is gone, and how all about a picture is erased."""

import asyncio
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest

from describer.domain import metadata
from describer.domain.correction import Correction
from describer.domain.errors import Conflict, Misconfigured, Newer, NotFound, Transient
from describer.domain.image_blob import ImageBlob, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Skip, SkipReason
from describer.pipeline.cleanup import CLEANED, CLEANUP_UNFINISHED, Cleanup
from describer.pipeline.deleted_pictures import Fate
from describer.pipeline.ports import Page
from tests.unit.conftest import CAT, Harness

TOM = Correction({"en": {"alt_text": "Tom, asleep."}})


async def _gone(harness: Harness, *, with_words: bool) -> None:
    await harness.describe()
    if with_words:
        await harness.corrector.correct(CAT, TOM)
    del harness.images.blobs[CAT]


async def _orphans(harness: Harness, *, write: bool) -> list[tuple[str, Fate]]:
    orphans = harness.deleted_pictures.orphans("images", write=write)
    return [(orphan.ref.name, orphan.fate) async for orphan in orphans]


async def test_a_record_of_the_models_goes_and_what_copies_share_of_it(harness: Harness) -> None:
    """As after the deletion of a folder, or on the default route: without an event."""
    await _gone(harness, with_words=False)
    assert await _orphans(harness, write=False) == [(CAT.name, Fate.REMOVED)]
    assert CAT in harness.records.stored
    assert await _orphans(harness, write=True) == [(CAT.name, Fate.REMOVED)]
    assert (harness.records.stored, harness.records.shared) == ({}, {})


@pytest.mark.parametrize("entry_point", ["orphans", "event"])
async def test_a_persons_record_is_kept_marked_and_expires(harness: Harness, entry_point: str) -> None:
    await _gone(harness, with_words=True)
    if entry_point == "event":
        assert await harness.describe() == Skip(SkipReason.GONE, "the blob was deleted")
    else:
        assert await _orphans(harness, write=True) == [(CAT.name, Fate.KEPT)]
    kept = harness.records.stored[CAT].record
    assert (kept.alt_text, kept.deleted_at is not None) == ("Tom, asleep.", True)
    assert kept.deleted_at
    harness.now = kept.deleted_at + timedelta(days=29)
    writes = harness.records.writes
    assert await _orphans(harness, write=True) == [(CAT.name, Fate.KEPT)]
    assert harness.records.writes == writes
    harness.now = kept.deleted_at + timedelta(days=30)
    assert await _orphans(harness, write=True) == [(CAT.name, Fate.EXPIRED)]
    assert CAT not in harness.records.stored


async def test_a_picture_that_comes_back_has_its_record_again(harness: Harness) -> None:
    await _gone(harness, with_words=True)
    await _orphans(harness, write=True)
    harness.images.put(CAT, b"cat")
    record = await harness.described()
    assert (record.alt_text, record.deleted_at) == ("Tom, asleep.", None)
    assert await harness.describe() == Skip(SkipReason.UNCHANGED, "its record is complete")
    assert len(harness.model.calls) == 1


async def test_a_picture_that_is_there_is_no_orphan_whatever_the_listing_said(harness: Harness) -> None:
    await harness.describe()
    listed = harness.images.page

    async def stale(container: str, prefix: str, cursor: str, limit: int):  # type: ignore[no-untyped-def]
        return type(await listed(container, prefix, cursor, limit))([])

    harness.images.page = stale  # type: ignore[method-assign]
    assert await _orphans(harness, write=True) == []
    assert CAT in harness.records.stored


async def test_all_about_a_picture_is_erased(harness: Harness) -> None:
    await harness.describe()
    await harness.corrector.correct(CAT, TOM)
    harness.images.tag(CAT, owner="zoo")
    assert (await harness.purger.purge(CAT)).record
    assert (harness.records.stored, harness.records.shared) == ({}, {})
    assert harness.metadata() == {"owner": "zoo", metadata.SKIP: "true"}
    await harness.delivery.handle_message(harness.queue.sent[-1][0].encode())  # the message that waited
    assert (harness.records.stored, len(harness.model.calls)) == ({}, 1)


async def test_an_erased_picture_may_be_described_again(harness: Harness) -> None:
    await harness.describe()
    await harness.purger.purge(CAT, keep_out=False)
    assert harness.metadata() == {}
    record = await harness.described()
    assert isinstance(record, Record)
    assert record.history == ()


async def test_the_record_of_a_picture_that_is_gone_is_erased(harness: Harness) -> None:
    await _gone(harness, with_words=True)
    await harness.purger.purge(CAT)
    assert harness.records.stored == {}
    with pytest.raises(NotFound):
        await harness.purger.purge(CAT)
    with pytest.raises(NotFound):
        await harness.purger.purge(ImageRef("secrets", "cat.jpg"))


async def test_a_persons_metadata_that_the_app_never_wrote_stays(harness: Harness) -> None:
    harness.images.put(CAT, b"cat", alt_text="Tom, by hand")
    await harness.purger.purge(CAT)
    assert harness.metadata() == {"alt_text": "Tom, by hand", metadata.SKIP: "true"}


async def test_where_metadata_cannot_be_changed_nothing_is_erased(harness: Harness) -> None:
    await harness.describe()
    harness.images.unwritable = True
    with pytest.raises(Misconfigured):
        await harness.purger.purge(CAT)
    assert CAT in harness.records.stored


async def test_what_cannot_be_read_or_changes_meanwhile_stops_nothing(harness: Harness) -> None:
    others = [ImageRef("images", name) for name in ("a-newer.jpg", "b-back.jpg", "z-last.jpg")]
    for ref in others:
        harness.images.put(ref, ref.name.encode())
        await harness.describe(ref)
        del harness.images.blobs[ref]
    newer, back, last = others
    delete = harness.records.delete

    async def read(ref: ImageRef) -> StoredRecord | None:
        if ref == newer:
            raise Newer("written by a later version")
        return harness.records.stored.get(ref)

    async def comes_back(ref: ImageRef, stored: StoredRecord) -> None:
        if ref == back:
            raise Conflict("changed")
        await delete(ref, stored)

    harness.records.read, harness.records.delete = read, comes_back  # type: ignore[method-assign]
    assert await _orphans(harness, write=True) == [(last.name, Fate.REMOVED)]
    assert set(harness.records.stored) == {newer, back}


async def test_the_nightly_cleanup_removes_and_expires_in_all_containers(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    await _gone(harness, with_words=True)
    cleanup = Cleanup(harness.deleted_pictures, ("more", "images"))
    assert await cleanup.run() == Counter({Fate.KEPT: 1})
    harness.now += timedelta(days=40)
    caplog.clear()
    with caplog.at_level("INFO"):
        assert await Cleanup(harness.deleted_pictures, ("images",)).run() == Counter({Fate.EXPIRED: 1})
    assert CAT not in harness.records.stored
    [said] = [record.__dict__ for record in caplog.records if record.message == CLEANED]
    assert (said["expired"], said["kept"], said["removed"]) == (1, 0, 0)


async def test_an_answer_whose_picture_goes_before_its_record_is_written_leaves_the_cache_in_time(
    harness: Harness, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def down(ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        raise Transient("the storage service is down")

    with monkeypatch.context() as patched:
        patched.setattr(harness.records, "write", down)
        with pytest.raises(Transient):
            await harness.describe()
    del harness.images.blobs[CAT]
    assert await harness.describe() == Skip(SkipReason.GONE, "the blob was deleted")
    for days, stays in ((29, True), (31, False)):
        harness.now = datetime.now(UTC) + timedelta(days=days)
        await Cleanup(harness.deleted_pictures, ("images",)).run()
        assert bool(harness.records.shared) == stays


@pytest.mark.parametrize("fault", [Misconfigured("a role is missing"), None])
async def test_a_cleanup_that_cannot_finish_is_reported_and_is_no_error(
    harness: Harness, caplog: pytest.LogCaptureFixture, fault: Misconfigured | None
) -> None:
    async def page(container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        del container, prefix, cursor, limit
        if fault:
            raise fault
        await asyncio.Event().wait()
        raise AssertionError("unreachable")

    harness.images.page = page  # type: ignore[method-assign]
    assert await Cleanup(harness.deleted_pictures, ("images",), seconds=0.01).run() == Counter()
    [said] = [record.__dict__ for record in caplog.records if record.message == CLEANUP_UNFINISHED]
    assert said["reason"] == ("a role is missing" if fault else "0 seconds are over")
