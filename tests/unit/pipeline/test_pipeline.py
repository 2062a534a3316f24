"""The pipeline on fakes: every way a visit can end, and every race it must win."""

import asyncio
import hashlib
import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from describer.domain.description import Texts
from describer.domain.errors import (
    Archived,
    Conflict,
    Corrupt,
    Filtered,
    ImageRejected,
    Misconfigured,
    NoUsableAnswer,
    TooLarge,
    Transient,
    Unsupported,
)
from describer.domain.history import HistoryEntry
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.naming import shared_key
from describer.domain.record import Record, Usage
from describer.domain.status import Skip, SkipReason, Status
from describer.domain.texts import Origin, Provenance
from describer.pipeline.call_context import STORING_SECONDS, entered
from describer.pipeline.describe import NOT_SHARED
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.pipeline import NOT_MARKED
from describer.vision.answer import Answer
from describer.vision.imaging.values import PreparedImage
from tests.fakes import FakeImages, answer, give_way
from tests.unit.conftest import BRIEF, CAT, Harness

REFUSAL = Answer("luna", Usage(calls=1), refusal="I can't help with that.")


async def _fails(harness: Harness) -> None:
    await harness.pipeline.give_up(CAT, BRIEF, "tried 3 times", Usage())


STATUSES: dict[Status, Callable[[Harness], object]] = {
    Status.DESCRIBED: lambda harness: None,
    Status.NEEDS_REVIEW: lambda harness: harness.model.script.append(REFUSAL),
    Status.KEPT: lambda harness: harness.images.tag(CAT, alt_text="My cat Tom"),
    Status.FILTERED: lambda harness: harness.model.script.append(Filtered("filtered")),
    Status.UNSUPPORTED: lambda harness: setattr(harness.preparer, "refuses", Unsupported("a text")),
    Status.CORRUPT: lambda harness: setattr(harness.preparer, "refuses", Corrupt("cut off")),
    Status.TOO_LARGE: lambda harness: harness.images.put(CAT, b"x" * 1001),
    Status.ARCHIVED: lambda harness: setattr(harness.images, "fails_with", Archived("archived")),
    Status.FAILED: lambda harness: harness.model.script.append(NoUsableAnswer("cut off twice")),
}

SKIPS: dict[SkipReason, tuple[ImageRef, dict[str, str]]] = {
    SkipReason.EXCLUDED: (ImageRef("images", "private/a.jpg"), {}),
    SkipReason.NOT_OURS: (ImageRef("descriptions", "images/a.jpg.json"), {}),
    SkipReason.NOT_A_PICTURE: (ImageRef("images", "a.xmp"), {}),
    SkipReason.GONE: (ImageRef("images", "gone.jpg"), {}),
}


@pytest.mark.parametrize("status", Status)
async def test_every_status_is_written_in_the_sidecar_and_in_the_metadata(harness: Harness, status: Status) -> None:
    STATUSES[status](harness)
    record = await harness.described()
    assert record.status is status
    assert harness.records.stored[CAT].record == record
    assert harness.metadata()["description_status"] == status
    assert harness.topic.published[-1].record == record


@pytest.mark.parametrize("reason", SkipReason)
async def test_every_skip_writes_nothing(harness: Harness, reason: SkipReason) -> None:
    if reason is SkipReason.UNCHANGED:
        await harness.describe()
        ref, writes = CAT, 1
    elif reason is SkipReason.NEWER:
        harness.records.newer.add(CAT)
        ref, writes = CAT, 0
    else:
        ref, writes = SKIPS[reason][0], 0
        if reason is SkipReason.NOT_A_PICTURE:
            harness.images.put(ref, b"<x:xmpmeta/>")
    end = await harness.describe(ref)
    assert isinstance(end, Skip)
    assert end.reason is reason
    assert harness.records.writes == writes


@pytest.mark.parametrize(
    ("ref", "metadata"),
    [
        (ImageRef("images", "private/a.jpg"), {}),
        (ImageRef("images", "b.jpg"), {"description_skip": "true"}),
        (ImageRef("images", "c.jpg"), {"Description_Skip": "True "}),
        (ImageRef("images", "folder"), {"hdi_isfolder": "true"}),
    ],
)
async def test_an_excluded_picture_is_never_read(harness: Harness, ref: ImageRef, metadata: dict[str, str]) -> None:
    harness.images.put(ref, b"secret", **metadata)
    assert isinstance(await harness.describe(ref), Skip)
    assert not harness.images.reads
    assert not harness.model.calls
    assert ref not in harness.records.stored


async def test_a_blob_over_the_limit_is_not_read(harness: Harness) -> None:
    harness.images.put(CAT, b"x" * 1001)
    record = await harness.described()
    assert record.status is Status.TOO_LARGE
    assert "1,001 bytes" in record.reason
    assert not harness.images.reads


async def test_the_same_bytes_again_cost_no_call(harness: Harness) -> None:
    first = await harness.described()
    harness.images.put(CAT, b"cat")  # an upload drops the metadata
    assert await harness.described() == first
    assert harness.metadata()["alt_text"] == "A cat on a sofa."
    assert len(harness.model.calls) == 1


