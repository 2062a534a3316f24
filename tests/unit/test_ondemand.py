"""Callers who wait: the same stages as for uploads, nothing stored but by request, and room for so many bytes."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from describer.description import Texts
from describer.errors import (
    Absent,
    Busy,
    Corrupt,
    DescriberError,
    Filtered,
    OffLimits,
    TooLarge,
    Transient,
    Unacceptable,
    Unfetchable,
    UrlFault,
)
from describer.events import ImageRef
from describer.image.studio import ProcessStudio
from describer.image.values import Limits
from describer.memory_budget import MIN_RESERVATION, MemoryBudget
from describer.models import family
from describer.ondemand import MOST_SOURCES, BlobOf, OnDemand, Order, PictureSource, Readable, Upload, Url
from describer.outcome import Status
from describer.ports import Ending, FreeAnswer
from describer.record import Usage
from describer.sources import Loader
from describer.tokens import image_tokens
from tests import pictures
from tests.fakes import FREE_ANSWER, FakeWeb, answer, give_way
from tests.unit.conftest import BRIEF, CAT, House

URL = "https://pictures.example/cat.jpg?signature=secret"
UPLOAD = Upload(b"cat", "cat.jpg")


@dataclass
class Desk:
    """The desk on a house of fakes."""

    house: House
    web: FakeWeb = field(default_factory=FakeWeb)

    def __post_init__(self) -> None:
        self.web.pages[URL] = b"cat"
        pipeline = self.house.pipeline
        loader = Loader(self.house.watch, self.house.images, self.web, self.memory, self.house.max_bytes)
        self.ondemand = OnDemand(pipeline, self.house.records, pipeline.scribe, loader, BRIEF, ("gpt-5.6-sol",))

    @property
    def memory(self) -> MemoryBudget:
        """The one that the line has too, as app.py wires it."""
        return self.house.memory

    @property
    def untouched(self) -> bool:
        """Nothing is stored, announced or marked."""
        house = self.house
        stored = house.records.stored or house.records.shared or house.topic.announced
        return not stored and not any(blob.metadata for blob in house.images.blobs.values())


@pytest.fixture
def desk(house: House) -> Desk:
    return Desk(house)


@pytest.mark.parametrize(
    ("source", "name"),
    [(UPLOAD, "cat.jpg"), (Url(URL), "https://pictures.example/cat.jpg"), (BlobOf(CAT), CAT.name)],
)
async def test_a_picture_is_described_and_nothing_is_stored(desk: Desk, source: PictureSource, name: str) -> None:
    record = await desk.ondemand.describe(source, BRIEF)
    assert (record.status, record.alt_text, record.source.name) == (Status.DESCRIBED, "A cat on a sofa.", name)
    assert record.cost
    assert desk.untouched
    assert desk.memory.held == 0


@pytest.mark.parametrize(
    ("refusal", "status"), [(Corrupt("c"), Status.CORRUPT), (TooLarge("t"), Status.TOO_LARGE)], ids=str
)
async def test_what_is_wrong_with_a_picture_is_a_status(desk: Desk, refusal: DescriberError, status: Status) -> None:
    desk.house.studio.refuses = refusal
    assert (await desk.ondemand.describe(UPLOAD, BRIEF)).status is status
    desk.web.fails_with = refusal
    assert (await desk.ondemand.describe(Url(URL), BRIEF)).status is status


@pytest.mark.parametrize("source", [Upload(b"x" * 1001), BlobOf(CAT)])
async def test_a_picture_over_the_limit_is_too_large(desk: Desk, source: PictureSource) -> None:
    desk.house.images.put(CAT, b"x" * 1001)
    record = await desk.ondemand.describe(source, BRIEF)
    assert (record.status, desk.house.images.reads, desk.house.model.calls) == (Status.TOO_LARGE, [], [])
    assert "MAX_IMAGE_MB" in record.reason


async def test_a_faulty_url_is_the_callers_business(desk: Desk) -> None:
    desk.web.fails_with = Unfetchable("no", code=UrlFault.HOST)
    with pytest.raises(Unfetchable):
        await desk.ondemand.describe(Url(URL), BRIEF)


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("ref", "error"),
    [
        (ImageRef("secrets", "cat.jpg"), OffLimits),
        (ImageRef("images", "private/cat.jpg"), OffLimits),
        (ImageRef("images", "private\\cat.jpg"), OffLimits),
        (ImageRef("images", "/private/cat.jpg"), OffLimits),
        (ImageRef("images", "skipped.jpg"), OffLimits),
        (ImageRef("images", "absent.jpg"), Absent),
    ],
)
async def test_only_watched_blobs_are_read(
    desk: Desk, ref: ImageRef, error: type[DescriberError], *, write: bool
) -> None:
    desk.house.images.put(ImageRef("images", "skipped.jpg"), b"cat", description_skip="true")
    desk.house.images.put(ImageRef("secrets", "cat.jpg"), b"cat")
    with pytest.raises(error):
        await desk.ondemand.describe(BlobOf(ref), BRIEF, write=write)
    assert desk.house.images.reads == []


@pytest.mark.parametrize("write", [False, True])
async def test_a_persons_text_stands(desk: Desk, *, write: bool) -> None:
    desk.house.images.tag(CAT, alt_text="My cat Tom")
    record = await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=write)
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")


async def test_a_persons_text_comes_along_with_a_renamed_picture(desk: Desk) -> None:
    desk.house.images.tag(CAT, description="My cat")
    await desk.house.describe()
    new = ImageRef("images", "tom.jpg")
    desk.house.images.put(new, b"cat", **desk.house.images.blobs.pop(CAT).metadata)
    assert (await desk.ondemand.describe(BlobOf(new), BRIEF)).description == "My cat"


async def test_what_is_stored_for_the_same_bytes_and_brief_is_not_asked_again(desk: Desk) -> None:
    await desk.house.describe()
    desk.house.model.script = [answer("Another cat.")]
    assert (await desk.ondemand.describe(BlobOf(CAT), BRIEF)).alt_text == "A cat on a sofa."
    other = replace(BRIEF, context="Our cat Tom")
    assert (await desk.ondemand.describe(BlobOf(CAT), other)).alt_text == "Another cat."
    assert desk.house.records.stored[CAT].record.alt_text == "A cat on a sofa."


async def test_writing_is_what_the_trigger_does(desk: Desk) -> None:
    record = await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=True)
    assert desk.house.records.stored[CAT].record == record
    assert desk.house.metadata()["alt_text"] == "A cat on a sofa."
    assert len(desk.house.topic.announced) == 1
    again = await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=True)
    assert again == record.model_copy(update={"usage": Usage(), "cost": None})
    assert len(desk.house.model.calls) == 1


async def test_only_a_blob_can_be_written(desk: Desk) -> None:
    with pytest.raises(Unacceptable, match="as a blob") as caught:
        await desk.ondemand.describe(UPLOAD, BRIEF, write=True)
    assert caught.value.field == "write"


async def test_a_question_about_several_pictures_gets_one_answer(desk: Desk) -> None:
    question = desk.ondemand.question(
        " Same cat? ", Order(max_tokens=300, detail="low", context="Tom", languages=("de",))
    )
    said = await desk.ondemand.answer([UPLOAD, Url(URL), BlobOf(CAT)], question)
    assert said == FREE_ANSWER
    assert desk.house.model.asked == [question]
    assert len(desk.house.model.calls) == 3
    assert (question.max_completion_tokens, question.detail) == (300, "low")
    assert question.request.splitlines()[0] == "Same cat?"
    assert "de" in question.request and question.request.endswith('"Tom"')
    assert desk.untouched and desk.memory.held == 0


async def test_an_answer_comes_in_pieces_and_whole_at_last(desk: Desk) -> None:
    async with aclosing(desk.ondemand.stream([UPLOAD], desk.ondemand.question("What?", Order()))) as stream:
        pieces: list[Any] = [piece async for piece in stream]
    assert pieces == ["A ", "cat ", "sleeps.", FREE_ANSWER]


async def test_an_answer_that_breaks_off_says_so_after_its_pieces(desk: Desk) -> None:
    desk.house.model.breaks_after = 1
    async with aclosing(desk.ondemand.stream([UPLOAD], desk.ondemand.question("What?", Order()))) as stream:
        assert await anext(stream) == "A "
        with pytest.raises(Transient, match="broke off"):
            await anext(stream)


@pytest.mark.parametrize("ending", Ending)
async def test_each_ending_is_told(desk: Desk, ending: Ending) -> None:
    desk.house.model.script = [FreeAnswer("I", "luna", Usage(), ending)]
    assert (await desk.ondemand.answer([UPLOAD], desk.ondemand.question("What?", Order()))).ending is ending


async def test_the_picture_that_cannot_be_shown_is_named(desk: Desk) -> None:
    desk.web.fails_with = TooLarge("Too large.")
    with pytest.raises(TooLarge, match=r"Picture 2: Too large\."):
        await desk.ondemand.answer([UPLOAD, Url(URL)], desk.ondemand.question("What?", Order()))
    desk.house.model.script = [Filtered("No.")]
    with pytest.raises(Filtered):
        await desk.ondemand.answer([UPLOAD], desk.ondemand.question("What?", Order()))


@pytest.mark.parametrize("number", [0, MOST_SOURCES + 1])
async def test_one_to_ten_pictures_are_taken(desk: Desk, number: int) -> None:
    with pytest.raises(Unacceptable, match="1 to 10"):
        await desk.ondemand.answer([UPLOAD] * number, desk.ondemand.question("What?", Order()))


@pytest.mark.parametrize(
    ("order", "named"),
    [
        (Order(model="gpt-4o"), "model"),
        (Order(profile="poem"), "profile"),
        (Order(detail="auto"), "detail"),
        (Order(languages=("english",)), "languages"),
        (Order(languages=tuple("abcdefghijk")), "languages"),
        (Order(languages=("en", "de", "EN")), "languages"),
        (Order(context="x" * 4001), "context"),
        (Order(max_chars=19), "max_chars"),
        (Order(max_tokens=32001), "max_tokens"),
        (Order(max_image_tokens=63), "max_image_tokens"),
    ],
)
def test_a_faulty_wish_is_named(desk: Desk, order: Order, named: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        desk.ondemand.brief(order)
    assert caught.value.field == named


@pytest.mark.parametrize(
    ("text", "order", "named"),
    [
        (" ", Order(), "prompt"),
        ("x" * 8001, Order(), "prompt"),
        ("What?", Order(max_chars=100), "max_chars"),
        ("What?", Order(profile="product"), "profile"),
    ],
)
def test_a_faulty_question_is_named(desk: Desk, text: str, order: Order, named: str) -> None:
    with pytest.raises(Unacceptable) as caught:
        desk.ondemand.question(text, order)
    assert caught.value.field == named


def test_wishes_replace_what_is_usual(desk: Desk) -> None:
    order = Order(("de", "en"), "Tom", "product", "low", 80, 300, model="gpt-5.6-sol")
    brief = desk.ondemand.brief(order)
    assert (brief.languages, brief.model, brief.detail, brief.max_completion_tokens) == (
        ("de", "en"), "gpt-5.6-sol", "low", 300,
    )  # fmt: skip
    assert "at most 80 characters" in brief.instructions and "for sale" in brief.instructions
    assert brief.request.endswith('"Tom"')
    assert desk.ondemand.brief(Order()) == BRIEF


async def test_an_alt_text_over_the_callers_limit_wants_a_review(desk: Desk) -> None:
    desk.house.model.script = [answer("A cat that sleeps on a sofa.")]
    record = await desk.ondemand.describe(UPLOAD, replace(BRIEF, max_chars=20))
    assert (record.status, record.flags) == (Status.NEEDS_REVIEW, ("too_long",))
    assert isinstance(record.translations, dict) and Texts() not in record.translations.values()


async def test_a_url_that_finds_no_memory_is_told_at_once(desk: Desk) -> None:
    with desk.memory.try_reserve(4 * MIN_RESERVATION), pytest.raises(Busy) as caught:
        await desk.ondemand.describe(Url(URL), BRIEF)
    assert caught.value.retry_after
    assert desk.memory.held == 0


async def test_what_a_url_gives_is_counted_as_it_comes(desk: Desk) -> None:
    """The smallest share is held from the beginning; the rest before it is there."""
    desk = Desk(replace(desk.house, max_bytes=10 * MIN_RESERVATION))
    desk.web.pages[URL] = bytes(2 * MIN_RESERVATION)
    with desk.memory.try_reserve(3 * MIN_RESERVATION), pytest.raises(Busy):
        await desk.ondemand.describe(Url(URL), BRIEF)
    assert desk.house.model.calls == []
    assert desk.memory.held == 0


@pytest.mark.parametrize("write", [False, True])
async def test_a_blob_waits_for_memory_because_its_bytes_lie_elsewhere(desk: Desk, *, write: bool) -> None:
    with desk.memory.try_reserve(4 * MIN_RESERVATION):
        work = asyncio.create_task(desk.ondemand.describe(BlobOf(CAT), BRIEF, write=write))
        for _ in range(50):
            await give_way()
        assert not work.done()
        assert desk.house.images.reads == []
    async with asyncio.timeout(5):
        assert (await work).status is Status.DESCRIBED
    assert desk.memory.held == 0


async def test_a_picture_that_is_written_takes_the_memory_once(desk: Desk) -> None:
    """One that needs all of the budget would wait for itself."""
    desk = Desk(replace(desk.house, max_bytes=10 * desk.memory.size))
    desk.house.images.put(CAT, bytes(desk.memory.size))
    async with asyncio.timeout(5):
        assert (await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=True)).status is Status.DESCRIBED


@pytest.mark.parametrize("size", [20, 90, 300])
async def test_many_that_write_at_once_are_all_answered(house: House, size: int) -> None:
    """In units of 1,000 bytes instead of MiB: 12 callers, as host.json allows, and a budget of 256."""
    desk = Desk(replace(house, memory=MemoryBudget(256_000), max_bytes=400_000))
    refs = [ImageRef("images", f"{number}.jpg") for number in range(12)]
    for number, ref in enumerate(refs):
        desk.house.images.put(ref, bytes([number]) * size * 1000)
    desk.house.images.put(CAT, b"u" * 90_000)
    async with asyncio.timeout(20):
        upload = asyncio.create_task(desk.house.described())
        written = (desk.ondemand.describe(BlobOf(ref), BRIEF, write=True) for ref in refs)
        records = await asyncio.gather(*written)
        await upload
    assert [record.status for record in records] == [Status.DESCRIBED] * 12
    assert len(desk.house.model.calls) == 13
    assert desk.memory.held == 0


@pytest.mark.parametrize("write", [False, True])
async def test_memory_is_given_back_before_the_model_is_asked(desk: Desk, *, write: bool) -> None:
    """So that MODEL_CONCURRENCY bounds the calls, and not the memory."""
    held: list[int] = []

    async def see() -> None:
        held.append(desk.memory.held)

    desk.house.model.meanwhile = see
    await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=write)
    await desk.ondemand.describe(Url(URL), replace(BRIEF, context="a cat"))
    assert held == [0, 0]


async def test_a_file_is_read_when_there_is_memory_for_it(desk: Desk) -> None:
    def read() -> bytes:
        read_at.append(desk.memory.held)
        return bytes(MIN_RESERVATION)

    read_at: list[int] = []
    desk = Desk(replace(desk.house, max_bytes=10 * MIN_RESERVATION))
    sources = [Readable(MIN_RESERVATION, read, f"{number}.jpg") for number in range(MOST_SOURCES)]
    async with asyncio.timeout(5):
        answered = await desk.ondemand.answer(sources, desk.ondemand.question("What?", Order()))
    assert answered.ending is Ending.COMPLETE
    assert read_at == [MIN_RESERVATION] * MOST_SOURCES, "one after the other, though all are more than the budget"
    large = Readable(desk.house.max_bytes + 1, read, "large.jpg")
    assert (await desk.ondemand.describe(large, BRIEF)).status is Status.TOO_LARGE
    assert len(read_at) == MOST_SOURCES


async def test_a_body_of_untold_length_is_counted_as_it_grows(desk: Desk) -> None:
    with desk.memory.try_reserve(0) as held:
        held.extend(2 * MIN_RESERVATION)
        held.extend(MIN_RESERVATION)
        assert desk.memory.held == 2 * MIN_RESERVATION
        with desk.memory.try_reserve(2 * MIN_RESERVATION), pytest.raises(Busy):
            held.extend(2 * MIN_RESERVATION + 1)
    assert desk.memory.held == 0


async def test_different_pictures_are_not_asked_one_after_the_other(desk: Desk) -> None:
    together = asyncio.Barrier(3)
    desk.house.model.meanwhile = together.wait  # type: ignore[assignment]
    async with asyncio.timeout(5):
        records = await asyncio.gather(*(desk.ondemand.describe(Upload(b"%d" % n), BRIEF) for n in range(3)))
    assert {record.status for record in records} == {Status.DESCRIBED}


async def test_equal_pictures_are_asked_once_and_each_call_tells_what_it_cost(desk: Desk) -> None:
    names = ["a.jpg", "b.jpg", "c.jpg"]
    described = (desk.ondemand.describe(Upload(b"cat", name), BRIEF) for name in names)
    records = await asyncio.gather(*described)
    assert len(desk.house.model.calls) == 1
    assert [record.source.name for record in records] == names
    assert sorted(record.usage.calls for record in records) == [0, 0, 1]
    again = await desk.ondemand.describe(Url(URL), BRIEF)
    assert (len(desk.house.model.calls), again.usage, again.cost) == (1, Usage(), None)
    other = await desk.ondemand.describe(UPLOAD, replace(BRIEF, context="Our cat Tom"))
    assert (len(desk.house.model.calls), other.usage.calls) == (2, 1)


@pytest.mark.parametrize("write", [False, True])
async def test_what_was_paid_long_ago_is_not_this_calls_cost(desk: Desk, *, write: bool) -> None:
    paid = await desk.house.described()
    record = await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=write)
    assert (record.alt_text, record.usage, record.cost) == (paid.alt_text, Usage(), None)
    assert desk.house.records.stored[CAT].record.usage == paid.usage
    desk.house.images.put(CAT, b"dog")
    record = await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=write)
    assert record.usage.calls == 1
    assert record.cost


async def test_a_picture_is_shrunk_to_the_tokens_that_it_may_take(desk: Desk) -> None:
    luna = family("gpt-5.6-luna")
    assert luna is not None
    studio = ProcessStudio(lambda _: luna, Limits(2**20, 2**28))
    picture = pictures.jpeg(1600, 1200)
    free = await studio.prepare(picture, model="", detail="high")
    bound = await studio.prepare(picture, model="", detail="high", max_tokens=200)
    await studio.close()
    taken = [image_tokens(luna, image.width, image.height, "high") for image in (free, bound)]
    assert taken[0] is not None and taken[1] is not None
    assert taken[1] <= 200 < taken[0]


def test_a_bound_of_tokens_is_another_question(desk: Desk) -> None:
    bound = desk.ondemand.brief(Order(max_image_tokens=200))
    assert bound.fingerprint != desk.ondemand.brief(Order()).fingerprint
    assert desk.ondemand.question("What?", Order(max_image_tokens=200)).max_image_tokens == 200
