"""The line on fakes: every way a visit can end, and every race it must win."""

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
    DescriberError,
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
from tests.unit.conftest import BRIEF, CAT, House

REFUSAL = Answer("luna", Usage(calls=1), refusal="I can't help with that.")


async def _fails(house: House) -> None:
    await house.pipeline.give_up(CAT, BRIEF, "tried 3 times", Usage())


STATUSES: dict[Status, Callable[[House], object]] = {
    Status.DESCRIBED: lambda house: None,
    Status.NEEDS_REVIEW: lambda house: house.model.script.append(REFUSAL),
    Status.KEPT: lambda house: house.images.tag(CAT, alt_text="My cat Tom"),
    Status.FILTERED: lambda house: house.model.script.append(Filtered("filtered")),
    Status.UNSUPPORTED: lambda house: setattr(house.preparer, "refuses", Unsupported("a text")),
    Status.CORRUPT: lambda house: setattr(house.preparer, "refuses", Corrupt("cut off")),
    Status.TOO_LARGE: lambda house: house.images.put(CAT, b"x" * 1001),
    Status.ARCHIVED: lambda house: setattr(house.images, "fails_with", Archived("archived")),
    Status.FAILED: lambda house: house.model.script.append(NoUsableAnswer("cut off twice")),
}

SKIPS: dict[SkipReason, tuple[ImageRef, dict[str, str]]] = {
    SkipReason.EXCLUDED: (ImageRef("images", "private/a.jpg"), {}),
    SkipReason.NOT_OURS: (ImageRef("descriptions", "images/a.jpg.json"), {}),
    SkipReason.GONE: (ImageRef("images", "gone.jpg"), {}),
}


@pytest.mark.parametrize("status", Status)
async def test_every_status_is_written_in_the_sidecar_and_in_the_metadata(house: House, status: Status) -> None:
    STATUSES[status](house)
    record = await house.described()
    assert record.status is status
    assert house.records.stored[CAT].record == record
    assert house.metadata()["description_status"] == status
    assert house.topic.announced[-1].record == record


@pytest.mark.parametrize("reason", SkipReason)
async def test_every_skip_writes_nothing(house: House, reason: SkipReason) -> None:
    if reason is SkipReason.UNCHANGED:
        await house.describe()
        ref, writes = CAT, 1
    elif reason is SkipReason.NEWER:
        house.records.newer.add(CAT)
        ref, writes = CAT, 0
    else:
        ref, writes = SKIPS[reason][0], 0
    end = await house.describe(ref)
    assert isinstance(end, Skip)
    assert end.reason is reason
    assert house.records.writes == writes


@pytest.mark.parametrize(
    ("ref", "metadata"),
    [
        (ImageRef("images", "private/a.jpg"), {}),
        (ImageRef("images", "b.jpg"), {"description_skip": "true"}),
        (ImageRef("images", "c.jpg"), {"Description_Skip": "True "}),
        (ImageRef("images", "folder"), {"hdi_isfolder": "true"}),
    ],
)
async def test_an_excluded_picture_is_never_read(house: House, ref: ImageRef, metadata: dict[str, str]) -> None:
    house.images.put(ref, b"secret", **metadata)
    assert isinstance(await house.describe(ref), Skip)
    assert not house.images.reads
    assert not house.model.calls
    assert ref not in house.records.stored


async def test_a_blob_over_the_limit_is_not_read(house: House) -> None:
    house.images.put(CAT, b"x" * 1001)
    record = await house.described()
    assert record.status is Status.TOO_LARGE
    assert "1,001 bytes" in record.reason
    assert not house.images.reads


async def test_the_same_bytes_again_cost_no_call(house: House) -> None:
    first = await house.described()
    house.images.put(CAT, b"cat")  # an upload drops the metadata
    assert await house.described() == first
    assert house.metadata()["alt_text"] == "A cat on a sofa."
    assert len(house.model.calls) == 1


async def test_a_second_delivery_writes_nothing(house: House) -> None:
    await house.describe()
    before = dict(house.metadata())
    assert await house.describe() == Skip(SkipReason.UNCHANGED, "its record is complete")
    assert house.metadata() == before
    assert house.records.writes == 1


async def test_new_bytes_are_described_anew_and_the_old_text_is_in_the_history(house: House) -> None:
    await house.describe()
    house.images.put(CAT, b"dog")
    house.model.script = [answer("A dog.")]
    record = await house.described()
    assert (record.status, record.alt_text) == (Status.DESCRIBED, "A dog.")
    assert [earlier.alt_text for earlier in record.history] == ["A cat on a sofa."]


