"""The port `Records`: the fake and Blob Storage keep the same promises."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import pytest
from azure.storage.blob import StandardBlobTier
from azure.storage.blob.aio import ContainerClient

from describer.adapters.sidecars import BlobRecords
from describer.domain.errors import Conflict, Misconfigured, Newer
from describer.domain.history import Request
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.naming import sidecar_name
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.status import Status
from describer.domain.texts import Review, Translation, by_person
from describer.pipeline.ports import Records
from local.storage import Storage
from tests.fakes import FakeRecords

CAT = ImageRef("images", "a/ü #%?.jpg")


def _record(alt_text: str, *, name: str = CAT.name) -> Record:
    return Record.model_validate(
        {
            "status": "described",
            "language": "en",
            "alt_text": alt_text,
            "source": {"container": "images", "name": name, "etag": '"1"', "size": 3},
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


async def test_the_first_copys_record_stays(records: Records) -> None:
    assert await records.find_cached("images", "abc-123") is None
    await records.cache("images", "abc-123", _record("one"))
    await records.cache("images", "abc-123", _record("two"))
    cached = await records.find_cached("images", "abc-123")
    assert cached is not None
    assert cached.alt_text == "one"
    assert await records.find_cached("others", "abc-123") is None


async def test_what_was_shared_can_be_withdrawn(records: Records) -> None:
    await records.cache("images", "abc-123", _record("one"))
    await records.invalidate("images", "abc-123")
    assert await records.find_cached("images", "abc-123") is None
    await records.invalidate("images", "abc-123")  # absent: nothing to do


async def test_old_cached_answers_of_a_container_expire(records: Records) -> None:
    for container in ("images", "others"):
        await records.cache(container, "abc-123", _record("A cat", name=""))
    await records.write(CAT, _record("A cat"), replaces=None)
    assert await records.expire_cached("images", datetime.now(UTC) - timedelta(hours=1)) == 0
    assert await records.expire_cached("images", datetime.now(UTC) + timedelta(hours=1)) == 1
    assert await records.find_cached("images", "abc-123") is None
    assert await records.find_cached("others", "abc-123")
    assert await records.read(CAT)


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


async def test_another_programs_file_is_not_overwritten(descriptions: ContainerClient) -> None:
    await descriptions.upload_blob(sidecar_name(CAT), b'{"mine": true}')
    with pytest.raises(Misconfigured, match="is not a record of this app; move it away"):
        await BlobRecords(descriptions).read(CAT)


async def test_a_record_of_a_later_version_is_left_alone(descriptions: ContainerClient) -> None:
    records = BlobRecords(descriptions)
    await descriptions.upload_blob(sidecar_name(CAT), b'{"schema_version": 2, "texts": {}}')
    with pytest.raises(Newer, match="a later version of this app"):
        await records.read(CAT)
    assert (await records.page("images", "", "", 10)).items == []
    await descriptions.upload_blob("_content/images/abc-123.json", b'{"schema_version": 2}')
    assert await records.find_cached("images", "abc-123") is None


async def test_a_sidecar_saved_by_an_editor_is_read(descriptions: ContainerClient) -> None:
    """With a byte order mark."""
    records = BlobRecords(descriptions)
    await descriptions.upload_blob(sidecar_name(CAT), b"\xef\xbb\xbf" + _record("A cat 🐈").to_json())
    stored = await records.read(CAT)
    assert stored is not None
    assert stored.record == _record("A cat 🐈")


async def test_another_programs_file_does_not_stop_a_listing(descriptions: ContainerClient) -> None:
    records = BlobRecords(descriptions)
    await descriptions.upload_blob("images/a.json", b'{"mine": true}')
    await records.write(CAT, _record("A cat"), replaces=None)
    page = await records.page("images", "", "", 10)
    assert [entry.ref for entry in page.items] == [CAT]


async def test_records_are_listed_by_name_in_pages(records: Records) -> None:
    for name in ("b/2.jpg", "a.jpg", "b/1.jpg", "b/ü 3.jpg"):
        await records.write(ImageRef("images", name), _record(name, name=name), replaces=None)
    await records.write(ImageRef("images-old", "b/0.jpg"), _record("elsewhere"), replaces=None)
    await records.cache("images", "abc-123", _record("shared"))
    first = await records.page("images", "b/", "", 2)
    assert [entry.ref.name for entry in first.items] == ["b/1.jpg", "b/2.jpg"]
    second = await records.page("images", "b/", first.cursor, 2)
    assert [entry.ref.name for entry in second.items] == ["b/ü 3.jpg"]
    assert (bool(first.cursor), second.cursor) == (True, "")
    everything = await records.page("images", "", "", 100)
    assert (len(everything.items), everything.cursor) == (4, "")
    stored = await records.read(ImageRef("images", "a.jpg"))
    assert stored is not None
    assert everything.items[0] == IndexEntry.of(ImageRef("images", "a.jpg"), stored.record, stored.etag)
    assert (await records.page("images", "c", "", 10)).items == []


async def test_a_listing_has_the_records_facts_without_reading_its_file(records: Records) -> None:
    """The listing and the file agree, whatever the record contains."""
    record = _record("").model_copy(
        update={
            "status": Status.NEEDS_REVIEW,
            "demand": Demand.NEW_PICTURE,
            "review": Review.REJECTED,
            "is_decorative": True,
            "translations": {"de": Translation(alt_text="Katze"), "fr": Translation()},
            "request": Request(languages=("de",)),
            "provenance": by_person({"alt_text": ""}),
        }
    )
    written = await records.write(CAT, record, replaces=None)
    (entry,) = (await records.page("images", "", "", 10)).items
    assert entry == IndexEntry.of(CAT, record, written.etag)
    assert (entry.languages, entry.has_words, entry.has_wishes, entry.is_indexed) == (("de",), True, True, True)


async def test_a_listing_reads_no_file_that_the_app_wrote(descriptions: ContainerClient) -> None:
    records = BlobRecords(descriptions)
    await records.write(CAT, _record("A cat"), replaces=None)
    await descriptions.get_blob_client(sidecar_name(CAT)).set_standard_blob_tier(StandardBlobTier.ARCHIVE)
    assert [entry.ref for entry in (await records.page("images", "", "", 10)).items] == [CAT]


@pytest.mark.parametrize("keeps_metadata", [True, False])
async def test_a_sidecar_that_a_person_replaced_is_listed_as_it_is(
    descriptions: ContainerClient, keeps_metadata: bool
) -> None:
    """Whether their program kept the metadata, which is of the file before, or dropped it."""
    records, blob = BlobRecords(descriptions), descriptions.get_blob_client(sidecar_name(CAT))
    await records.write(CAT, _record("A cat"), replaces=None)
    pairs = dict((await blob.get_blob_properties()).metadata) if keeps_metadata else {}
    edited = _record("A cat").model_copy(update={"review": Review.REJECTED})
    await blob.upload_blob(edited.to_json(), overwrite=True, metadata=pairs)
    (entry,) = (await records.page("images", "", "", 10)).items
    assert (entry.review, entry.is_indexed) == (Review.REJECTED, False)


@pytest.mark.parametrize("name", ["x" * 1024, "深" * 340 + "/" + "🙂" * 300, "a/" * 253 + "b"])
async def test_a_picture_is_listed_by_its_whole_name(descriptions: ContainerClient, name: str) -> None:
    records, ref = BlobRecords(descriptions), ImageRef("images", name)
    await records.write(ref, _record("long", name=name), replaces=None)
    for prefix in ("", name[:900], name):
        assert [entry.ref for entry in (await records.page("images", prefix, "", 10)).items] == [ref]
    assert (await records.page("images", f"{name[:-1]}?", "", 10)).items == []


async def test_what_does_not_fit_into_metadata_is_read_from_the_file(descriptions: ContainerClient) -> None:
    tags = [
        f"de-x{first}{second}{third}" for first in "abcdefghijklm" for second in "abcdefghij" for third in "abcdefghij"
    ]
    records = BlobRecords(descriptions)
    record = _record("A cat").model_copy(update={"translations": {tag: Translation(alt_text="…") for tag in tags}})
    await records.write(CAT, record, replaces=None)
    (entry,) = (await records.page("images", "", "", 10)).items
    assert (entry.languages, entry.is_indexed) == (("en", *tags), False)


async def test_folders_of_a_hierarchical_namespace_are_no_sidecars(descriptions: ContainerClient) -> None:
    await descriptions.upload_blob("images/album.json", b"", metadata={"hdi_isfolder": "true"})
    assert (await BlobRecords(descriptions).page("images", "", "", 10)).items == []