async def test_a_second_delivery_writes_nothing(harness: Harness) -> None:
    await harness.describe()
    before = dict(harness.metadata())
    assert await harness.describe() == Skip(SkipReason.UNCHANGED, "its record is complete")
    assert harness.metadata() == before
    assert harness.records.writes == 1


async def test_new_bytes_are_described_again_and_the_old_text_is_in_the_history(harness: Harness) -> None:
    await harness.describe()
    harness.images.put(CAT, b"dog")
    harness.model.script = [answer("A dog.")]
    record = await harness.described()
    assert (record.status, record.alt_text) == (Status.DESCRIBED, "A dog.")
    assert [earlier.alt_text for earlier in record.history] == ["A cat on a sofa."]


async def test_another_brief_is_asked_again(harness: Harness) -> None:
    await harness.describe()
    german = replace(BRIEF, languages=("de", "en"))
    record = await harness.described(brief=german)
    assert record.language == "de"
    assert record.translations["en"].alt_text == "A cat on a sofa."
    assert len(harness.model.calls) == 2


async def test_metadata_set_while_the_model_thinks_is_kept_and_costs_no_second_call(harness: Harness) -> None:
    async def tag() -> None:
        harness.images.tag(CAT, shelf="7")

    harness.model.meanwhile = tag
    await harness.described()
    assert harness.metadata()["shelf"] == "7"
    assert harness.metadata()["alt_text"] == "A cat on a sofa."
    assert len(harness.model.calls) == 1
    assert harness.records.writes == 1


async def test_a_picture_replaced_while_the_model_thinks_gets_its_own_description(harness: Harness) -> None:
    async def replaced() -> None:
        if len(harness.model.calls) == 1:
            harness.images.put(CAT, b"dog")

    harness.model.meanwhile = replaced
    harness.model.script = [answer("A cat."), answer("A dog.")]
    record = await harness.described()
    assert record.alt_text == "A dog."
    assert harness.records.stored[CAT].record.alt_text == "A dog."
    assert harness.metadata()["alt_text"] == "A dog."


async def test_a_picture_deleted_while_the_model_thinks_leaves_no_sidecar(harness: Harness) -> None:
    async def deleted() -> None:
        del harness.images.blobs[CAT]

    harness.model.meanwhile = deleted
    end = await harness.describe()
    assert isinstance(end, Skip)
    assert end.reason is SkipReason.GONE
    assert CAT not in harness.records.stored


async def test_what_copies_share_names_none_of_them(harness: Harness) -> None:
    record = await harness.described()
    (shared,) = harness.records.shared.values()
    assert (shared.alt_text, shared.source.sha256) == (record.alt_text, record.source.sha256)
    assert "cat.jpg" not in shared.to_json().decode()
    assert shared.source.etag == ""


@pytest.mark.parametrize("text", ["", "My cat Tom"])
async def test_what_copies_share_goes_with_the_picture(harness: Harness, text: str) -> None:
    """The other copies keep their own sidecars; the next one is asked for once more."""
    copy = ImageRef("images", "copy.jpg")
    harness.images.put(copy, b"cat")
    await harness.describe(copy)
    if text:
        harness.images.tag(CAT, alt_text=text)
    await harness.describe()
    del harness.images.blobs[CAT]
    await harness.describe()
    assert not harness.records.shared
    assert harness.records.stored[copy].record.alt_text == "A cat on a sofa."
    assert isinstance(await harness.describe(copy), Skip)


async def test_what_copies_share_goes_with_the_bytes_and_with_the_brief(harness: Harness) -> None:
    await harness.describe()
    first = set(harness.records.shared)
    harness.images.put(CAT, b"dog")
    await harness.describe()
    second = set(harness.records.shared)
    await harness.describe(brief=replace(BRIEF, detail="low"))
    third = set(harness.records.shared)
    assert [len(keys) for keys in (first, second, third)] == [1, 1, 1]
    assert len(first | second | third) == 3


async def test_an_answer_that_comes_too_late_is_not_kept_for_copies(harness: Harness) -> None:
    """The picture was replaced while the model thought, and another delivery has done all there is to do."""

    async def replaced() -> None:
        if len(harness.model.calls) == 1:
            harness.images.put(CAT, b"dog")
            await harness.describe()

    harness.model.meanwhile = replaced
    assert isinstance(await harness.describe(), Skip)
    ((_, key),) = harness.records.shared
    assert key == shared_key(hashlib.sha256(b"dog").hexdigest(), BRIEF.fingerprint)


async def test_a_picture_that_comes_back_while_its_sidecar_is_deleted_has_one_in_the_end(harness: Harness) -> None:
    """The newcomer's own delivery finds the sidecar still there, complete for the same bytes, and leaves it."""
    await harness.describe()
    del harness.images.blobs[CAT]
    delete = harness.records.delete

    async def late(ref: ImageRef, stored: StoredRecord) -> None:
        harness.images.put(CAT, b"cat")
        await harness.describe()
        await delete(ref, stored)

    harness.records.delete = late  # type: ignore[method-assign]
    await harness.describe()
    assert harness.records.stored[CAT].record.status is Status.DESCRIBED
    assert isinstance(await harness.describe(), Skip)