async def test_another_brief_is_asked_anew(house: House) -> None:
    await house.describe()
    german = replace(BRIEF, languages=("de", "en"))
    record = await house.described(brief=german)
    assert record.language == "de"
    assert record.translations["en"].alt_text == "A cat on a sofa."
    assert len(house.model.calls) == 2


async def test_metadata_set_while_the_model_thinks_is_kept_and_costs_no_second_call(house: House) -> None:
    async def tag() -> None:
        house.images.tag(CAT, shelf="7")

    house.model.meanwhile = tag
    await house.described()
    assert house.metadata()["shelf"] == "7"
    assert house.metadata()["alt_text"] == "A cat on a sofa."
    assert len(house.model.calls) == 1
    assert house.records.writes == 1


async def test_a_picture_replaced_while_the_model_thinks_gets_its_own_description(house: House) -> None:
    async def replaced() -> None:
        if len(house.model.calls) == 1:
            house.images.put(CAT, b"dog")

    house.model.meanwhile = replaced
    house.model.script = [answer("A cat."), answer("A dog.")]
    record = await house.described()
    assert record.alt_text == "A dog."
    assert house.records.stored[CAT].record.alt_text == "A dog."
    assert house.metadata()["alt_text"] == "A dog."


async def test_a_picture_deleted_while_the_model_thinks_leaves_no_sidecar(house: House) -> None:
    async def deleted() -> None:
        del house.images.blobs[CAT]

    house.model.meanwhile = deleted
    end = await house.describe()
    assert isinstance(end, Skip)
    assert end.reason is SkipReason.GONE
    assert CAT not in house.records.stored


async def test_what_copies_share_names_none_of_them(house: House) -> None:
    record = await house.described()
    (shared,) = house.records.shared.values()
    assert (shared.alt_text, shared.source.sha256) == (record.alt_text, record.source.sha256)
    assert "cat.jpg" not in shared.to_json().decode()
    assert shared.source.etag == ""


@pytest.mark.parametrize("text", ["", "My cat Tom"])
async def test_what_copies_share_goes_with_the_picture(house: House, text: str) -> None:
    """The other copies keep their own sidecars; the next one is asked for once more."""
    copy = ImageRef("images", "copy.jpg")
    house.images.put(copy, b"cat")
    await house.describe(copy)
    if text:
        house.images.tag(CAT, alt_text=text)
    await house.describe()
    del house.images.blobs[CAT]
    await house.describe()
    assert not house.records.shared
    assert house.records.stored[copy].record.alt_text == "A cat on a sofa."
    assert isinstance(await house.describe(copy), Skip)


async def test_what_copies_share_goes_with_the_bytes_and_with_the_brief(house: House) -> None:
    await house.describe()
    first = set(house.records.shared)
    house.images.put(CAT, b"dog")
    await house.describe()
    second = set(house.records.shared)
    await house.describe(brief=replace(BRIEF, detail="low"))
    third = set(house.records.shared)
    assert [len(keys) for keys in (first, second, third)] == [1, 1, 1]
    assert len(first | second | third) == 3


async def test_an_answer_that_comes_too_late_is_not_kept_for_copies(house: House) -> None:
    """The picture was replaced while the model thought, and another delivery has done all there is to do."""

    async def replaced() -> None:
        if len(house.model.calls) == 1:
            house.images.put(CAT, b"dog")
            await house.describe()

    house.model.meanwhile = replaced
    assert isinstance(await house.describe(), Skip)
    ((_, key),) = house.records.shared
    assert key == shared_key(hashlib.sha256(b"dog").hexdigest(), BRIEF.fingerprint)


async def test_a_picture_that_comes_back_while_its_sidecar_is_deleted_has_one_in_the_end(house: House) -> None:
    """The newcomer's own delivery finds the sidecar still there, complete for the same bytes, and leaves it."""
    await house.describe()
    del house.images.blobs[CAT]
    delete = house.records.delete

    async def late(ref: ImageRef, stored: StoredRecord) -> None:
        house.images.put(CAT, b"cat")
        await house.describe()
        await delete(ref, stored)

    house.records.delete = late  # type: ignore[method-assign]
    await house.describe()
    assert house.records.stored[CAT].record.status is Status.DESCRIBED
    assert isinstance(await house.describe(), Skip)


async def test_a_deleted_picture_with_a_persons_text_keeps_its_sidecar(house: House) -> None:
    house.images.tag(CAT, alt_text="My cat Tom")
    await house.describe()
    del house.images.blobs[CAT]
    await house.describe()
    assert house.records.stored[CAT].record.alt_text == "My cat Tom"


