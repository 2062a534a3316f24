"""The storage service's own answers, by a proxy before Azurite: what each means, and what becomes of its picture."""

import logging
import tomllib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import StandardBlobTier
from azure.storage.blob.aio import BlobServiceClient

from describer.adapters import storage as adapter
from describer.adapters.blob_images import BlobImages
from describer.adapters.sidecars import BlobRecords
from describer.adapters.storage import storage_errors
from describer.domain import errors
from describer.domain.errors import DescriberError, InvalidRequest, Protected, RecordUnreadable, Transient
from describer.domain.image_ref import ImageRef
from describer.domain.naming import shared_name, sidecar_name
from describer.domain.record import Record
from describer.domain.status import Skip, SkipReason, Status
from describer.operations.smoke_image import PASSED
from describer.operations.smoke_test import SmokeTest
from describer.pipeline.events import Work
from describer.pipeline.pipeline import NOT_MARKED
from local.storage import Storage
from tests.service import Answer, Service
from tests.storage import unique
from tests.unit.conftest import BRIEF, Harness

_FILE = Path(__file__).parents[1] / "cases" / "storage_answers.toml"
ROWS: list[tuple[str, dict[str, Any]]] = [
    (on, row) for row in tomllib.loads(_FILE.read_text(encoding="utf-8"))["answer"] for on in row["on"]
]


@pytest.fixture(scope="module")
def proxy(storage: Storage) -> Iterator[Service]:
    with Service(storage) as proxy:
        yield proxy


@pytest.fixture
def service(proxy: Service) -> Service:
    proxy.answers.clear()
    proxy.seen.clear()
    return proxy


@pytest.fixture
async def blobs(service: Service) -> AsyncIterator[BlobServiceClient]:
    async with service.blob_service() as blobs:
        yield blobs


@dataclass
class World:
    """The pipeline between real adapters for storage and fakes for the rest; containers of its own."""

    harness: Harness
    service: Service
    blobs: BlobServiceClient
    ref: ImageRef
    descriptions: str

    async def upload(self, data: bytes = b"cat") -> None:
        await self.blobs.get_blob_client(self.ref.container, self.ref.name).upload_blob(data, overwrite=True)

    @property
    def picture(self) -> str:
        """The pattern of its path."""
        return f"*/{self.ref.container}/{self.ref.name}"

    def answers(self, on: str, status: int, code: str, path: str = "") -> None:
        self.service.answers = [Answer(on, status, code, path or self.picture)]

    async def visit(self) -> Record | Skip | DescriberError:
        try:
            return await self.harness.pipeline.describe(self.ref, BRIEF)
        except DescriberError as error:
            return error

    async def archive(self, name: str) -> None:
        """In Azurite the tier is enough: a GET is refused, as by the service."""
        await self.blobs.get_blob_client(self.descriptions, name).set_standard_blob_tier(StandardBlobTier.ARCHIVE)


@pytest.fixture
async def world(service: Service, blobs: BlobServiceClient) -> AsyncIterator[World]:
    images, descriptions = unique("images"), unique("descriptions")
    for container in (images, descriptions):
        await blobs.create_container(container)
    harness = Harness()
    harness.blob_filter = type(harness.blob_filter)((images,))
    harness.images = BlobImages(blobs)  # type: ignore[assignment]
    harness.records = BlobRecords(blobs.get_container_client(descriptions))  # type: ignore[assignment]
    made = World(harness, service, blobs, ImageRef(images, "cat.jpg"), descriptions)
    await made.upload()
    yield made
    service.answers.clear()
    for container in (images, descriptions):
        await blobs.delete_container(container)