async def test_a_deleted_picture_with_a_persons_text_keeps_its_sidecar(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="My cat Tom")
    await harness.describe()
    del harness.images.blobs[CAT]
    await harness.describe()
    assert harness.records.stored[CAT].record.alt_text == "My cat Tom"


async def test_a_slow_delivery_never_replaces_the_record_of_newer_bytes(harness: Harness) -> None:
    """Two deliveries: the first reads the old bytes and thinks long; the second finishes the new ones meanwhile."""
    newer_is_done = asyncio.Event()

    async def slow() -> None:
        if len(harness.model.calls) == 1:
            harness.images.put(CAT, b"dog")
            await newer_is_done.wait()

    harness.model.meanwhile = slow
    first = asyncio.create_task(harness.describe())
    while not harness.model.calls:
        await asyncio.sleep(0)
    harness.model.script = [answer("A dog."), answer("A cat, late.")]
    await harness.describe()
    newer_is_done.set()
    await first
    assert harness.records.stored[CAT].record.alt_text == "A dog."
    assert harness.metadata()["alt_text"] == "A dog."


async def test_a_picture_that_changes_in_every_attempt_is_deferred(harness: Harness) -> None:
    async def tag() -> None:
        harness.images.tag(CAT, at=str(len(harness.model.calls)))

    harness.model.meanwhile = tag
    harness.images.set_metadata = lambda picture, metadata: _raise_superseded()  # type: ignore[method-assign]
    with pytest.raises(Transient, match="changed 5 times"):
        await harness.describe()
    assert len(harness.model.calls) == 1


async def _raise_superseded() -> bool:
    from describer.domain.errors import Conflict

    raise Conflict("changed")


async def test_copies_are_asked_for_once_even_at_the_same_time(harness: Harness) -> None:
    copies = [ImageRef("images", f"copy {number}.jpg") for number in range(5)]
    for ref in copies:
        harness.images.put(ref, b"cat")
    records = await asyncio.gather(*(harness.described(ref) for ref in copies))
    assert {record.alt_text for record in records} == {"A cat on a sofa."}
    assert [record.source.name for record in records] == [ref.name for ref in copies]
    assert len(harness.model.calls) == 1
    assert sorted(record.usage.calls for record in records) == [0, 0, 0, 0, 1]


async def test_copies_of_a_picture_that_fails_do_not_fail_one_after_the_other(harness: Harness) -> None:
    """Sixteen at 90 s each would outlast the host's functionTimeout."""
    copies = [ImageRef("images", f"copy {number}.jpg") for number in range(16)]
    for ref in copies:
        harness.images.put(ref, b"cat")

    async def all_have_come() -> None:
        async with asyncio.timeout(5):
            while len(harness.images.reads) < len(copies) or harness.memory.held:  # those that wait hold none
                await give_way()

    harness.model.meanwhile = all_have_come
    harness.model.script = [Transient("no answer in 90 s", counts_as_attempt=True)]
    ends = await asyncio.gather(*(harness.describe(ref) for ref in copies), return_exceptions=True)
    assert {str(end) for end in ends} == {"no answer in 90 s"}
    assert len(harness.model.calls) == 1
    assert (await harness.described(copies[0])).status is Status.DESCRIBED


