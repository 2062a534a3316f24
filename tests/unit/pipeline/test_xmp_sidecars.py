"""The XMP file beside a picture has its author's words; it is read with the picture and never described itself."""

from collections.abc import Awaitable, Callable

import pytest

from describer.domain.errors import Excluded, Unsupported
from describer.domain.image_ref import ImageRef
from describer.domain.precedence import AUTHOR_DIFFERS
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.status import Skip, SkipReason, Status
from describer.domain.texts import Origin
from describer.entrypoints.on_demand.service import BlobOf, RequestOptions
from describer.entrypoints.transfer.xmp import packet as exported
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.compare import compared
from describer.pipeline.coverage import counted
from describer.pipeline.events import Work
from describer.vision.brief import Brief
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup
from tests.unit.vision.embedded_text.packets import alt, packet, with_xmp

BESIDE = ImageRef("images", "pets/cat.jpg.xmp")
SHARED = ImageRef("images", "pets/cat.xmp")
MILL = "A mill, by its author"
OTHER = "The tide mill at Eling"

type EntryPoint = Callable[[Harness, ImageRef], Awaitable[None]]


def xmp(*items: tuple[str, str], inner: str = "", extension: str = "") -> bytes:
    attributes = f'p:SidecarForExtension="{extension}"' if extension else ""
    return packet((alt(*items) if items else "") + inner, attributes)


@pytest.fixture
def harness() -> Harness:
    made = Harness(max_bytes=100_000, blob_filter=BlobFilter(("images",), exclude=("private/",), xmp_sidecars=True))
    made.images.put(CAT, b"cat")
    return made


async def by_trigger(harness: Harness, ref: ImageRef) -> None:
    await harness.delivery.handle_upload(ref.container, ref.name)


async def by_queue(harness: Harness, ref: ImageRef) -> None:
    await harness.delivery.handle_message(Work.first(ref).to_message().encode())


async def by_event(harness: Harness, ref: ImageRef) -> None:
    await harness.delivery.handle_event("Microsoft.Storage.BlobCreated", ref.subject, {})
    message, _ = harness.queue.sent.pop()
    await harness.delivery.handle_message(message.encode())


async def by_call(harness: Harness, ref: ImageRef) -> None:
    """HTTP's `write`, and the command line's `--write`."""
    on_demand = OnDemandSetup(harness).on_demand
    await on_demand.describe(BlobOf(ref), on_demand.brief(RequestOptions()), write=True)


async def all_work_done(harness: Harness) -> None:
    while harness.queue.sent:
        message, _ = harness.queue.sent.pop(0)
        await harness.delivery.handle_message(message.encode())


def stored(harness: Harness) -> Record:
    return harness.records.stored[CAT].record


@pytest.mark.parametrize("entry_point", [by_trigger, by_queue, by_event, by_call])
@pytest.mark.parametrize("sidecar", [BESIDE, SHARED, ImageRef("images", "pets/cat.XMP")], ids=lambda ref: ref.name)
async def test_it_is_read_with_its_picture(harness: Harness, entry_point: EntryPoint, sidecar: ImageRef) -> None:
    harness.images.put(sidecar, xmp(("x-default", MILL)))
    await entry_point(harness, CAT)
    record = stored(harness)
    assert (record.status, record.alt_text, record.origin("alt_text")) == (Status.KEPT, MILL, Origin.EMBEDDED)
    assert record.origin("description") == Origin.MODEL
    assert record.source.xmp
    assert record.source.xmp.name == sidecar.name
    assert harness.metadata()["alt_text"] == MILL


async def test_it_is_read_for_a_caller_who_stores_nothing(harness: Harness) -> None:
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    setup = OnDemandSetup(harness)
    record = await setup.on_demand.describe(BlobOf(CAT), setup.on_demand.brief(RequestOptions()))
    assert (record.alt_text, record.origin("alt_text")) == (MILL, Origin.EMBEDDED)
    assert setup.untouched