@pytest.mark.parametrize(("on", "row"), ROWS, ids=lambda value: value if isinstance(value, str) else value.get("code"))
async def test_what_an_answer_means(world: World, on: str, row: dict[str, Any]) -> None:
    headers = {"retry-after": str(row["wait"])} if "wait" in row else {}
    world.service.answers = [Answer(on, row["status"], row.get("code", ""), world.picture, headers)]
    blob = world.blobs.get_blob_client(world.ref.container, world.ref.name)
    calls: dict[str, Callable[[], Awaitable[object]]] = {
        "HEAD": blob.get_blob_properties,
        "GET": blob.download_blob,
        "PUT": lambda: blob.upload_blob(b"dog", overwrite=True),
        "PUT metadata": lambda: blob.set_blob_metadata({"alt_text": "A cat"}),
        "DELETE": blob.delete_blob,
    }
    with pytest.raises(DescriberError) as caught, storage_errors("the blob"):
        await calls[on]()
    assert type(caught.value) is getattr(errors, row["means"])
    if isinstance(caught.value, Transient):
        assert (caught.value.counts_as_attempt, caught.value.retry_after) == (row.get("blames", False), row.get("wait"))


async def test_without_an_answer_of_its_own_the_proxy_is_azurite(world: World) -> None:
    """So that the other tests show what the answer does, and nothing of the proxy's."""
    record = await world.visit()
    assert isinstance(record, Record)
    assert (record.status, record.flags) == (Status.DESCRIBED, ())
    assert await world.visit() == Skip(SkipReason.UNCHANGED, "its record is complete")


@pytest.mark.parametrize("code", ["BlobImmutableDueToLegalHold", "BlobImmutableDueToPolicy"])
async def test_a_picture_under_a_hold_is_described_flagged_and_not_deferred(world: World, code: str) -> None:
    world.answers("PUT metadata", 409, code)
    for _ in range(3):
        record = await world.visit()
        assert isinstance(record, Record)
        assert (record.status, record.flags) == (Status.DESCRIBED, (NOT_MARKED,))
    assert len(world.harness.model.calls) == 1
    assert len(set(map(_etag, world.harness.topic.published))) == 2


def _etag(stored: Any) -> str:
    return str(stored.etag)


async def test_a_picture_with_a_key_of_its_owners_has_a_record_that_says_so(world: World) -> None:
    code = "BlobUsesCustomerSpecifiedEncryption"
    world.service.answers = [Answer(on, 409, code, world.picture) for on in ("HEAD", "GET", "PUT metadata")]
    for _ in range(2):
        record = await world.visit()
        assert isinstance(record, Record)
        assert (record.status, record.flags) == (Status.UNSUPPORTED, (NOT_MARKED,))
        assert "encrypted with a key that clients send with each request" in record.reason
    assert world.harness.model.calls == []
    world.service.answers.clear()
    record = await world.visit()
    assert isinstance(record, Record)
    assert (record.status, record.flags) == (Status.DESCRIBED, ())


async def test_an_archived_picture_is_recorded_and_announced_once_and_never_marked(world: World) -> None:
    """Azurite lets an archived blob's metadata be set; the service does not, so that we do not try."""
    await world.blobs.get_blob_client(world.ref.container, world.ref.name).set_standard_blob_tier(
        StandardBlobTier.ARCHIVE
    )
    record = await world.visit()
    assert isinstance(record, Record)
    assert (record.status, record.flags) == (Status.ARCHIVED, (NOT_MARKED,))
    assert len(world.harness.topic.published) == 1
    assert "PUT metadata" not in {seen.on for seen in world.service.seen}
    properties = await world.blobs.get_blob_client(world.ref.container, world.ref.name).get_blob_properties()
    assert properties.metadata == {}


async def test_an_upload_over_an_archived_record_waits_for_it(world: World) -> None:
    """The record may hold a person's text; it is neither lost nor is the picture."""
    await world.visit()
    await world.archive(sidecar_name(world.ref))
    await world.upload(b"dog")
    ended = await world.visit()
    assert isinstance(ended, RecordUnreadable)
    assert "is in the archive tier; move it to another tier" in str(ended)
    assert len(world.harness.model.calls) == 1
    await world.harness.delivery.handle_upload(world.ref.container, world.ref.name)
    ((message, _),) = world.harness.queue.sent
    assert [(work.ref, work.attempts) for work in Work.from_message(message.encode())] == [(world.ref, 0)]
    sidecar = world.blobs.get_blob_client(world.descriptions, sidecar_name(world.ref))
    await sidecar.set_standard_blob_tier(StandardBlobTier.HOT)
    await world.harness.delivery.handle_message(message.encode())
    assert len(world.harness.model.calls) == 2


