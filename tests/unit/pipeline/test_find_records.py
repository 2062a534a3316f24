"""Records are found by status and review at a cost that depends on the answer."""

from collections.abc import Sequence

import pytest

from describer.domain.errors import InvalidRequest
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Status
from describer.domain.texts import Review
from describer.pipeline.find_records import Wanted, find
from describer.pipeline.ports import MAX_LISTED
from tests.fakes import FakeRecords

REVIEW = Wanted(statuses=frozenset({Status.NEEDS_REVIEW}))


async def _filled(statuses: Sequence[Status]) -> FakeRecords:
    records = FakeRecords()
    for number, status in enumerate(statuses):
        ref = ImageRef("images", f"{number:06}.jpg")
        await records.write(ref, _record(ref, status), replaces=None)
    return records


def _record(ref: ImageRef, status: Status) -> Record:
    source = {"container": ref.container, "name": ref.name, "etag": '"1"', "size": 3}
    fields = {"status": status, "language": "en", "source": source, "fingerprint": "f", "at": "2026-11-23T00:00:00Z"}
    return Record.model_validate(fields)


async def _pages(records: FakeRecords, wanted: Wanted, limit: int, prefix: str = "") -> list[list[str]]:
    pages, cursor = [], ""
    while True:
        page = await find(records, "images", prefix, wanted, cursor, limit)
        pages.append([entry.ref.name for entry in page.items])
        cursor = page.cursor
        if not cursor:
            return pages


async def test_answers_at_the_end_of_many_are_on_the_first_page() -> None:
    records = await _filled([Status.DESCRIBED] * 6000 + [Status.NEEDS_REVIEW] * 3)
    page = await find(records, "images", "", REVIEW, "", 50)
    assert [entry.ref.name for entry in page.items] == ["006000.jpg", "006001.jpg", "006002.jpg"]
    assert page.cursor == ""
    assert records.listings <= 2 + 5  # 6,003 in pages of 5,000, and the small ones with which it begins


@pytest.mark.parametrize("limit", [1, 2, 3, 7, 50])
async def test_every_answer_comes_once_and_in_order(limit: int) -> None:
    kinds = [Status.NEEDS_REVIEW if number % 3 == 0 or number > 90 else Status.DESCRIBED for number in range(120)]
    records = await _filled(kinds)
    pages = await _pages(records, REVIEW, limit)
    assert [name for page in pages for name in page] == [
        f"{number:06}.jpg" for number, status in enumerate(kinds) if status is Status.NEEDS_REVIEW
    ]
    assert all(len(page) <= limit for page in pages)
    assert all(pages)


async def test_without_a_wish_a_page_is_one_request() -> None:
    records = await _filled([Status.DESCRIBED] * 10)
    assert [len(page) for page in await _pages(records, Wanted(), 4)] == [4, 4, 2]
    assert records.listings == 3


async def test_a_review_and_a_prefix_narrow() -> None:
    records = await _filled([Status.DESCRIBED] * 3)
    approved = ImageRef("images", "000001.jpg")
    said = _record(approved, Status.DESCRIBED).model_copy(update={"review": Review.APPROVED})
    await records.write(approved, said, replaces=records.stored[approved])
    wanted = Wanted(reviews=frozenset({Review.APPROVED}))
    assert await _pages(records, wanted, 5) == [["000001.jpg"]]
    assert await _pages(records, wanted, 5, prefix="000002") == [[]]
    assert await _pages(records, Wanted(frozenset({Status.FAILED}), frozenset({Review.APPROVED})), 5) == [[]]


async def test_a_record_that_is_gone_since_loses_no_other() -> None:
    records = await _filled([Status.NEEDS_REVIEW] * 20)
    first = await find(records, "images", "", Wanted(frozenset({Status.NEEDS_REVIEW})), "", 4)
    second = await find(records, "images", "", REVIEW, first.cursor, 3)
    del records.stored[second.items[-1].ref]
    third = await find(records, "images", "", REVIEW, second.cursor, 3)
    assert [entry.ref.name for entry in third.items] == ["000007.jpg", "000008.jpg", "000009.jpg"]


@pytest.mark.parametrize("cursor", ["x", "1234567:a", "-1:a", ":"])
async def test_a_cursor_that_no_page_gave_is_refused(cursor: str) -> None:
    with pytest.raises(InvalidRequest):
        await find(await _filled([]), "images", "", REVIEW, cursor, 3)


def test_a_page_of_the_listing_is_as_large_as_storage_gives() -> None:
    assert MAX_LISTED == 5000
