"""Saving metadata is not a new picture: the same pixels in another file are not asked about again."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from io import BytesIO

import pytest
from PIL import Image

from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.status import Skip, Status
from describer.domain.texts import Origin
from describer.entrypoints.on_demand.service import BlobOf, RequestOptions
from describer.pipeline.events import Work
from describer.vision.families import family
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import Limits, PreparedImage
from tests import pictures
from tests.fakes import answer
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup
from tests.unit.vision.embedded_text.packets import alt, packet

MILL = "A mill, by its author"


def file(*items: tuple[str, str], colour: int = 7) -> bytes:
    """A JPEG with these alt texts in its XMP."""
    image = Image.open(BytesIO(pictures.jpeg(96, 64)))
    image.putpixel((5, 5), (colour, colour, colour))
    xmp = {"xmp": packet(alt(*items))} if items else {}
    saved = BytesIO()
    image.save(saved, "JPEG", quality=100, subsampling=0, **xmp)
    return saved.getvalue()


@pytest.fixture
def harness() -> Harness:
    made = Harness(max_bytes=100_000)
    made.preparer.gives = PreparedImage(b"pixels", 96, 64)
    made.images.put(CAT, file())
    return made


async def _by_trigger(harness: Harness) -> Record:
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    return harness.records.stored[CAT].record


async def _by_queue(harness: Harness) -> Record:
    await harness.delivery.handle_message(Work.first(CAT).to_message().encode())
    return harness.records.stored[CAT].record


async def _by_writing_call(harness: Harness) -> Record:
    on_demand = OnDemandSetup(harness).on_demand
    return await on_demand.describe(BlobOf(CAT), on_demand.brief(RequestOptions()), write=True)


async def _by_call(harness: Harness) -> Record:
    on_demand = OnDemandSetup(harness).on_demand
    return await on_demand.describe(BlobOf(CAT), on_demand.brief(RequestOptions()))


type Way = Callable[[Harness], Awaitable[Record]]
WAYS_IN = [_by_trigger, _by_queue, _by_writing_call, _by_call]


@pytest.mark.parametrize("come", WAYS_IN)
async def test_an_authors_new_text_is_used_without_calling_the_model(harness: Harness, come: Way) -> None:
    first = await harness.described()
    harness.images.put(CAT, file(("x-default", MILL)))
    record = await come(harness)
    assert (record.alt_text, record.origin("alt_text"), record.status) == (MILL, Origin.EMBEDDED, Status.KEPT)
    assert (record.description, record.demand) == (first.description, None)
    assert record.source.sha256 != first.source.sha256
    assert record.source.size == len(harness.images.blobs[CAT].data)
    assert len(harness.model.calls) == 1


async def test_the_record_follows_the_bytes_and_is_complete(harness: Harness) -> None:
    await harness.describe()
    harness.images.put(CAT, file(("x-default", MILL)))
    record = await harness.described()
    assert isinstance(await harness.describe(), Skip)
    assert harness.metadata()["description_sha256"] == record.source.sha256
    assert [line.alt_text for line in record.history] == ["A cat on a sofa."]


async def test_a_text_that_the_author_changes_again_is_taken_up_again(harness: Harness) -> None:
    for text in (MILL, "The old mill"):
        harness.images.put(CAT, file(("x-default", text)))
        assert (await harness.described()).alt_text == text
    assert [line.alt_text for line in harness.records.stored[CAT].record.history] == [MILL]
    assert len(harness.model.calls) == 1


async def test_our_own_text_that_a_tool_wrote_into_the_file_stays_the_models(harness: Harness) -> None:
    first = await harness.described()
    harness.images.put(CAT, file(("x-default", first.alt_text)))
    record = await harness.described()
    assert (record.alt_text, record.origin("alt_text"), record.status) == (
        first.alt_text,
        Origin.MODEL,
        Status.DESCRIBED,
    )
    assert len(harness.model.calls) == 1


@pytest.mark.parametrize(
    "place",
    ["sidecar", "metadata that was kept", "metadata that was kept beside an edited sidecar", "metadata that went"],
)
async def test_a_persons_text_is_kept_without_a_review(harness: Harness, place: str) -> None:
    await harness.describe()
    if place == "sidecar":
        harness.records.edit(CAT, {"alt_text": "Tom"})
    else:
        harness.images.tag(CAT, alt_text="Tom")
    if place == "metadata that went":
        await harness.describe()
    if place == "metadata that was kept beside an edited sidecar":
        harness.records.edit(CAT, {"tags": ["cat"]})
    kept = harness.metadata() if "that was kept" in place else {}
    harness.images.put(CAT, file(("x-default", MILL)), **kept)
    record = await harness.described()
    assert (record.alt_text, record.status, record.demand) == ("Tom", Status.KEPT, None)
    assert record.origin("alt_text") == Origin.HUMAN
    assert len(harness.model.calls) == 1


async def test_a_rejection_stands_too(harness: Harness) -> None:
    await harness.describe()
    harness.records.edit(CAT, {"review": "rejected"})
    await harness.describe()
    harness.images.put(CAT, file(("de", "Mühle")))
    record = await harness.described()
    assert (record.status, record.demand) == (Status.NEEDS_REVIEW, Demand.REJECTED)
    assert len(harness.model.calls) == 1


async def test_a_removed_authors_text_is_replaced_by_the_models(harness: Harness) -> None:
    harness.images.put(CAT, file(("x-default", MILL)))
    await harness.describe()
    harness.images.put(CAT, file())
    record = await harness.described()
    assert (record.alt_text, record.origin("alt_text")) == ("A cat on a sofa.", Origin.MODEL)


async def test_other_pixels_another_question_and_another_context_are_asked(harness: Harness) -> None:
    context = replace(BRIEF, embedded_context=True)
    await harness.describe(brief=context)
    harness.images.put(CAT, file(("x-default", MILL)))
    harness.preparer.gives = PreparedImage(b"others", 96, 64)
    harness.model.script = [answer("A mill.")]
    assert (await harness.described(brief=context)).description
    harness.images.put(CAT, file(("x-default", MILL), ("de", "Mühle")))
    await harness.describe(brief=replace(context, detail="low"))
    assert len(harness.model.calls) == 3


async def test_with_again_the_model_is_called_again(harness: Harness) -> None:
    await harness.describe()
    harness.images.put(CAT, file(("de", "Mühle")))
    await harness.describe(brief=replace(BRIEF, again=True))
    assert len(harness.model.calls) == 2


async def test_real_files_of_the_same_pixels_are_one_picture_and_others_are_not() -> None:
    """With the real decoder: two files by one program, and one of another pixel."""
    luna = family("gpt-5.6-luna")
    assert luna
    studio = ProcessPreparer(lambda _: luna, Limits(1_000_000, 100_000_000))
    harness = Harness(max_bytes=100_000)
    harness.preparer = studio  # type: ignore[assignment]
    try:
        calls = []
        for data in (file(), file(("x-default", MILL)), file(("x-default", MILL), colour=250)):
            harness.images.put(CAT, data)
            await harness.describe()
            calls.append(len(harness.model.calls))
    finally:
        await studio.close()
    assert calls == [1, 1, 2]