async def test_a_slow_delivery_never_replaces_the_record_of_newer_bytes(house: House) -> None:
    """Two deliveries: the first reads the old bytes and thinks long; the second finishes the new ones meanwhile."""
    newer_is_done = asyncio.Event()

    async def slow() -> None:
        if len(house.model.calls) == 1:
            house.images.put(CAT, b"dog")
            await newer_is_done.wait()

    house.model.meanwhile = slow
    first = asyncio.create_task(house.describe())
    while not house.model.calls:
        await asyncio.sleep(0)
    house.model.script = [answer("A dog."), answer("A cat, late.")]
    await house.describe()
    newer_is_done.set()
    await first
    assert house.records.stored[CAT].record.alt_text == "A dog."
    assert house.metadata()["alt_text"] == "A dog."


async def test_a_picture_that_never_stands_still_is_put_off(house: House) -> None:
    async def tag() -> None:
        house.images.tag(CAT, at=str(len(house.model.calls)))

    house.model.meanwhile = tag
    house.images.set_metadata = lambda picture, metadata: _raise_superseded()  # type: ignore[method-assign]
    with pytest.raises(Transient, match="changed 5 times"):
        await house.describe()
    assert len(house.model.calls) == 1


async def _raise_superseded() -> bool:
    from describer.domain.errors import Conflict

    raise Conflict("changed")


async def test_twins_are_asked_for_once_even_at_the_same_time(house: House) -> None:
    twins = [ImageRef("images", f"copy {number}.jpg") for number in range(5)]
    for ref in twins:
        house.images.put(ref, b"cat")
    records = await asyncio.gather(*(house.described(ref) for ref in twins))
    assert {record.alt_text for record in records} == {"A cat on a sofa."}
    assert [record.source.name for record in records] == [ref.name for ref in twins]
    assert len(house.model.calls) == 1
    assert sorted(record.usage.calls for record in records) == [0, 0, 0, 0, 1]


async def test_copies_of_a_picture_that_fails_do_not_fail_one_after_the_other(house: House) -> None:
    """Sixteen at 90 s each would outlast the host's functionTimeout."""
    twins = [ImageRef("images", f"copy {number}.jpg") for number in range(16)]
    for ref in twins:
        house.images.put(ref, b"cat")

    async def all_have_come() -> None:
        async with asyncio.timeout(5):
            while len(house.images.reads) < len(twins) or house.memory.held:  # those that wait hold none
                await give_way()

    house.model.meanwhile = all_have_come
    house.model.script = [Transient("no answer in 90 s", counts_as_attempt=True)]
    ends = await asyncio.gather(*(house.describe(ref) for ref in twins), return_exceptions=True)
    assert {str(end) for end in ends} == {"no answer in 90 s"}
    assert len(house.model.calls) == 1
    assert (await house.described(twins[0])).status is Status.DESCRIBED


