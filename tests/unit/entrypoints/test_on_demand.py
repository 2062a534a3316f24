"""Callers who wait: the same stages as for uploads, nothing stored but by request, and room for so many bytes."""

import asyncio
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from describer.domain.description import Texts
from describer.domain.errors import (
    Busy,
    Corrupt,
    DescriberError,
    Excluded,
    FetchFailed,
    Filtered,
    InvalidRequest,
    NotFound,
    TooLarge,
    Transient,
    UrlFault,
)
from describer.domain.image_ref import ImageRef
from describer.domain.record import Usage
from describer.domain.status import Status
from describer.entrypoints.on_demand.limits import MOST_SOURCES
from describer.entrypoints.on_demand.service import (
    BlobOf,
    OnDemandService,
    PictureSource,
    Readable,
    RequestOptions,
    Upload,
    Url,
)
from describer.entrypoints.on_demand.sources import Loader
from describer.pipeline.memory_budget import MIN_RESERVATION, MemoryBudget
from describer.vision.answer import Ending, FreeAnswer
from describer.vision.families import family
from describer.vision.image_tokens import image_tokens
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import Limits
from tests import pictures
from tests.fakes import FREE_ANSWER, FakeWeb, answer, give_way
from tests.unit.conftest import BRIEF, CAT, Harness

URL = "https://pictures.example/cat.jpg?signature=secret"
UPLOAD = Upload(b"cat", "cat.jpg")


@dataclass
class OnDemandSetup:
    """The on-demand service on fakes."""

    harness: Harness
    web: FakeWeb = field(default_factory=FakeWeb)

    def __post_init__(self) -> None:
        self.web.pages[URL] = b"cat"
        pipeline = self.harness.pipeline
        loader = Loader(self.harness.blob_filter, self.harness.images, self.web, self.memory, self.harness.max_bytes)
        self.on_demand = OnDemandService(
            pipeline, self.harness.records, pipeline.image_describer, loader, BRIEF, ("gpt-5.6-sol",)
        )

    @property
    def memory(self) -> MemoryBudget:
        """The one that the pipeline has too, as app.py wires it."""
        return self.harness.memory

    @property
    def untouched(self) -> bool:
        """Nothing is stored, announced or marked."""
        harness = self.harness
        stored = harness.records.stored or harness.records.shared or harness.topic.published
        return not stored and not any(blob.metadata for blob in harness.images.blobs.values())


@pytest.fixture
def setup(harness: Harness) -> OnDemandSetup:
    return OnDemandSetup(harness)


@pytest.mark.parametrize(
    ("source", "name"),
    [(UPLOAD, "cat.jpg"), (Url(URL), "https://pictures.example/cat.jpg"), (BlobOf(CAT), CAT.name)],
)
async def test_a_picture_is_described_and_nothing_is_stored(
    setup: OnDemandSetup, source: PictureSource, name: str
) -> None:
    record = await setup.on_demand.describe(source, BRIEF)
    assert (record.status, record.alt_text, record.source.name) == (Status.DESCRIBED, "A cat on a sofa.", name)
    assert record.cost
    assert setup.untouched
    assert setup.memory.held == 0


@pytest.mark.parametrize(
    ("refusal", "status"), [(Corrupt("c"), Status.CORRUPT), (TooLarge("t"), Status.TOO_LARGE)], ids=str
)
async def test_what_is_wrong_with_a_picture_is_a_status(
    setup: OnDemandSetup, refusal: DescriberError, status: Status
) -> None:
    setup.harness.preparer.refuses = refusal
    assert (await setup.on_demand.describe(UPLOAD, BRIEF)).status is status
    setup.web.fails_with = refusal
    assert (await setup.on_demand.describe(Url(URL), BRIEF)).status is status


@pytest.mark.parametrize("source", [Upload(b"x" * 1001), BlobOf(CAT)])
async def test_a_picture_over_the_limit_is_too_large(setup: OnDemandSetup, source: PictureSource) -> None:
    setup.harness.images.put(CAT, b"x" * 1001)
    record = await setup.on_demand.describe(source, BRIEF)
    assert (record.status, setup.harness.images.reads, setup.harness.model.calls) == (Status.TOO_LARGE, [], [])
    assert "MAX_IMAGE_MB" in record.reason


