"""What a backfill knows of each picture, from listings alone: by the marks, or by the sidecars where none are."""

from dataclasses import replace

import pytest

from describer.domain.image_ref import ImageRef
from describer.pipeline.backfill.library import Library, RecordFacts
from describer.pipeline.backfill.selection import Judgement, Selection
from describer.pipeline.backfill.state import BackfillOptions, Only
from describer.pipeline.blob_filter import BlobFilter
from describer.vision.brief import Brief
from tests.unit.conftest import BRIEF, CAT, Harness

DOG = ImageRef("images", "pets/dog.jpg")


@pytest.fixture
def unmarked(harness: Harness) -> Harness:
    """An installation that leaves pictures untouched."""
    harness.write_metadata = False
    return harness


async def _judged(harness: Harness, brief: Brief = BRIEF) -> dict[str, Judgement]:
    library = Library(harness.images, None if harness.write_metadata else harness.records)
    selection = Selection(
        BackfillOptions(container="images", only=(Only.ALL,)), BlobFilter(["images"]), brief, max_bytes=1000
    )
    page = await library.page("images", "", "")
    return {listed.picture.ref.name: selection.judge(listed) for listed in page.items}


@pytest.mark.parametrize("write_metadata", [True, False])
async def test_a_described_picture_is_not_missing_by_record_or_by_metadata(
    harness: Harness, write_metadata: bool
) -> None:
    harness.write_metadata = write_metadata
    harness.images.put(DOG, b"dog")
    await harness.described()
    assert await _judged(harness) == {CAT.name: Judgement.CURRENT, DOG.name: Judgement.MISSING}
    assert await _judged(harness, replace(BRIEF, detail="low")) == {
        CAT.name: Judgement.STALE,
        DOG.name: Judgement.MISSING,
    }
    assert bool(harness.metadata()) is write_metadata


@pytest.mark.parametrize("write_metadata", [True, False])
async def test_another_picture_under_the_same_name_is_missing(harness: Harness, write_metadata: bool) -> None:
    harness.write_metadata = write_metadata
    await harness.described()
    harness.images.put(CAT, b"another cat")
    assert await _judged(harness) == {CAT.name: Judgement.MISSING}


async def test_what_a_caller_wished_otherwise_is_right(unmarked: Harness) -> None:
    await unmarked.described(brief=BRIEF.with_wishes(languages=("de",)))
    assert await _judged(unmarked) == {CAT.name: Judgement.CURRENT}


async def test_marks_from_before_the_setting_was_changed_still_count(harness: Harness) -> None:
    await harness.described()
    harness.write_metadata = False
    assert await _judged(harness) == {CAT.name: Judgement.CURRENT}


async def test_a_record_that_cannot_be_read_is_none(unmarked: Harness) -> None:
    await unmarked.described()
    unmarked.records.newer.add(CAT)
    [listed] = (await Library(unmarked.images, unmarked.records).page("images", "", "")).items
    assert listed.facts is None
    unmarked.records.newer.clear()
    [listed] = (await Library(unmarked.images, unmarked.records).page("images", "", "")).items
    assert listed.facts == RecordFacts("described", BRIEF.fingerprint)