class Counted:
    """Counts the bytes of pictures that were read and are not prepared yet."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.held = self.most = 0
        self._read, self._prepare = house.images.read, house.preparer.prepare
        house.images.read = self.read  # type: ignore[method-assign]
        house.preparer.prepare = self.prepare  # type: ignore[method-assign]

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
async def test_only_so_many_bytes_of_pictures_are_held_at_a_time(house: House, large: int) -> None:
    """Of ten pictures, three fit; a large one gets its turn as well, and is alone if it is larger than the budget."""
    counted = Counted(house)
    house.memory = MemoryBudget(300)
    refs = [ImageRef("images", f"{number}.jpg") for number in range(10)]
    for number, ref in enumerate(refs):
        house.images.put(ref, bytes([number]) * (large if number == 4 else 100))
    await asyncio.gather(*(house.describe(ref) for ref in refs))
    assert len(house.model.calls) == 10
    assert counted.most == max(300, large)
    assert (counted.held, house.memory.held) == (0, 0)


async def test_a_large_picture_is_served_within_the_time_of_some_small_ones(house: House) -> None:
    """Sixteen small ones are always under way beside it, as many as the host runs at a time."""
    house.max_bytes, house.memory = 1000, MemoryBudget(256)
    small, served = itertools.count(), 0

    async def upload() -> None:
        nonlocal served
        while not large.done():
            ref = ImageRef("images", f"{next(small)}.jpg")
            house.images.put(ref, ref.name.encode().ljust(20))
            await house.describe(ref)
            served += 1

    async def wait_and_describe() -> int:
        for _ in range(100):
            await give_way()
        before = served
        await house.describe()
        return served - before

    house.images.put(CAT, b"L" * 100)
    large = asyncio.create_task(wait_and_describe())
    async with asyncio.timeout(20):
        await asyncio.gather(*(upload() for _ in range(16)))
    assert await large <= 32


async def test_copies_that_wait_for_an_answer_hold_no_memory(house: House) -> None:
    """Sixteen equal pictures would keep all others from being read until the model has answered."""
    twins = [ImageRef("images", f"copy {number}.jpg") for number in range(16)]
    for ref in twins:
        house.images.put(ref, b"cat")

    async def all_have_come() -> None:
        while len(house.images.reads) < len(twins):
            await give_way()
        async with asyncio.timeout(5):
            while house.memory.held:
                await give_way()

    house.model.meanwhile = all_have_come
    records = await asyncio.gather(*(house.described(ref) for ref in twins))
    assert {record.status for record in records} == {Status.DESCRIBED}
    assert len(house.model.calls) == 1


@pytest.mark.parametrize("fault", [Transient("503"), Misconfigured("403")], ids=str)
async def test_a_paid_answer_is_not_lost_where_it_cannot_be_shared(
    house: House, caplog: pytest.LogCaptureFixture, fault: DescriberError
) -> None:
    async def cache(*_: object) -> None:
        raise fault

    house.records.cache = cache  # type: ignore[assignment, method-assign]
    record = await house.described()
    assert (record.status, record.usage.calls, len(house.model.calls)) == (Status.DESCRIBED, 1, 1)
    assert house.records.stored[CAT].record == record
    assert NOT_SHARED in [logged.message for logged in caplog.records]


async def test_a_refusal_is_not_written_for_the_picture_that_took_its_place(house: House) -> None:
    """An archived picture is replaced by a large one, while its record is written: neither of them is read."""
    house.images.fails_with = Archived("It lies in the archive tier.")
    write = house.records.write

    async def race(ref: ImageRef, record: Record, *, replaces: StoredRecord | None) -> StoredRecord:
        house.records.write = write  # type: ignore[method-assign]
        house.images.fails_with = None
        house.images.put(CAT, b"x" * 2000)
        raise Conflict("a newer sidecar")

    house.records.write = race  # type: ignore[method-assign]
    record = await house.described()
    assert (record.status, record.source.size) == (Status.TOO_LARGE, 2000)
    assert record.source.etag == house.records.stored[CAT].record.source.etag
    assert house.metadata()["description_status"] == "too_large"


async def test_no_round_begins_without_time_for_it(house: House) -> None:
    with entered(STORING_SECONDS), pytest.raises(Transient, match="no time is left") as caught:
        await house.describe()
    assert not caught.value.counts_as_attempt
    assert house.images.reads == []


async def test_who_waits_too_long_for_memory_is_put_off(house: House) -> None:
    full = house.memory.try_reserve(house.memory.size)
    with full, entered(STORING_SECONDS + 0.1), pytest.raises(Transient, match="waiting for memory") as caught:
        await house.describe()
    assert not caught.value.counts_as_attempt
    assert isinstance(await house.describe(), Record)


async def test_a_persons_text_in_the_metadata_is_never_overwritten(house: House) -> None:
    house.images.tag(CAT, alt_text="Tom, 100%25 cat", description="My cat")
    record = await house.described()
    assert (record.status, record.alt_text, record.description) == (Status.KEPT, "Tom, 100% cat", "My cat")
    assert record.origin("alt_text") is Origin.HUMAN
    assert house.metadata()["alt_text"] == "Tom, 100%25 cat"
    assert record.tags == ("cat",)


async def test_a_text_changed_by_a_person_after_us_stands(house: House) -> None:
    await house.describe()
    house.images.tag(CAT, alt_text="My cat Tom")
    record = await house.described()
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")
    assert record.history[0].alt_text == "A cat on a sofa."
    assert house.metadata()["alt_text"] == "My cat Tom"
    assert len(house.model.calls) == 1
    assert isinstance(await house.describe(), Skip)


async def test_a_persons_text_stands_through_a_new_prompt_but_not_for_new_bytes(house: House) -> None:
    house.images.tag(CAT, alt_text="My cat Tom")
    await house.describe()
    closer = replace(BRIEF, detail="low")
    assert (await house.described(brief=closer)).alt_text == "My cat Tom"
    assert isinstance(await house.describe(brief=closer), Skip)
    house.images.put(CAT, b"dog")
    record = await house.described()
    assert record.status is Status.NEEDS_REVIEW
    assert record.alt_text == "A cat on a sofa."
    assert (record.history[0].alt_text, record.history[0].origin("alt_text")) == ("My cat Tom", Origin.HUMAN)


@pytest.mark.parametrize("languages", [("en", "de"), ("de", "en"), ("de",)])
async def test_a_new_language_is_added_to_a_persons_text_which_keeps_its_own(
    house: House, languages: tuple[str, ...]
) -> None:
    house.images.tag(CAT, alt_text="My cat Tom")
    await house.describe()
    brief = replace(BRIEF, languages=languages)
    house.model.script = [answer("Eine Katze.", languages=languages)]
    record = await house.described(brief=brief)
    assert (record.status, record.language, record.alt_text) == (Status.KEPT, "en", "My cat Tom")
    assert record.translations["de"].alt_text == "Eine Katze."
    assert (record.origin("alt_text"), record.origin("de/alt_text")) == (Origin.HUMAN, Origin.MODEL)
    assert record.description == ("" if "en" not in languages else "A cat sleeps on a grey sofa.")
    assert house.metadata()["alt_text"] == "My cat Tom"
    assert isinstance(await house.describe(brief=brief), Skip)


def _renamed(house: House, name: str, data: bytes = b"cat") -> ImageRef:
    new = ImageRef("images", name)
    house.images.put(new, data, **house.images.blobs.pop(CAT).metadata)
    return new


async def _a_person_translates(house: House) -> None:
    stored = house.records.stored[CAT]
    by_hand = {
        "translations": {"de": Texts(alt_text="Kater Tom")},
        "provenance": stored.record.provenance | {"de/alt_text": Provenance(origin=Origin.HUMAN)},
    }
    await house.records.write(CAT, stored.record.model_copy(update=by_hand), replaces=stored)


@pytest.mark.parametrize("old_first", [True, False])
async def test_a_persons_texts_come_along_when_a_picture_is_renamed(house: House, *, old_first: bool) -> None:
    """A description beside the model's alt text, and a translation that is in the sidecar only."""
    house.images.tag(CAT, description="My cat, 100%25")
    await house.describe()
    await _a_person_translates(house)
    await house.describe()
    new = _renamed(house, "tom.jpg")
    if old_first:
        await house.describe()
    record = await house.described(new)
    assert (record.status, record.alt_text, record.description) == (
        Status.DESCRIBED,
        "A cat on a sofa.",
        "My cat, 100%",
    )
    assert (record.origin("description"), record.origin("alt_text")) == (Origin.HUMAN, Origin.MODEL)
    assert (record.translations["de"].alt_text, record.origin("de/alt_text")) == ("Kater Tom", Origin.HUMAN)
    assert house.metadata(new)["description"] == "My cat, 100%25"
    assert isinstance(await house.describe(new), Skip)


