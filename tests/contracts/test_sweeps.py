"""Where sweeps are kept, on Azurite."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from describer.adapters.sweeps import BlobSweeps
from describer.domain.errors import Busy, Conflict, Misconfigured
from describer.domain.image_ref import ImageRef
from describer.pipeline.sweep.state import End, Sweep, SweepOptions, digest_of
from local.storage import Storage
from tests.storage import unique
from tests.sweeps import seen

OPTIONS = SweepOptions(container="images", prefix="2019/")
CHUNK = "20261128T120000-0123abcd/000001"


@pytest.fixture
async def sweeps(storage: Storage) -> AsyncIterator[BlobSweeps]:
    async with storage.blob_service(storage.host) as blobs:
        name = unique("sweeps")
        yield BlobSweeps(await blobs.create_container(name))
        await blobs.delete_container(name)


async def test_a_sweep_is_read_as_it_was_written(sweeps: BlobSweeps) -> None:
    assert await sweeps.latest() is None
    begun = await sweeps.begin(Sweep.new(OPTIONS, seen(0.01)))
    assert await sweeps.latest() == begun
    written = await sweeps.write(begun.model_copy(update={"found": 7}))
    assert await sweeps.read(begun.id) == written


async def test_an_earlier_state_replaces_nothing(sweeps: BlobSweeps) -> None:
    begun = await sweeps.begin(Sweep.new(OPTIONS))
    stopped = await sweeps.write(begun.model_copy(update={"state": End.STOPPED}))
    with pytest.raises(Conflict):
        await sweeps.write(begun)
    assert await sweeps.read(begun.id) == stopped


async def test_two_that_begin_at_once_are_one(sweeps: BlobSweeps) -> None:
    await sweeps.begin(Sweep.new(OPTIONS))
    found = await asyncio.gather(*(sweeps.begin(Sweep.new(OPTIONS)) for _ in range(4)), return_exceptions=True)
    begun = [each for each in found if isinstance(each, Sweep)]
    assert all(isinstance(each, Sweep | Conflict) for each in found)
    latest = await sweeps.latest()
    assert latest in begun


async def test_reports_of_many_at_once_are_all_kept(sweeps: BlobSweeps) -> None:
    assert await sweeps.lines(CHUNK) == ()
    await asyncio.gather(*(sweeps.report(CHUNK, f'{{"picture": "{number}"}}') for number in range(40)))
    assert sorted(await sweeps.lines(CHUNK)) == sorted(f'{{"picture": "{number}"}}' for number in range(40))


async def test_what_is_no_picture_is_kept_in_mind_by_name_and_etag(sweeps: BlobSweeps) -> None:
    assert await sweeps.no_pictures("images") == {}
    names = [f"a film {number}" for number in range(20)]
    await asyncio.gather(*(sweeps.remember_no_picture(ImageRef("images", name), '"0x1"') for name in names))
    await sweeps.remember_no_picture(ImageRef("images", names[0]), '"0x2"')
    found = await sweeps.no_pictures("images")
    assert found == dict.fromkeys(map(digest_of, names), '"0x1"') | {digest_of(names[0]): '"0x2"'}
    assert await sweeps.no_pictures("others") == {}


async def test_one_process_drives_at_a_time(sweeps: BlobSweeps) -> None:
    async with sweeps.driving(0):
        with pytest.raises(Busy, match="Another process"):
            async with sweeps.driving(0):
                pytest.fail("two drive")
    async with sweeps.driving(0):
        pass


async def test_a_missing_container_is_the_operators_business(storage: Storage) -> None:
    async with storage.blob_service(storage.host) as blobs:
        with pytest.raises(Misconfigured, match="ContainerNotFound"):
            await BlobSweeps(blobs.get_container_client(unique("absent"))).latest()


async def test_texts_of_a_chunk_are_kept_by_kind(sweeps: BlobSweeps) -> None:
    assert await sweeps.get(CHUNK, "names") is None
    await sweeps.put(CHUNK, "names", '["ü"]')
    await sweeps.put(CHUNK, "answers", "{}")
    await sweeps.put(CHUNK, "names", '["ö"]')
    assert (await sweeps.get(CHUNK, "names"), await sweeps.get(CHUNK, "answers")) == ('["ö"]', "{}")