@pytest.mark.parametrize("entry_point", [by_trigger, by_queue, by_event])
async def test_a_later_upload_brings_its_text_and_the_model_is_not_asked_again(
    harness: Harness, entry_point: EntryPoint
) -> None:
    await harness.describe()
    harness.images.put(BESIDE, xmp(("x-default", MILL), ("de", "Eine Mühle")))
    await entry_point(harness, BESIDE)
    await all_work_done(harness)
    record = stored(harness)
    assert (record.alt_text, record.origin("alt_text")) == (MILL, Origin.EMBEDDED)
    assert (record.translations["de"].alt_text, record.origin("de/alt_text")) == ("Eine Mühle", Origin.EMBEDDED)
    assert record.description == "A cat sleeps on a grey sofa."
    assert len(harness.model.calls) == 1
    assert [line.alt_text for line in record.history] == ["A cat on a sofa."]
    assert BESIDE not in harness.records.stored
    assert "alt_text" not in harness.images.blobs[BESIDE].metadata
    assert await harness.describe() == Skip(SkipReason.UNCHANGED, "its record is complete")


async def test_a_caller_who_writes_finds_it_too(harness: Harness) -> None:
    await harness.describe()
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    await by_call(harness, CAT)
    assert (stored(harness).alt_text, len(harness.model.calls)) == (MILL, 1)


async def test_it_is_no_picture_at_any_entry_point(harness: Harness) -> None:
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    end = await harness.describe(BESIDE)
    assert end == Skip(SkipReason.NOT_OURS, "an XMP file; pictures beside it that are looked at: 1")
    with pytest.raises(Excluded, match="an XMP file"):
        await by_call(harness, BESIDE)
    found = await counted(compared(harness.images, harness.records, "images"), harness.blob_filter, ("en",))
    assert found.pictures == 1
    assert not harness.records.stored


async def test_another_one_takes_the_place_of_the_first(harness: Harness) -> None:
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    await harness.describe()
    harness.images.put(BESIDE, xmp(("x-default", OTHER)))
    record = await harness.described()
    assert (record.alt_text, record.status, record.demand) == (OTHER, Status.KEPT, None)
    assert MILL in [line.alt_text for line in record.history]
    assert len(harness.model.calls) == 1


async def test_a_text_removed_from_it_is_requested_again(harness: Harness) -> None:
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    await harness.describe()
    harness.images.put(BESIDE, xmp())
    record = await harness.described()
    assert (record.status, record.demand) == (Status.NEEDS_REVIEW, Demand.REMOVED)
    assert (record.alt_text, record.origin("alt_text")) == ("A cat on a sofa.", Origin.MODEL)
    assert MILL in [line.alt_text for line in record.history]
    assert await harness.describe() == Skip(SkipReason.UNCHANGED, "its record is complete")


@pytest.mark.parametrize("left", [None, b"", b"<x:xmpmeta", b"no XMP at all"])
async def test_its_text_stays_where_it_is_gone_or_broken(harness: Harness, left: bytes | None) -> None:
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    await harness.describe()
    del harness.images.blobs[BESIDE]
    if left is not None:
        harness.images.put(BESIDE, left)
    await harness.describe(BESIDE)
    await all_work_done(harness)
    assert (stored(harness).alt_text, stored(harness).status) == (MILL, Status.KEPT)
    assert len(harness.model.calls) == 1


async def test_the_texts_in_the_file_win_with_a_flag(harness: Harness) -> None:
    harness.images.put(CAT, with_xmp(xmp(("x-default", MILL))))
    harness.images.put(BESIDE, xmp(("x-default", OTHER), ("de", "Eine Mühle")))
    record = await harness.described()
    assert (record.alt_text, record.translations["de"].alt_text) == (MILL, "Eine Mühle")
    assert record.flags == (AUTHOR_DIFFERS,)
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    assert (await harness.described()).flags == ()


async def test_a_persons_text_wins_over_it(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text=OTHER)
    await harness.describe()
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    record = await harness.described()
    assert (record.alt_text, record.origin("alt_text")) == (OTHER, Origin.HUMAN)


@pytest.mark.parametrize("in_metadata", [True, False])
async def test_a_persons_correction_of_it_wins_over_another_one(harness: Harness, in_metadata: bool) -> None:
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    await harness.describe()
    if in_metadata:
        harness.images.tag(CAT, alt_text=OTHER)
    else:
        harness.records.edit(CAT, {"alt_text": OTHER})
    harness.images.put(BESIDE, xmp(("x-default", "A third text")))
    record = await harness.described()
    assert (record.alt_text, record.origin("alt_text")) == (OTHER, Origin.HUMAN)