async def test_a_long_text_of_a_person_comes_along_whole(house: House) -> None:
    """The metadata has its beginning only."""
    long = "Tom sleeps. " * 400
    await house.describe()
    stored = house.records.stored[CAT]
    human = stored.record.provenance | {"alt_text": Provenance(origin=Origin.HUMAN)}
    by_hand = stored.record.model_copy(update={"alt_text": long, "provenance": human})
    await house.records.write(CAT, by_hand, replaces=stored)
    await house.describe()
    record = await house.described(_renamed(house, "tom.jpg"))
    assert (record.status, record.alt_text) == (Status.KEPT, long)


async def test_a_text_that_is_changed_after_the_renaming_stands(house: House) -> None:
    house.images.tag(CAT, alt_text="My cat Tom", description="My cat")
    await house.describe()
    new = _renamed(house, "tom.jpg")
    house.images.tag(new, alt_text="Tom")
    record = await house.described(new)
    assert (record.status, record.alt_text, record.description) == (Status.KEPT, "Tom", "My cat")


async def test_nothing_comes_along_with_other_bytes(house: House) -> None:
    house.images.tag(CAT, description="My cat")
    await house.describe()
    await _a_person_translates(house)
    await house.describe()
    record = await house.described(_renamed(house, "dog.jpg", b"dog"))
    assert (record.description, record.translations) == ("A cat sleeps on a grey sofa.", {})


@pytest.mark.parametrize(
    "name", ["_content/images/x.json", "images/../others/a.jpg.json", "others/a.jpg.json", "x", ""]
)
async def test_only_watched_pictures_sidecars_are_looked_up(house: House, name: str) -> None:
    house.images.tag(CAT, description_sidecar=name)
    asked: list[ImageRef] = []
    read = house.records.read

    async def noted(ref: ImageRef) -> StoredRecord | None:
        asked.append(ref)
        return await read(ref)

    house.records.read = noted  # type: ignore[method-assign]
    await house.describe()
    assert asked == [CAT]


