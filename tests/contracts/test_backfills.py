"""Where backfills are kept, on Azurite."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from describer.adapters.backfills import BlobBackfills
from describer.domain.errors import Busy, Conflict, Misconfigured
from describer.domain.image_ref import ImageRef
from describer.pipeline.backfill.state import Backfill, BackfillOptions, End, digest_of
from local.storage import Storage
from tests.backfills import seen
from tests.storage import unique

OPTIONS = BackfillOptions(container="images", prefix="2019/")
CHUNK = "20261128T120000-0123abcd/000001"


@pytest.fixture
async def backfills(storage: Storage) -> AsyncIterator[BlobBackfills]:
    async with storage.blob_service(storage.host) as blobs:
        name = unique("backfills")
        yield BlobBackfills(await blobs.create_container(name))
        await blobs.delete_container(name)


async def test_a_backfill_is_read_as_it_was_written(backfills: BlobBackfills) -> None:
    assert await backfills.latest() is None
    begun = await backfills.begin(Backfill.new(OPTIONS, seen(0.01)))
    assert await backfills.latest() == begun
    written = await backfills.write(begun.model_copy(update={"found": 7}))
    assert await backfills.read(begun.id) == written


async def test_an_earlier_state_replaces_nothing(backfills: BlobBackfills) -> None:
    begun = await backfills.begin(Backfill.new(OPTIONS))
    stopped = await backfills.write(begun.model_copy(update={"state": End.STOPPED}))
    with pytest.raises(Conflict):
        await backfills.write(begun)
    assert await backfills.read(begun.id) == stopped


async def test_two_that_begin_at_once_are_one(backfills: BlobBackfills) -> None:
    await backfills.begin(Backfill.new(OPTIONS))
    found = await asyncio.gather(*(backfills.begin(Backfill.new(OPTIONS)) for _ in range(4)), return_exceptions=True)
    begun = [each for each in found if isinstance(each, Backfill)]
    assert all(isinstance(each, Backfill | Conflict) for each in found)
    latest = await backfills.latest()
    assert latest in begun


async def test_reports_of_many_at_once_are_all_kept(backfills: BlobBackfills) -> None:
    assert await backfills.lines(CHUNK) == ()
    await asyncio.gather(*(backfills.report(CHUNK, f'{{"picture": "{number}"}}') for number in range(40)))
    assert sorted(await backfills.lines(CHUNK)) == sorted(f'{{"picture": "{number}"}}' for number in range(40))


async def test_what_is_no_picture_is_kept_in_mind_by_name_and_etag(backfills: BlobBackfills) -> None:
    assert await backfills.no_pictures("images") == {}
    names = [f"a film {number}" for number in range(20)]
    await asyncio.gather(*(backfills.remember_no_picture(ImageRef("images", name), '"0x1"') for name in names))
    await backfills.remember_no_picture(ImageRef("images", names[0]), '"0x2"')
    found = await backfills.no_pictures("images")
    assert found == dict.fromkeys(map(digest_of, names), '"0x1"') | {digest_of(names[0]): '"0x2"'}
    assert await backfills.no_pictures("others") == {}


async def test_one_process_drives_at_a_time(backfills: BlobBackfills) -> None:
    async with backfills.driving(0):
        with pytest.raises(Busy, match="Another process"):
            async with backfills.driving(0):
                pytest.fail("two drive")
    async with backfills.driving(0):
        pass


async def test_a_missing_container_is_the_operators_business(storage: Storage) -> None:
    async with storage.blob_service(storage.host) as blobs:
        with pytest.raises(Misconfigured, match="ContainerNotFound"):
            await BlobBackfills(blobs.get_container_client(unique("absent"))).latest()


async def test_texts_of_a_chunk_are_kept_by_kind(backfills: BlobBackfills) -> None:
    assert await backfills.get(CHUNK, "names") is None
    await backfills.put(CHUNK, "names", '["ü"]')
    await backfills.put(CHUNK, "answers", "{}")
    await backfills.put(CHUNK, "names", '["ö"]')
    assert (await backfills.get(CHUNK, "names"), await backfills.get(CHUNK, "answers")) == ('["ö"]', "{}")