async def test_a_record_with_a_key_of_somebodys_is_the_operators_business(world: World) -> None:
    await world.visit()
    world.answers("GET", 409, "BlobUsesCustomerSpecifiedEncryption", f"*/{sidecar_name(world.ref)}")
    ended = await world.visit()
    assert isinstance(ended, RecordUnreadable)
    assert "is encrypted with a key" in str(ended)


async def test_a_listing_passes_over_archived_records_that_it_has_to_read(world: World) -> None:
    await world.visit()
    sidecar = world.blobs.get_blob_client(world.descriptions, sidecar_name(world.ref))
    data = await (await sidecar.download_blob()).readall()
    await sidecar.upload_blob(data, overwrite=True)  # somebody's copy, without our metadata
    await world.archive(sidecar_name(world.ref))
    page = await world.harness.records.page(world.ref.container, "", "", 10)
    assert page.items == []


async def test_an_archived_answer_of_copies_is_as_good_as_none(world: World) -> None:
    record = await world.visit()
    assert isinstance(record, Record)
    key = f"{record.source.sha256}-{record.fingerprint}"
    await world.archive(shared_name(world.ref.container, key))
    assert await world.harness.records.find_cached(world.ref.container, key) is None
    copy = ImageRef(world.ref.container, "copy.jpg")
    await world.blobs.get_blob_client(copy.container, copy.name).upload_blob(b"cat")
    described = await world.harness.pipeline.describe(copy, BRIEF)
    assert isinstance(described, Record)
    assert (described.status, len(world.harness.model.calls)) == (Status.DESCRIBED, 2)


async def test_a_proxys_404_deletes_no_sidecar(world: World) -> None:
    await world.visit()
    world.answers("HEAD", 404, "")
    ended = await world.visit()
    assert isinstance(ended, Transient)
    assert not ended.counts_as_attempt
    world.service.answers.clear()
    assert await world.harness.records.read(world.ref) is not None


