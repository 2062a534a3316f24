"""Pictures and records are compared by their listings, in whatever order storage lists them."""

from collections.abc import Callable, Sequence
from typing import Any
from zlib import crc32

import pytest

from describer.domain.image_blob import ImageBlob, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.naming import sidecar_name
from describer.domain.status import Status
from describer.pipeline.compare import compared, paired
from describer.pipeline.ports import Page
from tests.fakes import FakeImages, FakeRecords
from tests.unit.pipeline.test_find_records import _record

NAMES = [
    "a",
    "a-b",
    "a.jpg",
    "a/b",
    "a0",
    "b/1",
    "b-1/2",
    "b.d/3",
    "c",
    "c.jpg",
    "c/🙂",
    "c/\uf000",
    "x" * 1020,
    "z" * 1024,
]
ORDERS: dict[str, Callable[[str], object]] = {
    "code points": str,
    "UTF-16": lambda name: name.encode("utf-16-be"),
    "folders": lambda name: name.split("/"),
}


class Listed:
    """A container that lists its blobs in some order, a few at a time."""

    def __init__(self, order: Callable[[str], object], size: int) -> None:
        self.order, self.size, self.given = order, size, 0

    def page[T](self, named: dict[str, T], cursor: str) -> Page[T]:
        names = sorted(named, key=self.order)  # type: ignore[arg-type]
        start = int(cursor or 0)
        end = start + self.size
        self.given += len(names[start:end])
        return Page([named[name] for name in names[start:end]], str(end) if end < len(names) else "")


class _Images(FakeImages):
    def __init__(self, listed: Listed) -> None:
        super().__init__()
        self.listed = listed

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
        return self.listed.page({ref.name: self._blob(ref) for ref in self.blobs}, cursor)


class _Records(FakeRecords):
    def __init__(self, listed: Listed) -> None:
        super().__init__()
        self.listed = listed

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        return self.listed.page({sidecar_name(ref): self._entry(ref) for ref in self.stored}, cursor)


async def _pairs(
    order: str, size: int, with_picture: Sequence[str], with_record: Sequence[str]
) -> list[tuple[str, bool, bool]]:
    listed = Listed(ORDERS[order], size)
    images, records = _Images(listed), _Records(listed)
    for name in with_picture:
        images.put(ImageRef("images", name), b"x")
    for name in with_record:
        ref = ImageRef("images", name)
        await records.write(ref, _record(ref, Status.DESCRIBED), replaces=None)
    found = []
    async for pair in compared(images, records, "images"):
        item = pair.picture or pair.record
        assert item is not None
        found.append((item.ref.name, pair.picture is not None, pair.record is not None))
    return sorted(found)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("order", ["code points", "UTF-16", "folders"])
@pytest.mark.parametrize("seed", range(4))
async def test_each_picture_and_each_record_comes_once_with_its_counterpart(order: str, size: int, seed: int) -> None:
    with_picture = [name for name in NAMES if crc32(f"picture {seed} {name}".encode()) % 10 < 7]
    with_record = [name for name in NAMES if crc32(f"record {seed} {name}".encode()) % 10 < 7]
    expected = [
        (name, name in with_picture, name in with_record)
        for name in NAMES
        if name in with_picture or name in with_record
    ]
    assert await _pairs(order, size, with_picture, with_record) == sorted(expected)


async def test_memory_holds_about_a_page_of_each() -> None:
    names = [f"{number:05}.jpg" for number in range(3000)]
    listed = Listed(str, 50)
    images, records = _Images(listed), _Records(listed)
    for name in names[::2]:
        images.put(ImageRef("images", name), b"x")
    for name in names[1::3]:
        ref = ImageRef("images", name)
        await records.write(ref, _record(ref, Status.DESCRIBED), replaces=None)
    taken, most = 0, 0
    async for pair in compared(images, records, "images"):
        taken += (pair.picture is not None) + (pair.record is not None)
        most = max(most, listed.given - taken)
    assert taken == 1500 + 1000
    assert most <= 4 * listed.size


async def _beside(order: str, size: int, with_picture: Sequence[str], with_record: Sequence[str]) -> tuple[Any, ...]:
    """Every picture of all pages with its record, the listings of records that it took, and look-ups of single ones."""
    listed = Listed(ORDERS.get(order, lambda name: crc32(name.encode())), size)
    images, records = _Images(listed), _Counting(listed)
    for name in with_picture:
        images.put(ImageRef("images", name), b"x")
    for name in with_record:
        ref = ImageRef("images", name)
        await records.write(ref, _record(ref, Status.DESCRIBED), replaces=None)
    found, cursor = [], ""
    while True:
        page = await paired(images, records, "images", "", cursor)
        found += [(picture.ref.name, entry.ref.name if entry else None) for picture, entry in page.items]
        if not (cursor := page.cursor):
            return sorted(found), records.listings, records.reads


class _Counting(_Records):
    reads = 0

    async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        self.listings += 1
        return await super().page(container, prefix, cursor, limit)

    async def read(self, ref: ImageRef) -> StoredRecord | None:
        self.reads += 1
        return await super().read(ref)


@pytest.mark.parametrize("size", [1, 2, 3, 5, 100])
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("seed", range(4))
async def test_a_page_of_pictures_has_the_records_of_all(order: str, size: int, seed: int) -> None:
    with_picture = [name for name in NAMES if crc32(f"picture {seed} {name}".encode()) % 10 < 7]
    with_record = [name for name in NAMES if crc32(f"record {seed} {name}".encode()) % 10 < 7]
    found, _, _ = await _beside(order, size, with_picture, with_record)
    assert found == sorted((name, name if name in with_record else None) for name in with_picture)


async def test_an_unknown_order_costs_requests_and_no_record() -> None:
    names = [f"{number:03}.jpg" for number in range(200)]
    found, _, reads = await _beside("by chance", 50, names, names[::2])
    assert found == [(name, name if number % 2 == 0 else None) for number, name in enumerate(names)]
    assert reads > 0


async def test_two_listings_a_page_and_no_look_ups_where_names_are_of_one_length() -> None:
    names = [f"{number:05}.jpg" for number in range(3000)]
    found, listings, reads = await _beside("code points", 500, names, names[::2])
    assert len(found) == 3000
    assert listings <= 2 * 6
    assert reads == 0