class Counted:
    """Counts the bytes of pictures that were read and are not prepared yet."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.held = self.most = 0
        self._read, self._prepare = harness.images.read, harness.preparer.prepare
        harness.images.read = self.read  # type: ignore[method-assign]
        harness.preparer.prepare = self.prepare  # type: ignore[method-assign]

    async def read(self, picture: ImageBlob) -> ImageContent:
        self.held += picture.size
        self.most = max(self.most, self.held)
        return await self._read(picture)

    async def prepare(self, data: bytes, **wishes: Any) -> PreparedImage:
        for _ in range(20):
            await give_way()
        self.held -= len(data)
        return await self._prepare(data, **wishes)


@pytest.mark.parametrize("large", [100, 300, 900])
async def test_only_so_many_bytes_of_pictures_are_held_at_a_time(harness: Harness, large: int) -> None:
    """Of ten pictures, three fit; a large one gets its turn as well, and is alone if it is larger than the budget."""
    counted = Counted(harness)
    harness.memory = MemoryBudget(300)
    refs = [ImageRef("images", f"{number}.jpg") for number in range(10)]
    for number, ref in enumerate(refs):
        harness.images.put(ref, bytes([number]) * (large if number == 4 else 100))
    await asyncio.gather(*(harness.describe(ref) for ref in refs))
    assert len(harness.model.calls) == 10
    assert counted.most == max(300, large)
    assert (counted.held, harness.memory.held) == (0, 0)


async def test_a_large_picture_is_served_within_the_time_of_some_small_ones(harness: Harness) -> None:
    """Sixteen small ones are always under way beside it, as many as the host runs at a time."""
    harness.max_bytes, harness.memory = 1000, MemoryBudget(256)
    small, served = itertools.count(), 0

    async def upload() -> None:
        nonlocal served
        while not large.done():
            ref = ImageRef("images", f"{next(small)}.jpg")
            harness.images.put(ref, ref.name.encode().ljust(20))
            await harness.describe(ref)
            served += 1

    async def wait_and_describe() -> int:
        for _ in range(100):
            await give_way()
        before = served
        await harness.describe()
        return served - before

    harness.images.put(CAT, b"L" * 100)
    large = asyncio.create_task(wait_and_describe())
    async with asyncio.timeout(20):
        await asyncio.gather(*(upload() for _ in range(16)))
    assert await large <= 32


async def test_copies_that_wait_for_an_answer_hold_no_memory(harness: Harness) -> None:
    """Sixteen equal pictures would keep all others from being read until the model has answered."""
    copies = [ImageRef("images", f"copy {number}.jpg") for number in range(16)]
    for ref in copies:
        harness.images.put(ref, b"cat")

    async def all_have_come() -> None:
        while len(harness.images.reads) < len(copies):
            await give_way()
        async with asyncio.timeout(5):
            while harness.memory.held:
                await give_way()

    harness.model.meanwhile = all_have_come
    records = await asyncio.gather(*(harness.described(ref) for ref in copies))
    assert {record.status for record in records} == {Status.DESCRIBED}
    assert len(harness.model.calls) == 1


@pytest.mark.parametrize("fault", [Transient("503"), Misconfigured("403"), Conflict("412"), KeyError("a bug")], ids=str)
async def test_a_paid_answer_is_not_lost_where_it_cannot_be_shared(
    harness: Harness, caplog: pytest.LogCaptureFixture, fault: Exception
) -> None:
    async def cache(*_: object) -> None:
        raise fault

    harness.records.cache = cache  # type: ignore[assignment, method-assign]
    record = await harness.described()
    assert (record.status, record.usage.calls, len(harness.model.calls)) == (Status.DESCRIBED, 1, 1)
    assert harness.records.stored[CAT].record == record
    assert NOT_SHARED in [logged.message for logged in caplog.records]


async def test_an_answer_that_copies_do_not_share_is_paid_for_once_in_all_rounds(harness: Harness) -> None:
    """The answer needs a review, and a person tags the picture while its record is written."""
    harness.model.script = [REFUSAL]
    write = harness.records.write

    async def race(ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        harness.records.write = write  # type: ignore[method-assign]
        raise Conflict("a newer sidecar")

    harness.records.write = race  # type: ignore[method-assign]
    assert (await harness.described()).status is Status.NEEDS_REVIEW
    assert len(harness.model.calls) == 1


async def test_a_refusal_is_not_written_for_the_picture_that_took_its_place(harness: Harness) -> None:
    """An archived picture is replaced by a large one, while its record is written: neither of them is read."""
    harness.images.fails_with = Archived("It lies in the archive tier.")
    write = harness.records.write

    async def race(ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        harness.records.write = write  # type: ignore[method-assign]
        harness.images.fails_with = None
        harness.images.put(CAT, b"x" * 2000)
        raise Conflict("a newer sidecar")

    harness.records.write = race  # type: ignore[method-assign]
    record = await harness.described()
    assert (record.status, record.source.size) == (Status.TOO_LARGE, 2000)
    assert record.source.etag == harness.records.stored[CAT].record.source.etag
    assert harness.metadata()["description_status"] == "too_large"


async def test_no_round_begins_without_time_for_it(harness: Harness) -> None:
    with entered(STORING_SECONDS), pytest.raises(Transient, match="No time is left") as caught:
        await harness.describe()
    assert not caught.value.counts_as_attempt
    assert harness.images.reads == []


async def test_a_picture_that_waits_too_long_for_memory_is_deferred(harness: Harness) -> None:
    full = harness.memory.try_reserve(harness.memory.size)
    with full, entered(STORING_SECONDS + 0.1), pytest.raises(Transient, match="waiting for memory") as caught:
        await harness.describe()
    assert not caught.value.counts_as_attempt
    assert isinstance(await harness.describe(), Record)


async def test_a_persons_text_in_the_metadata_is_never_overwritten(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="Tom, 100%25 cat", description="My cat")
    record = await harness.described()
    assert (record.status, record.alt_text, record.description) == (Status.KEPT, "Tom, 100% cat", "My cat")
    assert record.origin("alt_text") is Origin.HUMAN
    assert harness.metadata()["alt_text"] == "Tom, 100%25 cat"
    assert record.tags == ("cat",)


async def test_a_text_changed_by_a_person_after_us_stands(harness: Harness) -> None:
    await harness.describe()
    harness.images.tag(CAT, alt_text="My cat Tom")
    record = await harness.described()
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")
    assert record.history[0].alt_text == "A cat on a sofa."
    assert harness.metadata()["alt_text"] == "My cat Tom"
    assert len(harness.model.calls) == 1
    assert isinstance(await harness.describe(), Skip)


async def test_a_persons_text_stands_through_a_new_prompt_but_not_for_new_bytes(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="My cat Tom")
    await harness.describe()
    closer = replace(BRIEF, detail="low")
    assert (await harness.described(brief=closer)).alt_text == "My cat Tom"
    assert isinstance(await harness.describe(brief=closer), Skip)
    harness.images.put(CAT, b"dog")
    record = await harness.described()
    assert record.status is Status.NEEDS_REVIEW
    assert record.alt_text == "A cat on a sofa."
    assert (record.history[0].alt_text, record.history[0].origin("alt_text")) == ("My cat Tom", Origin.HUMAN)


@pytest.mark.parametrize("languages", [("en", "de"), ("de", "en"), ("de",)])
async def test_a_new_language_is_added_to_a_persons_text_which_keeps_its_own(
    harness: Harness, languages: tuple[str, ...]
) -> None:
    harness.images.tag(CAT, alt_text="My cat Tom")
    await harness.describe()
    brief = replace(BRIEF, languages=languages)
    harness.model.script = [answer("Eine Katze.", languages=languages)]
    record = await harness.described(brief=brief)
    assert (record.status, record.language, record.alt_text) == (Status.KEPT, "en", "My cat Tom")
    assert record.translations["de"].alt_text == "Eine Katze."
    assert (record.origin("alt_text"), record.origin("de/alt_text")) == (Origin.HUMAN, Origin.MODEL)
    assert record.description == ("" if "en" not in languages else "A cat sleeps on a grey sofa.")
    assert harness.metadata()["alt_text"] == "My cat Tom"
    assert isinstance(await harness.describe(brief=brief), Skip)


def _renamed(harness: Harness, name: str, data: bytes = b"cat") -> ImageRef:
    new = ImageRef("images", name)
    harness.images.put(new, data, **harness.images.blobs.pop(CAT).metadata)
    return new


async def _a_person_translates(harness: Harness) -> None:
    stored = harness.records.stored[CAT]
    by_hand = {
        "translations": {"de": Texts(alt_text="Kater Tom")},
        "provenance": stored.record.provenance | {"de/alt_text": Provenance(origin=Origin.HUMAN)},
    }
    await harness.records.write(CAT, stored.record.model_copy(update=by_hand), replaces=stored)


@pytest.mark.parametrize("old_first", [True, False])
async def test_a_persons_texts_come_along_when_a_picture_is_renamed(harness: Harness, *, old_first: bool) -> None:
    """A description beside the model's alt text, and a translation that is in the sidecar only."""
    harness.images.tag(CAT, description="My cat, 100%25")
    await harness.describe()
    await _a_person_translates(harness)
    await harness.describe()
    new = _renamed(harness, "tom.jpg")
    if old_first:
        await harness.describe()
    record = await harness.described(new)
    assert (record.status, record.alt_text, record.description) == (
        Status.DESCRIBED,
        "A cat on a sofa.",
        "My cat, 100%",
    )
    assert (record.origin("description"), record.origin("alt_text")) == (Origin.HUMAN, Origin.MODEL)
    assert (record.translations["de"].alt_text, record.origin("de/alt_text")) == ("Kater Tom", Origin.HUMAN)
    assert harness.metadata(new)["description"] == "My cat, 100%25"
    assert isinstance(await harness.describe(new), Skip)


