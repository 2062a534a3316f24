"""Sizes that content systems derive get the texts of their original; originals are described, and nothing is left."""

import itertools
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from describer.domain.errors import Filtered, TooLarge, Transient
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record, Usage
from describer.domain.renditions import SYSTEMS, Renditions
from describer.domain.status import Skip, SkipReason, Status
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.call_context import entered
from describer.pipeline.pipeline import Pipeline
from describer.pipeline.renditions import RENDITION, WAIT, LargerPictures
from describer.pipeline.weighted_semaphore import Priority
from describer.vision.imaging.values import Header, PreparedImage
from tests.fakes import answer
from tests.unit.conftest import BRIEF, Harness

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "renditions.toml").read_text(encoding="utf-8"))


@dataclass
class Library(Harness):
    """A harness with the rules of some systems, and pictures that have lain there for an hour."""

    systems: Sequence[str] = SYSTEMS
    numbers: Iterator[int] = field(default_factory=itertools.count)

    @property
    def pipeline(self) -> Pipeline:
        rules = Renditions(tuple(self.systems))
        self.blob_filter = BlobFilter(("images",), renditions=rules)
        larger = LargerPictures(rules, self.blob_filter, self.images, self.records)
        return replace(super().pipeline, larger=larger)

    def put(self, *names: str, seconds: float = 3600) -> None:
        for name in names:
            self.images.put(ImageRef("images", name), b"picture %d" % next(self.numbers))
            self.images.rest(ImageRef("images", name), seconds)

    def says(self, *texts: str) -> None:
        self.model.script += [answer(text) for text in texts]

    async def look(self, name: str) -> Record | Skip:
        return await self.describe(ImageRef("images", name))

    async def text(self, name: str) -> str:
        """Return the picture's current record."""
        return self.records.stored[ImageRef("images", name)].record.alt_text


def test_each_system_has_a_folder() -> None:
    assert set(CASES) == set(SYSTEMS)


@pytest.mark.parametrize("order", [1, -1], ids=["as listed", "backwards"])
@pytest.mark.parametrize("system", SYSTEMS)
async def test_a_folder_of_each_system(system: str, order: int) -> None:
    case: dict[str, Any] = CASES[system]
    derived: dict[str, str] = case.get("derived", {})
    library = Library(systems=[system])
    names = sorted([*case["originals"], *derived, *case.get("cached", [])])[::order]
    library.put(*names)
    library.says(*(f"A text of number {number}." for number in range(len(case["originals"]))))
    for name in names:
        await library.look(name)
    assert len(library.model.calls) == len(case["originals"]), case["why"]
    described = {ref.name for ref in library.records.stored}
    assert described == {*case["originals"], *derived}, "none forgotten, and no cache"
    texts = {name: await library.text(name) for name in described}
    assert len({texts[name] for name in case["originals"]}) == len(case["originals"])
    for name, original in derived.items():
        record = library.records.stored[ImageRef("images", name)].record
        assert (texts[name], record.usage) == (texts[original], Usage())
        assert RENDITION in record.flags
        assert library.metadata(ImageRef("images", name))["alt_text"] == texts[original]


async def test_a_new_one_waits_once_for_its_original() -> None:
    library = Library()
    library.put("a-300x200.jpg", seconds=10)
    with pytest.raises(Transient) as put_off:
        await library.look("a-300x200.jpg")
    assert put_off.value.retry_after == pytest.approx(WAIT.total_seconds() - 10, abs=1)
    assert not put_off.value.counts_as_attempt
    library.images.rest(ImageRef("images", "a-300x200.jpg"), WAIT.total_seconds())
    assert isinstance(await library.look("a-300x200.jpg"), Record), "none came: described by itself"
    assert len(library.model.calls) == 1


async def test_the_queue_keeps_it_meanwhile() -> None:
    library = Library()
    library.put("a-300x200.jpg", seconds=0)
    await library.delivery.handle_upload("images", "a-300x200.jpg")
    ((message, delay),) = library.queue.sent
    assert delay == pytest.approx(WAIT.total_seconds(), abs=1)
    library.put("a.jpg")
    library.images.rest(ImageRef("images", "a-300x200.jpg"), WAIT.total_seconds())
    await library.delivery.handle_message(message.encode())
    assert len(library.queue.sent) == 1
    assert await library.text("a-300x200.jpg") == await library.text("a.jpg")
    assert len(library.model.calls) == 1


async def test_it_waits_no_longer_than_the_original_takes() -> None:
    library = Library()
    library.put("a.jpg", "a-300x200.jpg", seconds=10)
    with pytest.raises(Transient):
        await library.look("a-300x200.jpg")
    await library.look("a.jpg")
    assert isinstance(await library.look("a-300x200.jpg"), Record)
    assert len(library.model.calls) == 1