@pytest.mark.parametrize(
    ("sizes", "budget"),
    [([9], 16), ([20] * 12, 256), ([90] * 2, 256), ([99], 64), ([20] * 16 + [90] + [20] * 32, 256)],
    ids=["one", "twelve", "two large", "larger than the budget", "one large among small"],
)
async def test_all_who_have_a_picture_stored_are_served_within_the_memory_there_is(
    sizes: list[int], budget: int
) -> None:
    """No call waits for memory that it holds itself; sizes are in MiB on an instance, in KiB here."""
    setup = OnDemandSetup(Harness(max_bytes=100 * 1024, memory=MemoryBudget(budget * 1024)))
    refs = [ImageRef("images", f"{number}.jpg") for number in range(len(sizes))]
    for number, (ref, size) in enumerate(zip(refs, sizes, strict=True)):
        setup.harness.images.put(ref, bytes([number]) * size * 1024)
    async with asyncio.timeout(20):
        described = [setup.on_demand.describe(BlobOf(ref), BRIEF, write=True) for ref in refs]
        assert {record.status for record in await asyncio.gather(*described)} == {Status.DESCRIBED}
    assert (len(setup.harness.model.calls), setup.memory.held) == (len(refs), 0)


async def test_a_faulty_url_is_the_callers_business(setup: OnDemandSetup) -> None:
    setup.web.fails_with = FetchFailed("no", code=UrlFault.HOST)
    with pytest.raises(FetchFailed):
        await setup.on_demand.describe(Url(URL), BRIEF)


@pytest.mark.parametrize("write", [False, True])
@pytest.mark.parametrize(
    ("ref", "error"),
    [
        (ImageRef("secrets", "cat.jpg"), Excluded),
        (ImageRef("images", "private/cat.jpg"), Excluded),
        (ImageRef("images", "private\\cat.jpg"), Excluded),
        (ImageRef("images", "/private/cat.jpg"), Excluded),
        (ImageRef("images", "skipped.jpg"), Excluded),
        (ImageRef("images", "absent.jpg"), NotFound),
    ],
)
async def test_only_watched_blobs_are_read(
    setup: OnDemandSetup, ref: ImageRef, error: type[DescriberError], *, write: bool
) -> None:
    setup.harness.images.put(ImageRef("images", "skipped.jpg"), b"cat", description_skip="true")
    setup.harness.images.put(ImageRef("secrets", "cat.jpg"), b"cat")
    with pytest.raises(error):
        await setup.on_demand.describe(BlobOf(ref), BRIEF, write=write)
    assert setup.harness.images.reads == []


@pytest.mark.parametrize("write", [False, True])
async def test_a_persons_text_stands(setup: OnDemandSetup, *, write: bool) -> None:
    setup.harness.images.tag(CAT, alt_text="My cat Tom")
    record = await setup.on_demand.describe(BlobOf(CAT), BRIEF, write=write)
    assert (record.status, record.alt_text) == (Status.KEPT, "My cat Tom")


async def test_a_persons_text_comes_along_with_a_renamed_picture(setup: OnDemandSetup) -> None:
    setup.harness.images.tag(CAT, description="My cat")
    await setup.harness.describe()
    new = ImageRef("images", "tom.jpg")
    setup.harness.images.put(new, b"cat", **setup.harness.images.blobs.pop(CAT).metadata)
    assert (await setup.on_demand.describe(BlobOf(new), BRIEF)).description == "My cat"


async def test_what_is_stored_for_the_same_bytes_and_brief_is_not_asked_again(setup: OnDemandSetup) -> None:
    await setup.harness.describe()
    setup.harness.model.script = [answer("Another cat.")]
    assert (await setup.on_demand.describe(BlobOf(CAT), BRIEF)).alt_text == "A cat on a sofa."
    other = replace(BRIEF, context="Our cat Tom")
    assert (await setup.on_demand.describe(BlobOf(CAT), other)).alt_text == "Another cat."
    assert setup.harness.records.stored[CAT].record.alt_text == "A cat on a sofa."


async def test_writing_is_what_the_trigger_does(setup: OnDemandSetup) -> None:
    record = await setup.on_demand.describe(BlobOf(CAT), BRIEF, write=True)
    assert setup.harness.records.stored[CAT].record == record
    assert setup.harness.metadata()["alt_text"] == "A cat on a sofa."
    assert len(setup.harness.topic.published) == 1
    again = await setup.on_demand.describe(BlobOf(CAT), BRIEF, write=True)
    assert again == record.model_copy(update={"usage": Usage(), "cost": None})
    assert len(setup.harness.model.calls) == 1


async def test_only_a_blob_can_be_written(setup: OnDemandSetup) -> None:
    with pytest.raises(InvalidRequest, match="as a blob") as caught:
        await setup.on_demand.describe(UPLOAD, BRIEF, write=True)
    assert caught.value.field == "write"