async def test_a_long_text_of_a_person_comes_along_whole(harness: Harness) -> None:
    """The metadata has its beginning only."""
    long = "Tom sleeps. " * 400
    await harness.describe()
    stored = harness.records.stored[CAT]
    human = stored.record.provenance | {"alt_text": Provenance(origin=Origin.HUMAN)}
    by_hand = stored.record.model_copy(update={"alt_text": long, "provenance": human})
    await harness.records.write(CAT, by_hand, replaces=stored)
    await harness.describe()
    record = await harness.described(_renamed(harness, "tom.jpg"))
    assert (record.status, record.alt_text) == (Status.KEPT, long)


async def test_a_text_that_is_changed_after_the_renaming_stands(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="My cat Tom", description="My cat")
    await harness.describe()
    new = _renamed(harness, "tom.jpg")
    harness.images.tag(new, alt_text="Tom")
    record = await harness.described(new)
    assert (record.status, record.alt_text, record.description) == (Status.KEPT, "Tom", "My cat")


async def test_nothing_comes_along_with_other_bytes(harness: Harness) -> None:
    harness.images.tag(CAT, description="My cat")
    await harness.describe()
    await _a_person_translates(harness)
    await harness.describe()
    record = await harness.described(_renamed(harness, "dog.jpg", b"dog"))
    assert (record.description, record.translations) == ("A cat sleeps on a grey sofa.", {})


@pytest.mark.parametrize(
    "name", ["_content/images/x.json", "images/../others/a.jpg.json", "others/a.jpg.json", "x", ""]
)
async def test_only_watched_pictures_sidecars_are_looked_up(harness: Harness, name: str) -> None:
    harness.images.tag(CAT, description_sidecar=name)
    asked: list[ImageRef] = []
    read = harness.records.read

    async def noted(ref: ImageRef) -> StoredRecord | None:
        asked.append(ref)
        return await read(ref)

    harness.records.read = noted  # type: ignore[method-assign]
    await harness.describe()
    assert asked == [CAT]