@pytest.mark.parametrize("priority", [Priority.INTERACTIVE, Priority.LIBRARY])
async def test_callers_and_backfills_have_the_original_described_at_once(priority: Priority) -> None:
    library = Library()
    library.put("a-300x200.jpg", "a.jpg", seconds=10)
    with entered(priority=priority):
        assert isinstance(await library.look("a-300x200.jpg"), Record)
    assert await library.text("a-300x200.jpg") == await library.text("a.jpg")
    assert len(library.model.calls) == 1


async def test_the_largest_size_replaces_a_missing_original() -> None:
    library = Library()
    names = ["b-1024x768.jpg", "b-150x150.jpg", "b-300x225.jpg", "thumbnail_c_0123456789.png", "large_c_0123456789.png"]
    library.put(*names)
    for name in names:
        await library.look(name)
    assert len(library.model.calls) == 2
    assert {ref.name for ref, found in library.records.stored.items() if RENDITION not in found.record.flags} == {
        "b-1024x768.jpg",
        "large_c_0123456789.png",
    }


async def test_a_smaller_picture_is_no_original() -> None:
    library = Library()
    library.preparer.gives = PreparedImage(b"x", 800, 600, header=Header("JPEG", "image/jpeg", 800, 600))
    library.put("plan.jpg", "plan-2000x1500.jpg")
    await library.look("plan.jpg")
    await library.look("plan-2000x1500.jpg")
    assert len(library.model.calls) == 2


@pytest.mark.parametrize(
    ("status", "fault", "calls"),
    [(Status.FILTERED, Filtered("filtered"), 1), (Status.TOO_LARGE, TooLarge("100 MP"), 0)],
)
async def test_faults_of_the_original_are_distinguished(status: Status, fault: Exception, calls: int) -> None:
    library = Library()
    library.put("a.jpg", "a-300x200.jpg")
    if isinstance(fault, Filtered):
        library.model.script = [fault]
    else:
        library.preparer.refuses = TooLarge("100 MP")
    await library.look("a.jpg")
    library.preparer.refuses = None
    end = await library.look("a-300x200.jpg")
    assert isinstance(end, Record)
    assert end.status is (status if status is Status.FILTERED else Status.DESCRIBED)
    assert len(library.model.calls) == 1


async def test_a_stale_record_of_the_original_is_brought_up_to_date_first() -> None:
    library = Library()
    library.put("a.jpg", "a-300x200.jpg")
    library.says("An old text.", "A new text.")
    await library.look("a.jpg")
    library.put("a.jpg")
    await library.look("a-300x200.jpg")
    assert await library.text("a-300x200.jpg") == await library.text("a.jpg") == "A new text."


async def test_a_caller_with_wishes_gets_an_answer_of_its_own() -> None:
    library = Library()
    library.put("a.jpg", "a-300x200.jpg")
    await library.look("a.jpg")
    await library.look("a-300x200.jpg")
    end = await library.describe(ImageRef("images", "a-300x200.jpg"), replace(BRIEF, again=True))
    assert isinstance(end, Record)
    assert RENDITION not in end.flags
    assert len(library.model.calls) == 2


async def test_a_size_that_is_done_stays_done() -> None:
    library = Library()
    library.put("a.jpg", "a-300x200.jpg")
    await library.look("a-300x200.jpg")
    writes = library.records.writes
    end = await library.look("a-300x200.jpg")
    assert isinstance(end, Skip)
    assert (end.reason, library.records.writes) == (SkipReason.UNCHANGED, writes)


async def test_without_pictures_marked_the_text_is_found_too() -> None:
    library = Library(write_metadata=False)
    library.put("a.jpg", "a-300x200.jpg", seconds=10)
    await library.look("a.jpg")
    assert isinstance(await library.look("a-300x200.jpg"), Record)
    assert len(library.model.calls) == 1


async def test_an_excluded_original_is_none() -> None:
    library = Library()
    library.put("a-300x200.jpg")
    library.images.put(ImageRef("images", "a.jpg"), b"x", description_skip="true")
    await library.look("a-300x200.jpg")
    assert len(library.model.calls) == 1


async def test_without_the_setting_each_is_described() -> None:
    library = Library(systems=())
    library.put("a.jpg", "a-300x200.jpg")
    await library.look("a.jpg")
    await library.look("a-300x200.jpg")
    assert len(library.model.calls) == 2


def test_the_waiting_time_is_some_minutes() -> None:
    assert timedelta(minutes=1) < WAIT < timedelta(minutes=10)
