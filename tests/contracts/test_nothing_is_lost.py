"""The steps by chance of tests/unit/pipeline/test_nothing_is_lost.py, on Azurite: a fifth of their number."""

import asyncio
import json
import threading
from collections.abc import AsyncIterator, Coroutine, Iterator, Mapping, MutableMapping
from contextlib import asynccontextmanager, closing
from dataclasses import dataclass
from typing import Any, cast

import pytest
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob.aio import BlobLeaseClient, BlobServiceClient, ContainerClient
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from describer.adapters.blob_images import BlobImages
from describer.adapters.sidecars import BlobRecords
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.naming import sidecar_name
from describer.domain.record import Record
from describer.pipeline.ports import Page
from local.storage import Storage
from tests.fakes import FakeImages, FakeRecords
from tests.unit.conftest import Harness
from tests.unit.pipeline.test_nothing_is_lost import STEPS, STEPS_AT_A_TIME, World

CONTAINER, DESCRIPTIONS = "images", "descriptions-by-chance"


class People:
    """What people and programs do to the containers, from a thread of their own, so that any code may wait for it."""

    def __init__(self, storage: Storage) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.service = self.do(self._open(storage))

    async def _open(self, storage: Storage) -> BlobServiceClient:
        service = storage.blob_service()
        for name in (CONTAINER, DESCRIPTIONS):
            if not await service.get_container_client(name).exists():
                await service.create_container(name)
        return service

    def do[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for the work's result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(60)

    def container(self, name: str) -> ContainerClient:
        """Open a container."""
        return self.service.get_container_client(name)

    def clear(self) -> None:
        """Delete all blobs."""
        self.do(self._clear())

    async def _clear(self) -> None:
        for container in (self.container(CONTAINER), self.container(DESCRIPTIONS)):
            async for name in container.list_blob_names():
                await container.delete_blob(name)

    def close(self) -> None:
        """Close the client and end the thread."""
        self.do(self.service.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


@dataclass(frozen=True, slots=True)
class Blob:
    """What people see of a picture."""

    data: bytes
    metadata: dict[str, str]


class StoredImages:
    """The account with the pictures: `blobs` as people see it, and the port `Images` as the app sees it."""

    def __init__(self, people: People, images: BlobImages) -> None:
        self._people, self._images = people, images
        self._seen: dict[ImageRef, Blob] | None = None
        self.leased = False

    @property
    def blobs(self) -> "Blobs":
        return Blobs(self)

    @property
    def seen(self) -> dict[ImageRef, Blob]:
        """All blobs, read again after each change."""
        if self._seen is None:
            self._seen = self._people.do(self._all())
        return self._seen

    async def _all(self) -> dict[ImageRef, Blob]:
        container, found = self._people.container(CONTAINER), dict[ImageRef, Blob]()
        async for blob in container.list_blobs(include=["metadata"]):
            data = await (await container.download_blob(blob.name)).readall()
            found[ImageRef(CONTAINER, str(blob.name))] = Blob(data, dict(blob.metadata or {}))
        return found

    def put(self, ref: ImageRef, data: bytes, **metadata: str) -> None:
        self._seen = None
        uploading = self._people.container(CONTAINER).upload_blob(ref.name, data, metadata=metadata, overwrite=True)
        self._people.do(_whole(uploading))

    def tag(self, ref: ImageRef, **metadata: str) -> None:
        blob = self._people.container(CONTAINER).get_blob_client(ref.name)
        tagging = blob.set_blob_metadata({**self.seen[ref].metadata, **metadata})
        self._seen = None
        self._people.do(_whole(tagging))

    def delete(self, ref: ImageRef) -> None:
        self._seen = None
        self._people.do(_whole(self._people.container(CONTAINER).delete_blob(ref.name)))

    async def get_properties(self, ref: ImageRef) -> ImageBlob | None:
        async with self._leased(ref):
            return await self._images.get_properties(ref)

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        return await self._images.page(container, prefix, cursor, limit)

    async def head(self, ref: ImageRef, length: int) -> bytes:
        return await self._images.head(ref, length)

    async def read(self, picture: ImageBlob) -> ImageContent:
        return await self._images.read(picture)

    async def set_metadata(self, picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        self._seen = None
        async with self._leased(picture.ref):
            return await self._images.set_metadata(picture, metadata)

    @asynccontextmanager
    async def _leased(self, ref: ImageRef) -> AsyncIterator[None]:
        """Have another client hold a lease meanwhile, while `leased` is set."""
        if not self.leased:
            yield
            return
        lease = BlobLeaseClient(self._images.service.get_blob_client(ref.container, ref.name))
        try:
            await lease.acquire()
        except ResourceNotFoundError:
            yield
            return
        try:
            yield
        finally:
            await lease.release()


class Blobs(MutableMapping[ImageRef, Blob]):
    """The pictures as a mapping, as people see and delete them."""

    def __init__(self, images: StoredImages) -> None:
        self._images = images

    def __getitem__(self, ref: ImageRef) -> Blob:
        return self._images.seen[ref]

    def __delitem__(self, ref: ImageRef) -> None:
        self._images.delete(ref)

    def __setitem__(self, ref: ImageRef, blob: Blob) -> None:
        self._images.put(ref, blob.data, **blob.metadata)

    def __iter__(self) -> Iterator[ImageRef]:
        return iter(self._images.seen)

    def __len__(self) -> int:
        return len(self._images.seen)


class StoredRecords:
    """The descriptions container: `stored` as people see it, and the port `Records` as the app sees it."""

    def __init__(self, people: People, records: BlobRecords) -> None:
        self._people, self._records = people, records
        self._seen: dict[ImageRef, StoredRecord] | None = None

    @property
    def stored(self) -> "Sidecars":
        return Sidecars(self)

    @property
    def seen(self) -> dict[ImageRef, StoredRecord]:
        """All records, read again after each change."""
        if self._seen is None:
            self._seen = self._people.do(self._all())
        return self._seen

    async def _all(self) -> dict[ImageRef, StoredRecord]:
        container, found = self._people.container(DESCRIPTIONS), dict[ImageRef, StoredRecord]()
        async for name in container.list_blob_names(name_starts_with=f"{CONTAINER}/"):
            stream = await container.download_blob(name)
            ref = ImageRef(CONTAINER, name.removeprefix(f"{CONTAINER}/").removesuffix(".json"))
            found[ref] = StoredRecord(Record.from_json(await stream.readall()), str(stream.properties.etag))
        return found

    def edit(self, ref: ImageRef, fields: Mapping[str, Any]) -> None:
        """Put another file in its place, as a person with an editor may."""
        data = json.dumps(json.loads(self.seen[ref].record.to_json()) | fields).encode()
        self._seen = None
        self._people.do(
            _whole(self._people.container(DESCRIPTIONS).upload_blob(sidecar_name(ref), data, overwrite=True))
        )

    def remove(self, ref: ImageRef) -> None:
        self._seen = None
        self._people.do(_whole(self._people.container(DESCRIPTIONS).delete_blob(sidecar_name(ref))))

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        return await self._records.read(ref)

    async def write(self, ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        self._seen = None
        return await self._records.write(ref, record, replaces=replaces)

    async def verify_unchanged(self, ref: ImageRef, stored: StoredRecord) -> None:
        await self._records.verify_unchanged(ref, stored)

    async def delete(self, ref: ImageRef, stored: StoredRecord) -> None:
        self._seen = None
        await self._records.delete(ref, stored)

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        return await self._records.page(container, prefix, cursor, limit)

    async def find_cached(self, container: str, key: str) -> Record | None:
        return await self._records.find_cached(container, key)

    async def cache(self, container: str, key: str, record: Record) -> None:
        await self._records.cache(container, key, record)

    async def invalidate(self, container: str, key: str) -> None:
        await self._records.invalidate(container, key)


class Sidecars(MutableMapping[ImageRef, StoredRecord]):
    """The records as a mapping, as people see and delete them."""

    def __init__(self, records: StoredRecords) -> None:
        self._records = records

    def __getitem__(self, ref: ImageRef) -> StoredRecord:
        return self._records.seen[ref]

    def __delitem__(self, ref: ImageRef) -> None:
        self._records.remove(ref)

    def __setitem__(self, ref: ImageRef, stored: StoredRecord) -> None:
        raise NotImplementedError

    def __iter__(self) -> Iterator[ImageRef]:
        return iter(self._records.seen)

    def __len__(self) -> int:
        return len(self._records.seen)


async def _whole(work: Any) -> None:
    await work


class WorldOnAzurite(World):
    """The same people, programs and crashes around real containers."""

    def __init__(self, runner: asyncio.Runner, service: BlobServiceClient, people: People) -> None:
        people.clear()
        self._service, self._people = service, people
        super().__init__(runner)

    def _harness(self) -> Harness:
        harness = super()._harness()
        images = StoredImages(self._people, BlobImages(self._service))
        records = StoredRecords(self._people, BlobRecords(self._service.get_container_client(DESCRIPTIONS)))
        harness.images, harness.records = cast(FakeImages, images), cast(FakeRecords, records)
        return harness


@pytest.mark.long
def test_nothing_is_lost_on_azurite(storage: Storage) -> None:
    async def opened() -> BlobServiceClient:
        return storage.blob_service()

    with asyncio.Runner() as runner, closing(People(storage)) as people:
        service = runner.run(opened())
        run_state_machine_as_test(
            cast(type[World], lambda: WorldOnAzurite(runner, service, people)),
            settings=settings(
                max_examples=max(1, STEPS // 5 // STEPS_AT_A_TIME),
                stateful_step_count=STEPS_AT_A_TIME,
                deadline=None,
                suppress_health_check=list(HealthCheck),
            ),
        )
        people.clear()
        runner.run(service.close())