async def test_a_renamed_picture_is_not_asked_for_again(harness: Harness) -> None:
    await harness.describe()
    new = _renamed(harness, "tom.jpg")
    await harness.describe(new)
    await harness.describe()
    assert len(harness.model.calls) == 1
    assert not harness.records.shared
    assert harness.records.stored.keys() == {new}


async def test_a_persons_translation_comes_to_the_top_when_its_language_does(harness: Harness) -> None:
    both = replace(BRIEF, languages=("en", "de"))
    await harness.describe(brief=both)
    await _a_person_translates(harness)
    record = await harness.described(brief=replace(BRIEF, languages=("de", "en")))
    assert (record.language, record.alt_text, record.origin("alt_text")) == ("de", "Kater Tom", Origin.HUMAN)
    assert record.translations["en"].alt_text == "A cat on a sofa."
    assert record.translations.keys() == {"en"}


@pytest.mark.parametrize(
    "refusal", [Filtered("Filtered."), Corrupt("Cut off."), Unsupported("HEIC."), NoUsableAnswer("No answer.")]
)
async def test_a_persons_record_says_why_nothing_was_added(harness: Harness, refusal: ImageRejected) -> None:
    harness.images.tag(CAT, alt_text="My cat Tom")
    harness.model.script = [refusal]
    record = await harness.described()
    assert (record.status, record.alt_text, record.flags) == (Status.KEPT, "My cat Tom", (refusal.status,))
    assert record.reason == f"Only the person's text is available: {refusal}"
    assert harness.topic.published[-1].record == record


async def test_the_models_refusal_is_recorded_beside_a_persons_text(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="My cat Tom")
    harness.model.script = [REFUSAL]
    record = await harness.described()
    assert (record.status, record.flags) == (Status.KEPT, ("refusal",))
    assert record.reason.startswith("The model refused")
    assert isinstance(await harness.describe(), Skip)


@pytest.mark.parametrize("refusal", [TooLarge("raise the limit"), NoUsableAnswer("cut off twice")])
async def test_what_is_missing_beside_a_persons_text_is_retried_and_written_once(
    harness: Harness, refusal: ImageRejected
) -> None:
    harness.images.tag(CAT, alt_text="My cat Tom")
    harness.model.script = [refusal, refusal]
    first = await harness.described()
    assert await harness.described() == first
    assert harness.records.writes == 1
    harness.images.tag(CAT, alt_text="Our cat Tom")
    harness.model.script = [refusal]
    assert (await harness.described()).alt_text == "Our cat Tom"
    record = await harness.described()
    assert (record.status, record.alt_text, record.reason, record.flags) == (Status.KEPT, "Our cat Tom", "", ())
    assert record.description == "A cat sleeps on a grey sofa."
    assert isinstance(await harness.describe(), Skip)


async def test_a_picture_that_can_no_longer_be_read_keeps_its_description(harness: Harness) -> None:
    """Its metadata shows that these are the bytes that were described."""
    await harness.describe()
    harness.images.fails_with = Archived("archived")
    assert isinstance(await harness.describe(), Skip)
    harness.images.put(CAT, b"dog")
    assert (await harness.described()).status is Status.ARCHIVED


@pytest.mark.parametrize("text", ["", "My cat Tom"])
async def test_a_picture_that_comes_out_of_the_archive_is_described(harness: Harness, text: str) -> None:
    """Neither its ETag nor its metadata change by that."""
    harness.images.put(CAT, b"cat", **({"alt_text": text} if text else {}))
    harness.images.unwritable = True
    harness.images.fails_with = Archived("archived")
    assert "archived" in (await harness.described()).reason
    harness.images.fails_with = None
    record = await harness.described()
    assert record.status is (Status.KEPT if text else Status.DESCRIBED)
    assert (record.alt_text, record.description) == (text or "A cat on a sofa.", "A cat sleeps on a grey sofa.")
    assert record.reason == ""


async def test_a_persons_text_for_a_picture_that_was_not_read_stands_when_it_is(harness: Harness) -> None:
    """The limit is raised, and lowered again: the metadata shows that it is the same blob."""
    harness.images.put(CAT, b"x" * 1001, alt_text="My cat Tom")
    await harness.describe()
    harness.max_bytes = 2000
    record = await harness.described()
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")
    assert record.description == "A cat sleeps on a grey sofa."
    harness.max_bytes = 1000
    assert isinstance(await harness.describe(), Skip)


async def test_a_refusal_is_never_written_as_a_text(harness: Harness) -> None:
    harness.model.script = [answer("I'm sorry, I can't help with that.")]
    record = await harness.described()
    assert (record.status, record.alt_text, record.flags) == (Status.NEEDS_REVIEW, "", ("refusal",))
    assert "alt_text" not in harness.metadata()


async def test_pictures_stay_untouched_where_metadata_is_switched_off(harness: Harness) -> None:
    harness.write_metadata = False
    await harness.describe()
    await harness.describe()
    assert harness.metadata() == {}
    assert len(harness.model.calls) == 1
    assert harness.records.writes == 1


