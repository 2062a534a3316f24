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
from describer.models import family
from describer.ondemand import MOST_SOURCES, BlobOf, OnDemand, Order, PictureSource, Upload, Url
from describer.outcome import Status
from describer.ports import Ending, FreeAnswer
from describer.record import Usage
from describer.room import LEAST, Room
from describer.sources import Loader
from describer.tokens import image_tokens
from tests import pictures
from tests.fakes import FREE_ANSWER, FakeWeb, answer
from tests.unit.conftest import BRIEF, CAT, House

URL = "https://pictures.example/cat.jpg?signature=secret"
UPLOAD = Upload(b"cat", "cat.jpg")


@dataclass
class Desk:
    """The desk on a house of fakes."""

    house: House
    web: FakeWeb = field(default_factory=FakeWeb)
    room: Room = field(default_factory=lambda: Room(4 * LEAST))

    def __post_init__(self) -> None:
        self.web.pages[URL] = b"cat"
        pipeline = self.house.pipeline
        loader = Loader(self.house.watch, self.house.images, self.web, self.room, 1000)
        self.ondemand = OnDemand(
            pipeline, self.house.records, pipeline.scribe, loader, self.room, BRIEF, ("gpt-5.6-sol",)
        )

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
    assert desk.room.held == 0


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
    assert await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=True) == record
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
    assert desk.untouched and desk.room.held == 0


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


async def test_who_finds_no_room_is_told_at_once(desk: Desk) -> None:
    """Four small pictures fit; uploads count where they are taken in, the others where they are read."""
    with desk.room.hold(3 * LEAST):
        assert (await desk.ondemand.describe(BlobOf(CAT), BRIEF)).status is Status.DESCRIBED
        with desk.room.hold(1), pytest.raises(Busy) as caught:
            await desk.ondemand.describe(BlobOf(CAT), BRIEF)
        assert caught.value.retry_after
        with desk.room.hold(1), pytest.raises(Busy):
            await desk.ondemand.describe(Url(URL), BRIEF)
    assert desk.room.held == 0
    with pytest.raises(TooLarge), desk.room.hold(4 * LEAST + 1):
        pass


async def test_a_picture_that_is_written_is_held_too(desk: Desk) -> None:
    with desk.room.hold(4 * LEAST), pytest.raises(Busy):
        await desk.ondemand.describe(BlobOf(CAT), BRIEF, write=True)
    assert desk.untouched


async def test_a_body_of_untold_length_is_counted_as_it_grows(desk: Desk) -> None:
    with desk.room.hold(0) as held:
        held.grow(2 * LEAST)
        held.grow(LEAST)
        assert desk.room.held == 2 * LEAST
        with desk.room.hold(2 * LEAST), pytest.raises(Busy):
            held.grow(2 * LEAST + 1)
    assert desk.room.held == 0


async def test_equal_pictures_are_not_asked_one_after_the_other(desk: Desk) -> None:
    together = asyncio.Barrier(3)
    desk.house.model.meanwhile = together.wait  # type: ignore[assignment]
    async with asyncio.timeout(5):
        records = await asyncio.gather(*(desk.ondemand.describe(UPLOAD, BRIEF) for _ in range(3)))
    assert {record.status for record in records} == {Status.DESCRIBED}


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