async def test_a_question_about_several_pictures_gets_one_answer(setup: OnDemandSetup) -> None:
    question = setup.on_demand.question(
        " Same cat? ", RequestOptions(max_tokens=300, detail="low", context="Tom", languages=("de",))
    )
    said = await setup.on_demand.answer([UPLOAD, Url(URL), BlobOf(CAT)], question)
    assert said == FREE_ANSWER
    assert setup.harness.model.asked == [question]
    assert len(setup.harness.model.calls) == 3
    assert (question.max_completion_tokens, question.detail) == (300, "low")
    assert question.request.splitlines()[0] == "Same cat?"
    assert "de" in question.request and question.request.endswith('"Tom"')
    assert setup.untouched and setup.memory.held == 0


async def test_an_answer_comes_in_pieces_and_whole_at_last(setup: OnDemandSetup) -> None:
    async with aclosing(
        setup.on_demand.stream([UPLOAD], setup.on_demand.question("What?", RequestOptions()))
    ) as stream:
        pieces: list[Any] = [piece async for piece in stream]
    assert pieces == ["A ", "cat ", "sleeps.", FREE_ANSWER]


async def test_an_answer_that_breaks_off_says_so_after_its_pieces(setup: OnDemandSetup) -> None:
    setup.harness.model.breaks_after = 1
    async with aclosing(
        setup.on_demand.stream([UPLOAD], setup.on_demand.question("What?", RequestOptions()))
    ) as stream:
        assert await anext(stream) == "A "
        with pytest.raises(Transient, match="broke off"):
            await anext(stream)


@pytest.mark.parametrize("ending", Ending)
async def test_each_ending_is_logged(setup: OnDemandSetup, ending: Ending) -> None:
    setup.harness.model.script = [FreeAnswer("I", "luna", Usage(), ending)]
    assert (
        await setup.on_demand.answer([UPLOAD], setup.on_demand.question("What?", RequestOptions()))
    ).ending is ending


async def test_the_picture_that_cannot_be_shown_is_named(setup: OnDemandSetup) -> None:
    setup.web.fails_with = TooLarge("Too large.")
    with pytest.raises(TooLarge, match=r"Picture 2: Too large\."):
        await setup.on_demand.answer([UPLOAD, Url(URL)], setup.on_demand.question("What?", RequestOptions()))
    setup.harness.model.script = [Filtered("No.")]
    with pytest.raises(Filtered):
        await setup.on_demand.answer([UPLOAD], setup.on_demand.question("What?", RequestOptions()))


@pytest.mark.parametrize("number", [0, MOST_SOURCES + 1])
async def test_one_to_ten_pictures_are_taken(setup: OnDemandSetup, number: int) -> None:
    with pytest.raises(InvalidRequest, match="1 to 10"):
        await setup.on_demand.answer([UPLOAD] * number, setup.on_demand.question("What?", RequestOptions()))