async def test_a_leased_picture_is_announced_when_written_and_when_marked_but_not_at_each_try(harness: Harness) -> None:
    harness.images.leased = True
    for _ in range(3):
        with pytest.raises(Transient, match="lease"):
            await harness.describe()
    assert len(harness.topic.published) == 1
    harness.images.leased = False
    record = await harness.described()
    assert [stored.record for stored in harness.topic.published] == [record, record]
    assert len({stored.etag for stored in harness.topic.published}) == 1
    assert isinstance(await harness.describe(), Skip)
    assert (harness.records.writes, len(harness.model.calls)) == (1, 1)


async def test_a_record_whose_writer_ended_before_publishing_is_published(harness: Harness) -> None:
    """Also where a lease was in the way meanwhile."""
    picture = await harness.images.get_properties(CAT)
    assert picture
    content = await harness.images.read(picture)
    record = await harness.pipeline.image_describer.describe(picture, content, BRIEF)
    written = await harness.records.write(CAT, record, replaces=None)
    harness.images.leased = True
    with pytest.raises(Transient, match="lease"):
        await harness.describe()
    assert not harness.topic.published
    harness.images.leased = False
    await harness.describe()
    assert harness.topic.published == [written]
    assert len(harness.model.calls) == 1


async def test_a_leased_picture_that_is_not_to_be_marked_is_done(harness: Harness) -> None:
    harness.images.leased, harness.write_metadata = True, False
    first = await harness.described()
    assert await harness.described() == first


async def test_a_picture_that_cannot_be_marked_has_its_record_flagged_once(harness: Harness) -> None:
    harness.images.unwritable = True
    record = await harness.described()
    assert record.flags == ("metadata_not_written",)
    assert harness.topic.published[-1] == harness.records.stored[CAT]
    await harness.describe()
    assert harness.records.writes == 2
    assert len(harness.model.calls) == 1


async def test_a_picture_that_can_be_marked_again_loses_the_flag(harness: Harness) -> None:
    harness.images.put(CAT, b"cat", theirs="x" * 8000)
    assert (await harness.described()).flags == ("metadata_not_written",)
    harness.images.put(CAT, b"cat")
    record = await harness.described()
    assert (record.flags, record.history) == ((), ())
    assert harness.metadata()["alt_text"] == "A cat on a sofa."
    assert isinstance(await harness.describe(), Skip)
    assert len(harness.model.calls) == 1


@pytest.mark.parametrize("refusal", [TooLarge("raise the limit"), Unsupported("HEIC is not installed")])
async def test_what_a_new_limit_may_fix_is_retried_and_published_once(harness: Harness, refusal: ImageRejected) -> None:
    harness.preparer.refuses = refusal
    first = await harness.described()
    assert await harness.described() == first
    assert harness.records.writes == 1
    assert len({stored.etag for stored in harness.topic.published}) == 1
    harness.preparer.refuses = None
    assert (await harness.described()).status is Status.DESCRIBED


async def test_a_failed_picture_is_tried_again_at_the_next_event(harness: Harness) -> None:
    await harness.pipeline.give_up(CAT, BRIEF, "tried 3 times", Usage())
    record = await harness.described()
    assert record.status is Status.DESCRIBED


async def test_giving_up_never_replaces_a_description(harness: Harness) -> None:
    await harness.describe()
    assert isinstance(await harness.pipeline.give_up(CAT, BRIEF, "tried 3 times", Usage()), Skip)


async def test_a_failure_with_a_new_prompt_keeps_the_older_answer(harness: Harness) -> None:
    await harness.describe()
    end = await harness.pipeline.give_up(CAT, replace(BRIEF, detail="low"), "tried 3 times", Usage())
    assert isinstance(end, Record)
    assert (end.status, end.alt_text) == (Status.DESCRIBED, "A cat on a sofa.")
    assert harness.records.writes == 1


async def test_giving_up_never_overwrites_a_persons_text(harness: Harness) -> None:
    await harness.describe()
    harness.images.tag(CAT, alt_text="My cat Tom")
    end = await harness.pipeline.give_up(CAT, replace(BRIEF, detail="low"), "tried 3 times", Usage())
    assert isinstance(end, Record)
    assert (end.status, end.alt_text) == (Status.KEPT, "My cat Tom")
    assert harness.metadata()["alt_text"] == "My cat Tom"