async def test_a_renamed_picture_is_not_asked_for_again(house: House) -> None:
    await house.describe()
    new = _renamed(house, "tom.jpg")
    await house.describe(new)
    await house.describe()
    assert len(house.model.calls) == 1
    assert not house.records.shared
    assert house.records.stored.keys() == {new}


async def test_a_persons_translation_comes_to_the_top_when_its_language_does(house: House) -> None:
    both = replace(BRIEF, languages=("en", "de"))
    await house.describe(brief=both)
    await _a_person_translates(house)
    record = await house.described(brief=replace(BRIEF, languages=("de", "en")))
    assert (record.language, record.alt_text, record.origin("alt_text")) == ("de", "Kater Tom", Origin.HUMAN)
    assert record.translations["en"].alt_text == "A cat on a sofa."
    assert record.translations.keys() == {"en"}


@pytest.mark.parametrize(
    "refusal", [Filtered("Filtered."), Corrupt("Cut off."), Unsupported("HEIC."), NoUsableAnswer("No answer.")]
)
async def test_a_person_who_wrote_the_text_is_told_why_nothing_was_added(house: House, refusal: ImageRejected) -> None:
    house.images.tag(CAT, alt_text="My cat Tom")
    house.model.script = [refusal]
    record = await house.described()
    assert (record.status, record.alt_text, record.flags) == (Status.KEPT, "My cat Tom", (refusal.status,))
    assert record.reason == f"Nothing was added to the person's text: {refusal}"
    assert house.topic.announced[-1].record == record


async def test_what_the_model_refused_is_told_beside_a_persons_text(house: House) -> None:
    house.images.tag(CAT, alt_text="My cat Tom")
    house.model.script = [REFUSAL]
    record = await house.described()
    assert (record.status, record.flags) == (Status.KEPT, ("refusal",))
    assert record.reason.startswith("The model refused")
    assert isinstance(await house.describe(), Skip)


@pytest.mark.parametrize("refusal", [TooLarge("raise the limit"), NoUsableAnswer("cut off twice")])
async def test_what_lacks_beside_a_persons_text_is_tried_again_and_told_once(
    house: House, refusal: ImageRejected
) -> None:
    house.images.tag(CAT, alt_text="My cat Tom")
    house.model.script = [refusal, refusal]
    first = await house.described()
    assert await house.described() == first
    assert house.records.writes == 1
    house.images.tag(CAT, alt_text="Our cat Tom")
    house.model.script = [refusal]
    assert (await house.described()).alt_text == "Our cat Tom"
    record = await house.described()
    assert (record.status, record.alt_text, record.reason, record.flags) == (Status.KEPT, "Our cat Tom", "", ())
    assert record.description == "A cat sleeps on a grey sofa."
    assert isinstance(await house.describe(), Skip)


async def test_a_picture_that_can_no_longer_be_read_keeps_its_description(house: House) -> None:
    """Its metadata tells that these are the bytes that were described."""
    await house.describe()
    house.images.fails_with = Archived("archived")
    assert isinstance(await house.describe(), Skip)
    house.images.put(CAT, b"dog")
    assert (await house.described()).status is Status.ARCHIVED


@pytest.mark.parametrize("text", ["", "My cat Tom"])
async def test_a_picture_that_comes_out_of_the_archive_is_described(house: House, text: str) -> None:
    """Neither its ETag nor its metadata change by that."""
    house.images.put(CAT, b"cat", **({"alt_text": text} if text else {}))
    house.images.unwritable = True
    house.images.fails_with = Archived("archived")
    assert "archived" in (await house.described()).reason
    house.images.fails_with = None
    record = await house.described()
    assert record.status is (Status.KEPT if text else Status.DESCRIBED)
    assert (record.alt_text, record.description) == (text or "A cat on a sofa.", "A cat sleeps on a grey sofa.")
    assert record.reason == ""


async def test_a_persons_text_for_a_picture_that_was_not_read_stands_when_it_is(house: House) -> None:
    """The limit is raised, and lowered again: the metadata tells that it is the same blob."""
    house.images.put(CAT, b"x" * 1001, alt_text="My cat Tom")
    await house.describe()
    house.max_bytes = 2000
    record = await house.described()
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")
    assert record.description == "A cat sleeps on a grey sofa."
    house.max_bytes = 1000
    assert isinstance(await house.describe(), Skip)


async def test_a_refusal_is_never_written_as_a_text(house: House) -> None:
    house.model.script = [answer("I'm sorry, I can't help with that.")]
    record = await house.described()
    assert (record.status, record.alt_text, record.flags) == (Status.NEEDS_REVIEW, "", ("refusal",))
    assert "alt_text" not in house.metadata()