async def test_what_the_app_exported_stays_the_models(harness: Harness) -> None:
    record = await harness.described()
    harness.images.put(BESIDE, exported(record).encode())
    assert (await harness.described()).origin("alt_text") == Origin.MODEL
    assert (stored(harness).status, len(harness.model.calls)) == (Status.DESCRIBED, 1)


async def test_a_persons_words_beside_win_over_what_the_app_had_exported_into_the_file(harness: Harness) -> None:
    await harness.describe()
    harness.images.put(CAT, with_xmp(xmp(("x-default", "A cat on a sofa."))))
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    record = await harness.described()
    assert (record.alt_text, record.origin("alt_text"), record.flags) == (MILL, Origin.EMBEDDED, ())


async def test_it_speaks_for_a_picture_that_cannot_be_read(harness: Harness) -> None:
    harness.preparer.refuses = Unsupported("A camera's raw file.")
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    record = await harness.described()
    assert (record.status, record.alt_text) == (Status.KEPT, MILL)
    assert "unsupported" in record.flags


@pytest.mark.parametrize(("extension", "is_read"), [("", True), ("JPG", True), ("NEF", False)])
async def test_one_for_another_file_of_the_name_is_passed_over(harness: Harness, extension: str, is_read: bool) -> None:
    harness.images.put(SHARED, xmp(("x-default", MILL), extension=extension))
    assert ((await harness.described()).alt_text == MILL) is is_read


async def test_the_one_that_names_the_picture_in_full_is_read_first(harness: Harness) -> None:
    harness.images.put(SHARED, xmp(("x-default", OTHER)))
    harness.images.put(BESIDE, xmp(("x-default", MILL), extension="NEF"))
    assert (await harness.described()).alt_text == MILL


async def test_every_picture_of_the_name_is_looked_at_and_no_other(harness: Harness) -> None:
    raw, longer, excluded = (
        ImageRef("images", name) for name in ("pets/cat.nef", "pets/cat.jpg.png", "private/cat.jpg")
    )
    for ref in (raw, longer, excluded):
        harness.images.put(ref, b"other")
    for sidecar, expected in (
        (SHARED, [CAT, raw]),
        (BESIDE, [CAT, longer]),
        (ImageRef("images", "private/cat.xmp"), []),
    ):
        await harness.describe(sidecar)
        sent = [Work.from_message(message.encode())[0].ref for message, _ in harness.queue.sent]
        assert sent == expected
        harness.queue.sent.clear()


@pytest.mark.parametrize(
    "blob_filter",
    [BlobFilter(("images",)), BlobFilter(("images",), exclude=("*.xmp",), xmp_sidecars=True)],
    ids=["off", "excluded"],
)
async def test_it_is_not_read_unless_it_may_be(harness: Harness, blob_filter: BlobFilter) -> None:
    harness.blob_filter = blob_filter
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    record = await harness.described()
    assert (record.alt_text, record.source.xmp) == ("A cat on a sofa.", None)
    assert harness.images.reads == [CAT]


async def test_include_patterns_are_of_pictures(harness: Harness) -> None:
    harness.blob_filter = BlobFilter(("images",), include=("*.jpg",), xmp_sidecars=True)
    harness.images.put(BESIDE, xmp(("x-default", MILL)))
    assert (await harness.described()).alt_text == MILL


async def test_its_owner_keeps_it_from_being_read(harness: Harness) -> None:
    harness.images.put(BESIDE, xmp(("x-default", MILL)), description_skip="true")
    assert (await harness.described()).alt_text == "A cat on a sofa."


async def test_its_title_is_context_by_setting(harness: Harness) -> None:
    brief = Brief(BRIEF.languages, BRIEF.model, BRIEF.detail, 1500, embedded_context=True)
    harness.images.put(BESIDE, xmp(inner="<dc:title>Eling</dc:title>"))
    await harness.describe(brief=brief)
    (asked,) = harness.model.asked
    assert isinstance(asked, Brief)
    assert asked.author == "Eling"


async def test_one_that_lands_while_the_model_is_asked_is_not_lost(harness: Harness) -> None:
    async def land() -> None:
        harness.images.put(BESIDE, xmp(("x-default", MILL)))
        await harness.describe(BESIDE)

    harness.model.meanwhile = land
    await harness.describe()
    await all_work_done(harness)
    assert stored(harness).alt_text == MILL