async def test_a_persons_text_written_between_the_sidecar_and_the_mark_stands(harness: Harness) -> None:
    """The metadata still names the record that was replaced: what differs from that one's copy is a person's."""
    await harness.describe()
    mark = harness.images.set_metadata

    async def first_a_person(picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        harness.images.set_metadata = mark  # type: ignore[method-assign]
        harness.images.tag(CAT, alt_text="My cat Tom")
        return await mark(picture, metadata)

    harness.images.set_metadata = first_a_person  # type: ignore[method-assign]
    harness.model.script = [answer("Another cat.")]
    record = await harness.described(brief=replace(BRIEF, detail="low"))
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")
    assert harness.metadata()["alt_text"] == "My cat Tom"


async def test_our_own_older_text_is_never_taken_for_a_persons(harness: Harness) -> None:
    """As above, but what is in the metadata is the copy of the record that was replaced."""
    await harness.describe()
    mark = harness.images.set_metadata

    async def first_a_tag(picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        harness.images.set_metadata = mark  # type: ignore[method-assign]
        harness.images.tag(CAT, shelf="7")
        return await mark(picture, metadata)

    harness.images.set_metadata = first_a_tag  # type: ignore[method-assign]
    harness.model.script = [answer("Another cat.")]
    record = await harness.described(brief=replace(BRIEF, detail="low"))
    assert (record.status, record.alt_text) == (Status.DESCRIBED, "Another cat.")
    assert harness.metadata()["alt_text"] == "Another cat."


async def test_a_persons_text_outlives_a_late_record_of_other_bytes(harness: Harness) -> None:
    """An upload is undone while it is worked on: its record may come last, because the first one's needs no writing."""
    harness.images.tag(CAT, alt_text="My cat Tom")
    await harness.describe()
    kept = harness.records.stored[CAT]
    source = kept.record.source.model_copy(update={"sha256": "0" * 64})
    late = Record.refused(BRIEF, source, Corrupt("cut off")).after(kept.record.earlier(kept.etag))
    await harness.records.write(CAT, late, replaces=kept)
    record = await harness.described()
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")
    assert harness.metadata()["alt_text"] == "My cat Tom"


@pytest.mark.parametrize("size", [1001, 1002])
async def test_a_persons_text_is_not_used_for_another_picture_that_is_not_read_either(
    harness: Harness, size: int
) -> None:
    """Two pictures over the limit have no hash, and often the same size."""
    harness.images.put(CAT, b"x" * 1001, alt_text="My cat Tom")
    kept = await harness.described()
    assert kept.status is Status.KEPT
    assert "1,001 bytes" in kept.reason
    harness.images.put(CAT, b"y" * size)
    record = await harness.described()
    assert (record.status, record.alt_text) == (Status.TOO_LARGE, "")
    assert record.history[0].alt_text == "My cat Tom"


async def test_a_record_says_what_was_spent_and_what_shrinking_saved(harness: Harness) -> None:
    record = await harness.described()
    assert record.sent and record.cost
    assert (record.sent.image_tokens, record.sent.image_tokens_unshrunk) == (922, 14100)
    assert record.cost.usd == pytest.approx((1072 * 0.20 + 90 * 1.20) / 1e6)
    assert (record.cost.usd_unshrunk or 0) > 3 * record.cost.usd


def test_a_record_survives_its_sidecar() -> None:
    """What is written is what is read."""
    record = Record.model_validate(
        {
            "status": "kept",
            "language": "en",
            "alt_text": "Käse & 🧀",
            "provenance": {"alt_text": Provenance(origin=Origin.HUMAN)},
            "source": {"container": "images", "name": "a b.jpg", "etag": '"1"', "size": 3},
            "fingerprint": "0" * 16,
            "at": "2026-11-23T08:00:00+00:00",
            "history": [
                HistoryEntry(
                    at="2026-11-22T08:00:00+00:00",
                    status=Status.DESCRIBED,
                    language="en",
                    alt_text="Cheese",
                    fingerprint="0" * 16,
                    source={"container": "images", "name": "a b.jpg", "etag": '"0"', "size": 3},
                )
            ],
        }
    )
    assert Record.from_json(record.to_json()) == record


async def test_what_is_known_to_take_no_metadata_is_flagged_at_once_and_announced_once(harness: Harness) -> None:
    harness.images.refusal = Archived("archived")
    record = await harness.described()
    assert (record.status, record.flags) == (Status.ARCHIVED, (NOT_MARKED,))
    assert (harness.images.reads, len(harness.topic.published), harness.records.writes) == ([], 1, 1)


async def test_what_is_known_to_take_no_metadata_is_not_flagged_where_none_is_written() -> None:
    harness = Harness(write_metadata=False)
    harness.images.put(CAT, b"cat")
    harness.images.refusal = Archived("archived")
    assert (await harness.described()).flags == ()


async def test_an_over_large_blob_waits_for_no_more_memory_than_a_picture_may_take(harness: Harness) -> None:
    harness.memory = MemoryBudget(harness.max_bytes + 400)
    harness.images.put(CAT, bytes(5 * harness.max_bytes))
    async with harness.memory.reserve_when_free(400), asyncio.timeout(5):
        assert (await harness.described()).status is Status.TOO_LARGE


async def test_a_record_that_is_replaced_while_its_picture_is_marked_is_visited_again(harness: Harness) -> None:
    """Nothing else would: the mark says that all is done, and a sidecar raises no event."""

    class EditedMeanwhile(FakeImages):
        edited = False

        async def set_metadata(self, picture: ImageBlob, pairs: Mapping[str, str]) -> bool:
            done = await super().set_metadata(picture, pairs)
            if not self.edited:
                self.edited = True
                harness.records.edit(CAT, {"alt_text": "Tom, our cat"})
            return done

    harness.images = EditedMeanwhile()
    harness.images.put(CAT, b"cat")
    assert (await harness.described()).alt_text == "Tom, our cat"
    assert harness.metadata()["alt_text"] == "Tom, our cat"
    assert harness.metadata()["description_record"] == harness.records.stored[CAT].etag.strip('"')