async def test_pictures_stay_untouched_where_metadata_is_switched_off(house: House) -> None:
    house.write_metadata = False
    await house.describe()
    await house.describe()
    assert house.metadata() == {}
    assert len(house.model.calls) == 1
    assert house.records.writes == 1


async def test_a_leased_picture_is_announced_when_written_and_when_marked_but_not_at_each_try(house: House) -> None:
    house.images.leased = True
    for _ in range(3):
        with pytest.raises(Transient, match="lease"):
            await house.describe()
    assert len(house.topic.announced) == 1
    house.images.leased = False
    record = await house.described()
    assert [stored.record for stored in house.topic.announced] == [record, record]
    assert len({stored.etag for stored in house.topic.announced}) == 1
    assert isinstance(await house.describe(), Skip)
    assert (house.records.writes, len(house.model.calls)) == (1, 1)


async def test_a_record_whose_writer_ended_before_telling_is_announced(house: House) -> None:
    """Also where a lease was in the way meanwhile."""
    picture = await house.images.get_properties(CAT)
    assert picture
    content = await house.images.read(picture)
    record = await house.pipeline.image_describer.describe(picture, content, BRIEF)
    written = await house.records.write(CAT, record, replaces=None)
    house.images.leased = True
    with pytest.raises(Transient, match="lease"):
        await house.describe()
    assert not house.topic.announced
    house.images.leased = False
    await house.describe()
    assert house.topic.announced == [written]
    assert len(house.model.calls) == 1


async def test_a_leased_picture_that_is_not_to_be_marked_is_done(house: House) -> None:
    house.images.leased, house.write_metadata = True, False
    first = await house.described()
    assert await house.described() == first


async def test_a_picture_that_cannot_be_marked_has_its_record_flagged_once(house: House) -> None:
    house.images.unwritable = True
    record = await house.described()
    assert record.flags == ("metadata_not_written",)
    assert house.topic.announced[-1] == house.records.stored[CAT]
    await house.describe()
    assert house.records.writes == 2
    assert len(house.model.calls) == 1


async def test_a_picture_that_can_be_marked_again_loses_the_flag(house: House) -> None:
    house.images.put(CAT, b"cat", theirs="x" * 8000)
    assert (await house.described()).flags == ("metadata_not_written",)
    house.images.put(CAT, b"cat")
    record = await house.described()
    assert (record.flags, record.history) == ((), ())
    assert house.metadata()["alt_text"] == "A cat on a sofa."
    assert isinstance(await house.describe(), Skip)
    assert len(house.model.calls) == 1


@pytest.mark.parametrize("refusal", [TooLarge("raise the limit"), Unsupported("HEIC is not installed")])
async def test_what_a_new_limit_may_mend_is_tried_again_and_told_once(house: House, refusal: ImageRejected) -> None:
    house.preparer.refuses = refusal
    first = await house.described()
    assert await house.described() == first
    assert house.records.writes == 1
    assert len({stored.etag for stored in house.topic.announced}) == 1
    house.preparer.refuses = None
    assert (await house.described()).status is Status.DESCRIBED


async def test_a_failed_picture_is_tried_again_at_the_next_event(house: House) -> None:
    await house.pipeline.give_up(CAT, BRIEF, "tried 3 times", Usage())
    record = await house.described()
    assert record.status is Status.DESCRIBED


async def test_giving_up_never_replaces_a_description(house: House) -> None:
    await house.describe()
    assert isinstance(await house.pipeline.give_up(CAT, BRIEF, "tried 3 times", Usage()), Skip)


async def test_a_failure_with_a_new_prompt_keeps_the_older_answer(house: House) -> None:
    await house.describe()
    end = await house.pipeline.give_up(CAT, replace(BRIEF, detail="low"), "tried 3 times", Usage())
    assert isinstance(end, Record)
    assert (end.status, end.alt_text) == (Status.DESCRIBED, "A cat on a sofa.")
    assert house.records.writes == 1


async def test_giving_up_never_overwrites_a_persons_text(house: House) -> None:
    await house.describe()
    house.images.tag(CAT, alt_text="My cat Tom")
    end = await house.pipeline.give_up(CAT, replace(BRIEF, detail="low"), "tried 3 times", Usage())
    assert isinstance(end, Record)
    assert (end.status, end.alt_text) == (Status.KEPT, "My cat Tom")
    assert house.metadata()["alt_text"] == "My cat Tom"


