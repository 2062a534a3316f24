"""The port `Images`: the fake and Blob Storage keep the same promises."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

import pytest
from azure.storage.blob import StandardBlobTier
from azure.storage.blob.aio import BlobServiceClient

from describer.adapters.blob_images import BlobImages
from describer.adapters.storage import storage_errors
from describer.domain import metadata
from describer.domain.errors import Archived, Conflict, Misconfigured, Transient
from describer.domain.image_blob import ImageBlob
from describer.domain.image_ref import ImageRef
from local.storage import Storage
from tests.fakes import FakeImages
from tests.service import Answer, Service
from tests.spellings import DESCRIBED, SPELLINGS


@dataclass
class InMemory:
    """What other programs do to the blobs, in memory."""

    images: FakeImages
    container: str = "images"

    async def put(self, name: str, data: bytes, metadata: dict[str, str] | None = None) -> None:
        self.images.put(ImageRef(self.container, name), data, **(metadata or {}))

    async def tag(self, name: str, metadata: dict[str, str]) -> None:
        self.images.tag(ImageRef(self.container, name), **metadata)

    async def delete(self, name: str) -> None:
        del self.images.blobs[ImageRef(self.container, name)]


@dataclass
class InAzurite:
    """What other programs do to the blobs, in Azurite."""

    service: BlobServiceClient
    container: str

    @property
    def images(self) -> BlobImages:
        return BlobImages(self.service)

    async def put(self, name: str, data: bytes, metadata: dict[str, str] | None = None) -> None:
        await self.service.get_blob_client(self.container, name).upload_blob(data, overwrite=True, metadata=metadata)

    async def tag(self, name: str, metadata: dict[str, str]) -> None:
        await self.service.get_blob_client(self.container, name).set_blob_metadata(metadata)

    async def delete(self, name: str) -> None:
        await self.service.get_blob_client(self.container, name).delete_blob()


type World = InMemory | InAzurite


@pytest.fixture
async def azurite(storage: Storage, container: str) -> AsyncIterator[InAzurite]:
    async with storage.blob_service() as service:
        yield InAzurite(service, container)


@pytest.fixture(params=["fake", "azurite"])
def world(request: pytest.FixtureRequest, azurite: InAzurite) -> World:
    return InMemory(FakeImages()) if request.param == "fake" else azurite


async def _look(world: World, name: str) -> ImageBlob:
    picture = await world.images.get_properties(ImageRef(world.container, name))
    assert picture is not None
    return picture


async def test_a_picture_is_looked_at_and_read(world: World) -> None:
    await world.put("a/ü #%?.jpg", b"cat", {"shelf": "7"})
    picture = await _look(world, "a/ü #%?.jpg")
    assert (picture.size, dict(picture.metadata)) == (3, {"shelf": "7"})
    content = await world.images.read(picture)
    assert (content.data, content.size, content.sha256) == (b"cat", 3, sha256(b"cat").hexdigest())


async def test_an_absent_picture_is_none(world: World) -> None:
    assert await world.images.get_properties(ImageRef(world.container, "gone.jpg")) is None


async def test_metadata_is_replaced_as_a_whole_and_values_come_back(world: World) -> None:
    await world.put("a.jpg", b"cat", {"shelf": "7"})
    value = metadata.encode("Käse, 100 % «fein»\n🧀 ")
    assert await world.images.set_metadata(await _look(world, "a.jpg"), {"alt_text": value})
    assert dict((await _look(world, "a.jpg")).metadata) == {"alt_text": value}


async def test_an_empty_blob_is_read_as_empty(world: World) -> None:
    await world.put("empty.jpg", b"")
    assert (await world.images.read(await _look(world, "empty.jpg"))).size == 0


@pytest.mark.parametrize("change", ["put", "tag", "delete"])
async def test_what_changed_meanwhile_is_neither_read_nor_marked(world: World, change: str) -> None:
    await world.put("a.jpg", b"cat")
    picture = await _look(world, "a.jpg")
    if change == "put":
        await world.put("a.jpg", b"dog")
    elif change == "tag":
        await world.tag("a.jpg", {"shelf": "7"})
    else:
        await world.delete("a.jpg")
    with pytest.raises(Conflict):
        await world.images.read(picture)
    with pytest.raises(Conflict):
        await world.images.set_metadata(picture, {"alt_text": "A cat"})


async def test_marking_changes_the_etag(world: World) -> None:
    await world.put("a.jpg", b"cat")
    picture = await _look(world, "a.jpg")
    await world.images.set_metadata(picture, {"alt_text": "A cat"})
    assert (await _look(world, "a.jpg")).etag != picture.etag


async def test_what_is_uploaded_is_read_and_what_is_removed_is_gone(world: World) -> None:
    ref = ImageRef(world.container, "_smoke-test/1.png")
    await world.images.upload(ref, b"sun")
    await world.images.upload(ref, b"moon")
    assert (await world.images.read(await _look(world, ref.name))).data == b"moon"
    await world.images.remove(ref)
    assert await world.images.get_properties(ref) is None
    await world.images.remove(ref)  # absent: nothing to do


async def test_a_page_shows_what_a_backfill_decides_by(world: World) -> None:
    await world.put("a/ü.jpg", b"cat", {"Description_Status": "failed"})
    await world.put("b.jpg", b"")
    page = await world.images.page(world.container, "", "", 5000)
    assert [(each.ref.name, each.size, each.tier) for each in page.items] == [
        ("a/ü.jpg", 3, "Hot"),
        ("b.jpg", 0, "Hot"),
    ]
    assert metadata.value(page.items[0].metadata, metadata.STATUS) == "failed"
    modified = page.items[0].modified
    assert modified and abs(datetime.now(UTC) - modified) < timedelta(minutes=5)
    assert (page.cursor, page.unnameable) == ("", 0)
    assert [each.ref.name for each in (await world.images.page(world.container, "b", "", 5000)).items] == ["b.jpg"]
    assert page.items[1].etag == (await _look(world, "b.jpg")).etag


async def test_the_first_bytes_are_read_alone(world: World) -> None:
    await world.put("a.jpg", b"picture")
    await world.put("b.jpg", b"")
    for name, head in (("a.jpg", b"pict"), ("b.jpg", b""), ("gone.jpg", b"")):
        assert await world.images.head(ImageRef(world.container, name), 4) == head


async def test_a_leased_picture_is_deferred(azurite: InAzurite) -> None:
    await azurite.put("a.jpg", b"cat")
    lease = await azurite.service.get_blob_client(azurite.container, "a.jpg").acquire_lease(15)
    picture = await _look(azurite, "a.jpg")
    assert picture.leased
    with pytest.raises(Transient, match="LeaseIdMissing"):
        await azurite.images.set_metadata(picture, {"alt_text": "A cat"})
    await lease.release()
    assert not (await _look(azurite, "a.jpg")).leased


async def test_metadata_that_storage_does_not_take_is_no_fault_of_the_installation(azurite: InAzurite) -> None:
    """What others put there can leave no room, by a count that is not ours; the record is flagged then."""
    await azurite.put("a.jpg", b"cat")
    assert not await azurite.images.set_metadata(await _look(azurite, "a.jpg"), {"alt-text": "A cat"})
    with pytest.raises(Transient, match="InvalidMetadata") as caught, storage_errors("the picture"):
        await azurite.tag("a.jpg", {"alt-text": "A cat"})
    assert caught.value.counts_as_attempt


async def test_an_archived_picture_is_refused(azurite: InAzurite) -> None:
    await azurite.put("a.jpg", b"cat")
    await azurite.service.get_blob_client(azurite.container, "a.jpg").set_standard_blob_tier(StandardBlobTier.ARCHIVE)
    picture = await _look(azurite, "a.jpg")
    with pytest.raises(Archived, match="move it to another tier"):
        await azurite.images.read(picture)


async def test_a_container_that_does_not_exist_is_the_operators_business(azurite: InAzurite) -> None:
    ref = ImageRef("no-such-container", "a.jpg")
    with pytest.raises(Misconfigured, match="ContainerNotFound"):
        await azurite.images.read(ImageBlob(ref, '"1"', 1, {}))
    with pytest.raises(Misconfigured, match="ContainerNotFound"):
        await azurite.images.upload(ref, b"sun")
    with pytest.raises(Misconfigured, match="ContainerNotFound"):
        await azurite.images.remove(ref)


async def test_no_answer_is_transient() -> None:
    async with BlobServiceClient("http://127.0.0.1:9/images", retry_total=0) as nowhere:
        with pytest.raises(Transient, match="no answer from storage"):
            await BlobImages(nowhere).get_properties(ImageRef("images", "a.jpg"))


async def test_a_reference_has_the_name_of_the_blob_that_is_opened(azurite: InAzurite) -> None:
    """So that what a rule was judged on is what is read; see tests/cases/excluded_names.toml."""
    refs = [ImageRef(azurite.container, name) for name in (*SPELLINGS, *DESCRIBED)]
    for number, ref in enumerate(refs):
        await azurite.images.upload(ref, b"%d" % number)
    container = azurite.service.get_container_client(azurite.container)
    assert {blob.name async for blob in container.list_blobs()} == {ref.name for ref in refs}
    last = {ref: b"%d" % number for number, ref in enumerate(refs)}
    for ref, data in last.items():
        assert (await azurite.images.read(await _look(azurite, ref.name))).data == data


async def test_blobs_are_listed_with_their_metadata_in_pages(world: World) -> None:
    for name in ("b/2.jpg", "a.jpg", "b/1.jpg"):
        await world.put(name, name.encode(), {"alt_text": f"of {name}"})
    first = await world.images.page(world.container, "b/", "", 1)
    second = await world.images.page(world.container, "b/", first.cursor, 1)
    assert (bool(first.cursor), second.cursor) == (True, "")
    for page, name in ((first, "b/1.jpg"), (second, "b/2.jpg")):
        (listed,) = page.items
        assert listed == await world.images.get_properties(ImageRef(world.container, name))
        assert (listed.size, listed.metadata["alt_text"]) == (7, f"of {name}")
        assert listed.modified is not None
    assert (await world.images.page(world.container, "c", "", 10)).items == []


async def test_append_and_page_blobs_grow_and_block_blobs_do_not(azurite: InAzurite) -> None:
    client = azurite.service.get_container_client(azurite.container)
    await client.get_blob_client("append.jpg").create_append_blob()
    await client.get_blob_client("page.jpg").create_page_blob(512)
    await client.upload_blob("block.jpg", b"cat")
    listed = {blob.ref.name: blob for blob in (await azurite.images.page(azurite.container, "", "", 10)).items}
    for name, grows in (("append.jpg", True), ("page.jpg", True), ("block.jpg", False)):
        for blob in (await _look(azurite, name), listed[name]):
            assert (blob.grows, blob.is_being_copied) == (grows, False)
            assert blob.modified and blob.modified.tzinfo
    await client.get_blob_client("append.jpg").append_block(b"cat")
    assert (await _look(azurite, "append.jpg")).size == 3


async def test_a_copy_under_way_is_seen(storage: Storage, container: str) -> None:
    """Azurite copies at once."""
    headers = {
        "x-ms-copy-status": "pending",
        "x-ms-copy-id": "1",
        "x-ms-blob-type": "BlockBlob",
        "etag": '"0x1"',
        "last-modified": "Sat, 28 Nov 2026 08:00:00 GMT",
    }
    with Service(storage, [Answer("HEAD", 200, headers=headers)]) as service:
        async with service.blob_service() as blobs:
            picture = await BlobImages(blobs).get_properties(ImageRef(container, "cat.jpg"))
    assert picture and picture.is_being_copied
