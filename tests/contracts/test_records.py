"""The port `Records`: the fake and Blob Storage keep the same promises."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
from azure.storage.blob.aio import ContainerClient

from describer.adapters.sidecars import BlobRecords
from describer.domain.errors import Conflict, Misconfigured, Newer
from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.domain.record import Record
from describer.pipeline.ports import Records
from local.storage import Storage
from tests.fakes import FakeRecords

CAT = ImageRef("images", "a/ü #%?.jpg")


def _record(alt_text: str) -> Record:
    return Record.model_validate(
        {
            "status": "described",
            "language": "en",
            "alt_text": alt_text,
            "source": {"container": "images", "name": CAT.name, "etag": '"1"', "size": 3},
            "fingerprint": "f" * 16,
            "at": datetime(2026, 11, 23, tzinfo=UTC),
        }
    )


@pytest.fixture
async def descriptions(storage: Storage, container: str) -> AsyncIterator[ContainerClient]:
    async with storage.blob_service() as service:
        yield service.get_container_client(container)


@pytest.fixture(params=["fake", "azurite"])
def records(request: pytest.FixtureRequest, descriptions: ContainerClient) -> Records:
    return FakeRecords() if request.param == "fake" else BlobRecords(descriptions)


async def test_a_record_is_written_read_and_confirmed(records: Records) -> None:
    assert await records.read(CAT) is None
    written = await records.write(CAT, _record("A cat 🐈"), replaces=None)
    assert await records.read(CAT) == written
    assert written.record.alt_text == "A cat 🐈"
    await records.verify_unchanged(CAT, written)


async def test_only_the_record_that_was_read_is_replaced(records: Records) -> None:
    first = await records.write(CAT, _record("one"), replaces=None)
    with pytest.raises(Conflict):
        await records.write(CAT, _record("two"), replaces=None)
    second = await records.write(CAT, _record("two"), replaces=first)
    with pytest.raises(Conflict):
        await records.write(CAT, _record("three"), replaces=first)
    with pytest.raises(Conflict):
        await records.verify_unchanged(CAT, first)
    assert await records.read(CAT) == second


async def test_only_the_record_that_was_read_is_deleted(records: Records) -> None:
    first = await records.write(CAT, _record("one"), replaces=None)
    second = await records.write(CAT, _record("two"), replaces=first)
    with pytest.raises(Conflict):
        await records.delete(CAT, first)
    await records.delete(CAT, second)
    assert await records.read(CAT) is None
    with pytest.raises(Conflict):
        await records.write(CAT, _record("three"), replaces=second)
    with pytest.raises(Conflict):
        await records.verify_unchanged(CAT, second)


async def test_the_first_twins_record_stays(records: Records) -> None:
    assert await records.find_cached("images", "abc-123") is None
    await records.cache("images", "abc-123", _record("one"))
    await records.cache("images", "abc-123", _record("two"))
    twin = await records.find_cached("images", "abc-123")
    assert twin is not None
    assert twin.alt_text == "one"
    assert await records.find_cached("others", "abc-123") is None


async def test_what_was_shared_can_be_withdrawn(records: Records) -> None:
    await records.cache("images", "abc-123", _record("one"))
    await records.invalidate("images", "abc-123")
    assert await records.find_cached("images", "abc-123") is None
    await records.invalidate("images", "abc-123")  # absent: nothing to do


@pytest.mark.parametrize("name", ["x" * 1024, "深" * 340 + "/" + "🙂" * 300, ".dot/a/b/c d", "a/" * 253 + "b"])
async def test_names_of_every_length_have_a_sidecar(descriptions: ContainerClient, name: str) -> None:
    """Azurite takes any name; what the service takes is counted, and test_service.py has its answer."""
    records, ref = BlobRecords(descriptions), ImageRef("images", name)
    assert len(sidecar_name(ref).encode("utf-16-le")) // 2 <= 1024
    assert sidecar_name(ref).count("/") < 62
    written = await records.write(ref, _record("long"), replaces=None)
    assert await records.read(ref) == written


async def test_a_sidecar_is_json_that_is_never_cached(descriptions: ContainerClient) -> None:
    await BlobRecords(descriptions).write(CAT, _record("A cat"), replaces=None)
    properties = await descriptions.get_blob_client(sidecar_name(CAT)).get_blob_properties()
    assert properties.content_settings.content_type == "application/json"
    assert properties.content_settings.cache_control == "no-cache"


async def test_somebody_elses_file_is_not_overwritten(descriptions: ContainerClient) -> None:
    await descriptions.upload_blob(sidecar_name(CAT), b'{"mine": true}')
    with pytest.raises(Misconfigured, match="is no record of this app; move it away"):
        await BlobRecords(descriptions).read(CAT)


async def test_a_record_of_a_later_version_is_left_alone(descriptions: ContainerClient) -> None:
    records = BlobRecords(descriptions)
    await descriptions.upload_blob(sidecar_name(CAT), b'{"schema_version": 2, "texts": {}}')
    with pytest.raises(Newer, match="a later version of this app"):
        await records.read(CAT)
    assert (await records.page("images", "", "", 10)).stored == []
    await descriptions.upload_blob("_content/images/abc-123.json", b'{"schema_version": 2}')
    assert await records.find_cached("images", "abc-123") is None


async def test_a_sidecar_saved_by_an_editor_is_read(descriptions: ContainerClient) -> None:
    """With a byte order mark."""
    records = BlobRecords(descriptions)
    await descriptions.upload_blob(sidecar_name(CAT), b"\xef\xbb\xbf" + _record("A cat 🐈").to_json())
    stored = await records.read(CAT)
    assert stored is not None
    assert stored.record == _record("A cat 🐈")


async def test_somebody_elses_file_does_not_stop_a_listing(descriptions: ContainerClient) -> None:
    records = BlobRecords(descriptions)
    await descriptions.upload_blob("images/a.json", b'{"mine": true}')
    await records.write(CAT, _record("A cat"), replaces=None)
    page = await records.page("images", "", "", 10)
    assert [stored.record.alt_text for stored in page.stored] == ["A cat"]


async def test_records_are_listed_by_name_in_pages(records: Records) -> None:
    for name in ("b/2.jpg", "a.jpg", "b/1.jpg", "b/ü 3.jpg"):
        await records.write(ImageRef("images", name), _record(name), replaces=None)
    await records.write(ImageRef("images-old", "b/0.jpg"), _record("elsewhere"), replaces=None)
    await records.cache("images", "abc-123", _record("shared"))
    first = await records.page("images", "b/", "", 2)
    assert [stored.record.alt_text for stored in first.stored] == ["b/1.jpg", "b/2.jpg"]
    second = await records.page("images", "b/", first.cursor, 2)
    assert [stored.record.alt_text for stored in second.stored] == ["b/ü 3.jpg"]
    assert (bool(first.cursor), second.cursor) == (True, "")
    everything = await records.page("images", "", "", 100)
    assert (len(everything.stored), everything.cursor) == (4, "")
    assert everything.stored[0] == await records.read(ImageRef("images", "a.jpg"))
    assert (await records.page("images", "c", "", 10)).stored == []