@pytest.mark.parametrize("code", ["BlobImmutableDueToPolicy", "BlobImmutableDueToLegalHold"])
async def test_a_record_that_a_policy_protects_stays_when_its_picture_is_gone(
    world: World, code: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    await world.visit()
    await world.blobs.get_blob_client(world.ref.container, world.ref.name).delete_blob()
    world.answers("DELETE", 409, code, f"*/{world.descriptions}/*")
    assert await world.visit() == Skip(SkipReason.GONE, "the blob was deleted")
    assert f"a blob was not deleted: {code}" in {record.__dict__.get("reason") for record in caplog.records}
    assert await world.harness.records.read(world.ref) is not None


async def test_a_record_under_a_policy_is_not_replaced(world: World) -> None:
    await world.visit()
    await world.upload(b"dog")
    world.answers("PUT", 409, "BlobImmutableDueToPolicy", f"*/{world.ref.container}/cat.jpg.json")
    ended = await world.visit()
    assert isinstance(ended, Protected)


async def test_a_deleted_pictures_record_goes_with_its_snapshots(world: World) -> None:
    await world.visit()
    await world.blobs.get_blob_client(world.descriptions, sidecar_name(world.ref)).create_snapshot()
    await world.blobs.get_blob_client(world.ref.container, world.ref.name).delete_blob()
    assert await world.visit() == Skip(SkipReason.GONE, "the blob was deleted")
    left = world.blobs.get_container_client(world.descriptions).list_blobs(include=["snapshots"])
    assert [blob.name async for blob in left] == []


async def test_the_smoke_test_passes_in_a_container_that_keeps_what_it_has(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """A time-based policy lets nothing be deleted; the pipeline works all the same."""
    caplog.set_level(logging.INFO)
    world.service.answers = [Answer("DELETE", 409, "BlobImmutableDueToPolicy")]
    container = world.ref.container

    async def pause(_seconds: float) -> None:
        (name,) = [b.name async for b in world.blobs.get_container_client(container).list_blobs("_smoke-test/")]
        await world.harness.describe(ImageRef(container, name))

    smoke_test = SmokeTest(world.harness.images, world.harness.records, world.harness.blob_filter, container, pause)
    await smoke_test.run(b"worm")
    assert [record.message for record in caplog.records if record.message.startswith("smoke_test.")] == [PASSED]


@pytest.mark.parametrize("name", ["🙂" * 510 + ".jpg", "a/" * 70 + "🙂" * 400, "🙂" * 509 + "x.jpg"])
async def test_long_names_have_a_sidecar_that_the_service_takes(world: World, name: str) -> None:
    """It counts UTF-16 units, Azurite nothing; so they are counted before the model is paid."""
    ref = ImageRef(world.ref.container, name)
    assert len(sidecar_name(ref).encode("utf-16-le")) // 2 <= 1024
    await world.blobs.get_blob_client(ref.container, ref.name).upload_blob(b"long")
    record = await world.harness.pipeline.describe(ref, BRIEF)
    assert isinstance(record, Record)
    assert record.source.name == name


async def test_a_name_that_is_too_long_for_the_service_is_refused_there(world: World) -> None:
    """By the proxy, that is: so that the test above can fail."""
    with pytest.raises(Transient, match="OutOfRangeInput"):
        await world.harness.images.upload(ImageRef(world.ref.container, "🙂" * 513), b"long")
    assert await world.harness.images.get_properties(ImageRef(world.ref.container, "🙂" * 513)) is None


@pytest.mark.parametrize("value", ["K\xe4se", "x" * 8190])
async def test_metadata_that_the_service_does_not_take_is_flagged(world: World, value: str) -> None:
    """Azurite keeps both; the service refuses them, and a picture that has such pairs came from elsewhere."""
    picture = await world.harness.images.get_properties(world.ref)
    assert picture is not None
    assert not await world.harness.images.set_metadata(picture, {"alt_text": value})
    assert dict((await world.blobs.get_blob_client(*_place(world.ref)).get_blob_properties()).metadata) == {}


async def test_a_forged_cursor_is_the_callers_business(world: World) -> None:
    """Azurite takes any marker."""
    await world.visit()
    with pytest.raises(InvalidRequest) as caught:
        await world.harness.records.page(world.ref.container, "", "forged", 10)
    assert caught.value.field == "cursor"


async def test_a_cursor_that_a_page_gave_leads_to_the_next_one(world: World) -> None:
    for name in ("a.jpg", "b.jpg"):
        await world.blobs.get_blob_client(world.ref.container, name).upload_blob(name.encode())
        await world.harness.pipeline.describe(ImageRef(world.ref.container, name), BRIEF)
    first = await world.harness.records.page(world.ref.container, "", "", 1)
    second = await world.harness.records.page(world.ref.container, "", first.cursor, 1)
    assert [entry.ref.name for entry in (*first.items, *second.items)] == ["a.jpg", "b.jpg"]


def _place(ref: ImageRef) -> tuple[str, str]:
    return ref.container, ref.name


def test_every_code_has_its_row() -> None:
    """In the document, and among the answers unless Azurite gives it itself."""
    document = (Path(__file__).parents[2] / "docs" / "storage.md").read_text(encoding="utf-8")
    known = adapter.RACES | adapter.ENCRYPTED | adapter.PROTECTED | adapter.METADATA | adapter.WAITING.keys()
    assert {code for code in known if f"`{code}`" not in document} == set()
    of_azurite = {"ConditionNotMet", "BlobAlreadyExists", "BlobNotFound"}
    assert known - of_azurite <= {row.get("code") for _, row in ROWS}