async def test_a_persons_text_written_between_the_sidecar_and_the_mark_stands(house: House) -> None:
    """The metadata still names the record that was replaced: what differs from that one's copy is a person's."""
    await house.describe()
    mark = house.images.set_metadata

    async def first_a_person(picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        house.images.set_metadata = mark  # type: ignore[method-assign]
        house.images.tag(CAT, alt_text="My cat Tom")
        return await mark(picture, metadata)

    house.images.set_metadata = first_a_person  # type: ignore[method-assign]
    house.model.script = [answer("Another cat.")]
    record = await house.described(brief=replace(BRIEF, detail="low"))
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")
    assert house.metadata()["alt_text"] == "My cat Tom"


async def test_our_own_older_text_is_never_taken_for_a_persons(house: House) -> None:
    """As above, but what is in the metadata is the copy of the record that was replaced."""
    await house.describe()
    mark = house.images.set_metadata

    async def first_a_tag(picture: ImageBlob, metadata: Mapping[str, str]) -> bool:
        house.images.set_metadata = mark  # type: ignore[method-assign]
        house.images.tag(CAT, shelf="7")
        return await mark(picture, metadata)

    house.images.set_metadata = first_a_tag  # type: ignore[method-assign]
    house.model.script = [answer("Another cat.")]
    record = await house.described(brief=replace(BRIEF, detail="low"))
    assert (record.status, record.alt_text) == (Status.DESCRIBED, "Another cat.")
    assert house.metadata()["alt_text"] == "Another cat."


async def test_a_persons_text_outlives_a_late_record_of_other_bytes(house: House) -> None:
    """An upload is undone while it is worked on: its record may come last, because the first one's needs no writing."""
    house.images.tag(CAT, alt_text="My cat Tom")
    await house.describe()
    kept = house.records.stored[CAT]
    source = kept.record.source.model_copy(update={"sha256": "0" * 64})
    late = Record.refused(BRIEF, source, Corrupt("cut off")).after(kept.record.earlier(kept.etag))
    await house.records.write(CAT, late, replaces=kept)
    record = await house.described()
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")
    assert house.metadata()["alt_text"] == "My cat Tom"


@pytest.mark.parametrize("size", [1001, 1002])
async def test_a_persons_text_does_not_stand_for_another_picture_that_is_not_read_either(
    house: House, size: int
) -> None:
    """Two pictures over the limit have no hash, and often the same size."""
    house.images.put(CAT, b"x" * 1001, alt_text="My cat Tom")
    kept = await house.described()
    assert kept.status is Status.KEPT
    assert "1,001 bytes" in kept.reason
    house.images.put(CAT, b"y" * size)
    record = await house.described()
    assert (record.status, record.alt_text) == (Status.TOO_LARGE, "")
    assert record.history[0].alt_text == "My cat Tom"


async def test_a_record_says_what_was_spent_and_what_shrinking_saved(house: House) -> None:
    record = await house.described()
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


async def test_what_is_known_to_take_no_metadata_is_flagged_at_once_and_announced_once(house: House) -> None:
    house.images.refusal = Archived("archived")
    record = await house.described()
    assert (record.status, record.flags) == (Status.ARCHIVED, (NOT_MARKED,))
    assert (house.images.reads, len(house.topic.announced), house.records.writes) == ([], 1, 1)


async def test_what_is_known_to_take_no_metadata_is_not_flagged_where_none_is_written() -> None:
    house = House(write_metadata=False)
    house.images.put(CAT, b"cat")
    house.images.refusal = Archived("archived")
    assert (await house.described()).flags == ()


async def test_an_over_large_blob_waits_for_no_more_memory_than_a_picture_may_take(house: House) -> None:
    house.memory = MemoryBudget(house.max_bytes + 400)
    house.images.put(CAT, bytes(5 * house.max_bytes))
    async with house.memory.reserve_when_free(400), asyncio.timeout(5):
        assert (await house.described()).status is Status.TOO_LARGE


async def test_a_record_that_is_replaced_while_its_picture_is_marked_is_visited_again(house: House) -> None:
    """Nobody else would: the mark says that all is done, and a sidecar raises no event."""

    class EditedMeanwhile(FakeImages):
        edited = False

        async def set_metadata(self, picture: ImageBlob, pairs: Mapping[str, str]) -> bool:
            done = await super().set_metadata(picture, pairs)
            if not self.edited:
                self.edited = True
                house.records.edit(CAT, {"alt_text": "Tom, our cat"})
            return done

    house.images = EditedMeanwhile()
    house.images.put(CAT, b"cat")
    assert (await house.described()).alt_text == "Tom, our cat"
    assert house.metadata()["alt_text"] == "Tom, our cat"
    assert house.metadata()["description_record"] == house.records.stored[CAT].etag.strip('"')