@pytest.mark.parametrize(
    ("order", "named"),
    [
        (RequestOptions(model="gpt-4o"), "model"),
        (RequestOptions(profile="poem"), "profile"),
        (RequestOptions(detail="auto"), "detail"),
        (RequestOptions(languages=("english",)), "languages"),
        (RequestOptions(languages=tuple("abcdefghijk")), "languages"),
        (RequestOptions(languages=("en", "de", "EN")), "languages"),
        (RequestOptions(context="x" * 4001), "context"),
        (RequestOptions(max_chars=19), "max_chars"),
        (RequestOptions(max_tokens=32001), "max_tokens"),
        (RequestOptions(max_image_tokens=63), "max_image_tokens"),
    ],
)
def test_a_faulty_wish_is_named(setup: OnDemandSetup, order: RequestOptions, named: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        setup.on_demand.brief(order)
    assert caught.value.field == named


@pytest.mark.parametrize(
    ("text", "order", "named"),
    [
        (" ", RequestOptions(), "prompt"),
        ("x" * 8001, RequestOptions(), "prompt"),
        ("What?", RequestOptions(max_chars=100), "max_chars"),
        ("What?", RequestOptions(profile="product"), "profile"),
    ],
)
def test_a_faulty_question_is_named(setup: OnDemandSetup, text: str, order: RequestOptions, named: str) -> None:
    with pytest.raises(InvalidRequest) as caught:
        setup.on_demand.question(text, order)
    assert caught.value.field == named


def test_wishes_replace_what_is_usual(setup: OnDemandSetup) -> None:
    order = RequestOptions(("de", "en"), "Tom", "product", "low", 80, 300, model="gpt-5.6-sol")
    brief = setup.on_demand.brief(order)
    assert (brief.languages, brief.model, brief.detail, brief.max_completion_tokens) == (
        ("de", "en"), "gpt-5.6-sol", "low", 300,
    )  # fmt: skip
    assert "at most 80 characters" in brief.instructions and "for sale" in brief.instructions
    assert brief.request.endswith('"Tom"')
    assert setup.on_demand.brief(RequestOptions()) == BRIEF


async def test_an_alt_text_over_the_callers_limit_wants_a_review(setup: OnDemandSetup) -> None:
    setup.harness.model.script = [answer("A cat that sleeps on a sofa."), answer("A cat that lies on a sofa.")]
    record = await setup.on_demand.describe(UPLOAD, replace(BRIEF, max_chars=20))
    assert (record.status, record.flags) == (Status.NEEDS_REVIEW, ("too_long",))
    assert isinstance(record.translations, dict) and Texts() not in record.translations.values()


async def test_a_url_without_free_memory_is_refused_at_once(setup: OnDemandSetup) -> None:
    with setup.memory.try_reserve(4 * MIN_RESERVATION), pytest.raises(Busy) as caught:
        await setup.on_demand.describe(Url(URL), BRIEF)
    assert caught.value.retry_after
    assert setup.memory.held == 0


async def test_what_a_url_gives_is_counted_as_it_comes(setup: OnDemandSetup) -> None:
    """The smallest share is held from the beginning; the rest before it is there."""
    setup = OnDemandSetup(replace(setup.harness, max_bytes=10 * MIN_RESERVATION))
    setup.web.pages[URL] = bytes(2 * MIN_RESERVATION)
    with setup.memory.try_reserve(3 * MIN_RESERVATION), pytest.raises(Busy):
        await setup.on_demand.describe(Url(URL), BRIEF)
    assert setup.harness.model.calls == []
    assert setup.memory.held == 0


@pytest.mark.parametrize("write", [False, True])
async def test_a_blob_waits_for_memory_because_its_bytes_lie_elsewhere(setup: OnDemandSetup, *, write: bool) -> None:
    with setup.memory.try_reserve(4 * MIN_RESERVATION):
        work = asyncio.create_task(setup.on_demand.describe(BlobOf(CAT), BRIEF, write=write))
        for _ in range(50):
            await give_way()
        assert not work.done()
        assert setup.harness.images.reads == []
    async with asyncio.timeout(5):
        assert (await work).status is Status.DESCRIBED
    assert setup.memory.held == 0


async def test_a_picture_that_is_written_takes_the_memory_once(setup: OnDemandSetup) -> None:
    """One that needs all of the budget would wait for itself."""
    setup = OnDemandSetup(replace(setup.harness, max_bytes=10 * setup.memory.size))
    setup.harness.images.put(CAT, bytes(setup.memory.size))
    async with asyncio.timeout(5):
        assert (await setup.on_demand.describe(BlobOf(CAT), BRIEF, write=True)).status is Status.DESCRIBED


@pytest.mark.parametrize("size", [20, 90, 300])
async def test_many_that_write_at_once_are_all_answered(harness: Harness, size: int) -> None:
    """In units of 1,000 bytes instead of MiB: 12 callers, as host.json allows, and a budget of 256."""
    setup = OnDemandSetup(replace(harness, memory=MemoryBudget(256_000), max_bytes=400_000))
    refs = [ImageRef("images", f"{number}.jpg") for number in range(12)]
    for number, ref in enumerate(refs):
        setup.harness.images.put(ref, bytes([number]) * size * 1000)
    setup.harness.images.put(CAT, b"u" * 90_000)
    async with asyncio.timeout(20):
        upload = asyncio.create_task(setup.harness.described())
        written = (setup.on_demand.describe(BlobOf(ref), BRIEF, write=True) for ref in refs)
        records = await asyncio.gather(*written)
        await upload
    assert [record.status for record in records] == [Status.DESCRIBED] * 12
    assert len(setup.harness.model.calls) == 13
    assert setup.memory.held == 0


@pytest.mark.parametrize("write", [False, True])
async def test_memory_is_given_back_before_the_model_is_asked(setup: OnDemandSetup, *, write: bool) -> None:
    """So that MODEL_CONCURRENCY bounds the calls, and not the memory."""
    held: list[int] = []

    async def see() -> None:
        held.append(setup.memory.held)

    setup.harness.model.meanwhile = see
    await setup.on_demand.describe(BlobOf(CAT), BRIEF, write=write)
    await setup.on_demand.describe(Url(URL), replace(BRIEF, context="a cat"))
    assert held == [0, 0]


async def test_a_file_is_read_when_there_is_memory_for_it(setup: OnDemandSetup) -> None:
    def read() -> bytes:
        read_at.append(setup.memory.held)
        return bytes(MIN_RESERVATION)

    read_at: list[int] = []
    setup = OnDemandSetup(replace(setup.harness, max_bytes=10 * MIN_RESERVATION))
    sources = [Readable(MIN_RESERVATION, read, f"{number}.jpg") for number in range(MOST_SOURCES)]
    async with asyncio.timeout(5):
        answered = await setup.on_demand.answer(sources, setup.on_demand.question("What?", RequestOptions()))
    assert answered.ending is Ending.COMPLETE
    assert read_at == [MIN_RESERVATION] * MOST_SOURCES, "one after the other, though all are more than the budget"
    large = Readable(setup.harness.max_bytes + 1, read, "large.jpg")
    assert (await setup.on_demand.describe(large, BRIEF)).status is Status.TOO_LARGE
    assert len(read_at) == MOST_SOURCES


async def test_a_body_of_untold_length_is_counted_as_it_grows(setup: OnDemandSetup) -> None:
    with setup.memory.try_reserve(0) as held:
        held.extend(2 * MIN_RESERVATION)
        held.extend(MIN_RESERVATION)
        assert setup.memory.held == 2 * MIN_RESERVATION
        with setup.memory.try_reserve(2 * MIN_RESERVATION), pytest.raises(Busy):
            held.extend(2 * MIN_RESERVATION + 1)
    assert setup.memory.held == 0


async def test_different_pictures_are_not_asked_one_after_the_other(setup: OnDemandSetup) -> None:
    together = asyncio.Barrier(3)
    setup.harness.model.meanwhile = together.wait  # type: ignore[assignment]
    async with asyncio.timeout(5):
        records = await asyncio.gather(*(setup.on_demand.describe(Upload(b"%d" % n), BRIEF) for n in range(3)))
    assert {record.status for record in records} == {Status.DESCRIBED}


async def test_equal_pictures_share_one_question_and_each_call_reports_its_cost(setup: OnDemandSetup) -> None:
    names = ["a.jpg", "b.jpg", "c.jpg"]
    described = (setup.on_demand.describe(Upload(b"cat", name), BRIEF) for name in names)
    records = await asyncio.gather(*described)
    assert len(setup.harness.model.calls) == 1
    assert [record.source.name for record in records] == names
    assert sorted(record.usage.calls for record in records) == [0, 0, 1]
    again = await setup.on_demand.describe(Url(URL), BRIEF)
    assert (len(setup.harness.model.calls), again.usage, again.cost) == (1, Usage(), None)
    other = await setup.on_demand.describe(UPLOAD, replace(BRIEF, context="Our cat Tom"))
    assert (len(setup.harness.model.calls), other.usage.calls) == (2, 1)


@pytest.mark.parametrize("write", [False, True])
async def test_what_was_paid_long_ago_is_not_this_calls_cost(setup: OnDemandSetup, *, write: bool) -> None:
    paid = await setup.harness.described()
    record = await setup.on_demand.describe(BlobOf(CAT), BRIEF, write=write)
    assert (record.alt_text, record.usage, record.cost) == (paid.alt_text, Usage(), None)
    assert setup.harness.records.stored[CAT].record.usage == paid.usage
    setup.harness.images.put(CAT, b"dog")
    record = await setup.on_demand.describe(BlobOf(CAT), BRIEF, write=write)
    assert record.usage.calls == 1
    assert record.cost


async def test_a_picture_is_shrunk_to_the_tokens_that_it_may_take(setup: OnDemandSetup) -> None:
    luna = family("gpt-5.6-luna")
    assert luna is not None
    preparer = ProcessPreparer(lambda _: luna, Limits(2**20, 2**28))
    picture = pictures.jpeg(1600, 1200)
    free = await preparer.prepare(picture, model="", detail="high")
    bound = await preparer.prepare(picture, model="", detail="high", max_tokens=200)
    await preparer.close()
    taken = [image_tokens(luna, image.width, image.height, "high") for image in (free, bound)]
    assert taken[0] is not None and taken[1] is not None
    assert taken[1] <= 200 < taken[0]


def test_a_bound_of_tokens_is_another_question(setup: OnDemandSetup) -> None:
    bound = setup.on_demand.brief(RequestOptions(max_image_tokens=200))
    assert bound.fingerprint != setup.on_demand.brief(RequestOptions()).fingerprint
    assert setup.on_demand.question("What?", RequestOptions(max_image_tokens=200)).max_image_tokens == 200
