"""Files that lie beside pictures are left alone: no record, no metadata, no event, and no call."""

from dataclasses import replace

import pytest

from describer.domain.errors import Archived, Unsupported
from describer.domain.image_ref import ImageRef
from describer.domain.status import Skip, SkipReason, Status
from describer.entrypoints.on_demand.sources import BlobOf, PictureSource, Readable
from describer.pipeline.backfill.backfiller import Backfiller
from describer.pipeline.backfill.preview import preview
from describer.pipeline.backfill.selection import Judgement
from describer.pipeline.backfill.state import BackfillOptions
from describer.pipeline.events import Work
from tests.backfills import FakeBackfills, FakeListing, asking, blob, selection
from tests.unit.conftest import BRIEF, Harness
from tests.unit.domain.test_companions import FILES
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

BESIDE = {
    "trip/IMG_1.MOV": FILES["an iPhone's film"][0],
    "trip/IMG_1.jpg.xmp": FILES["XMP"][0],
    "trip/IMG_1.AAE": FILES["AAE"][0],
    "trip/IMG_1.jpg.supplemental-metadata.json": FILES["Google's notes"][0],
    "trip/Thumbs.db": FILES["Thumbs.db"][0],
    "trip/film-without-a-name": FILES["an MP4"][0],
    "trip/._IMG_1.jpg": FILES["AppleDouble"][0],
    "trip/empty.xmp": b"",
}


@pytest.mark.parametrize("name", BESIDE)
async def test_such_a_file_is_left_alone(harness: Harness, name: str) -> None:
    ref = ImageRef("images", name)
    harness.images.put(ref, BESIDE[name])
    end = await harness.describe(ref)
    assert isinstance(end, Skip)
    assert (end.reason, bool(end.etag)) == (SkipReason.NOT_A_PICTURE, True)
    assert (harness.records.stored, harness.metadata(ref), harness.topic.published) == ({}, {}, [])
    assert not harness.images.reads, "not more than its first bytes is read"


async def test_a_large_one_is_what_it_is_and_not_too_large(harness: Harness) -> None:
    ref = ImageRef("images", "a.mov")
    harness.images.put(ref, FILES["an iPhone's film"][0] + bytes(harness.max_bytes))
    assert await harness.describe(ref) == Skip(SkipReason.NOT_A_PICTURE, "a film", harness.images.blobs[ref].etag)


async def test_an_archived_one_is_recognized_by_its_name(harness: Harness) -> None:
    harness.images.refusal = Archived("in the archive tier")
    harness.images.put(ImageRef("images", "a.mov"), b"x")
    assert isinstance(await harness.describe(ImageRef("images", "a.mov")), Skip)


@pytest.mark.parametrize("name", ["a.jpg", "a.HEIC"])
async def test_what_is_named_like_a_picture_has_its_record(harness: Harness, name: str) -> None:
    harness.preparer.refuses = Unsupported("This is JSON")
    ref = ImageRef("images", name)
    harness.images.put(ref, FILES["Google's notes"][0])
    assert (await harness.described(ref)).status is Status.UNSUPPORTED


async def test_a_picture_without_a_companions_name_is_described(harness: Harness) -> None:
    ref = ImageRef("images", "b1946ac92492d2347c6235b4d2611184")
    harness.images.put(ref, b"\xff\xd8\xff and so on")
    assert (await harness.described(ref)).status is Status.DESCRIBED


@pytest.mark.parametrize("by_person", [False, True])
async def test_the_record_of_an_earlier_picture_goes_unless_a_person_wrote_in_it(
    harness: Harness, by_person: bool
) -> None:
    ref = ImageRef("images", "a")
    harness.images.put(ref, b"a picture")
    await harness.described(ref)
    if by_person:
        harness.records.edit(ref, {"alt_text": "By hand."})
    harness.images.put(ref, FILES["an MP4"][0])
    assert isinstance(await harness.describe(ref), Skip)
    assert (ref in harness.records.stored) is by_person
    assert not harness.records.shared


async def test_a_backfill_has_it_looked_at_once(harness: Harness) -> None:
    backfills, listed = FakeBackfills(), [blob("a"), blob("b.jpg"), blob("c.mov")]
    listing = FakeListing(listed)
    backfiller = Backfiller(listing.library, backfills, harness.queue, selection, asking())
    options = BackfillOptions(container="images")
    seen = await preview(listing.library, selection(options), asking())
    assert (await backfiller.step(await backfiller.begin(options, seen))).enqueued == 2
    await backfills.remember_no_picture(listed[0].ref, listed[0].etag)
    rules = await backfiller.selecting(options)
    page = await listing.library.page("images", "", "")
    assert [rules.judge(each) for each in page.items] == [
        Judgement.NOT_A_PICTURE,
        Judgement.MISSING,
        Judgement.NOT_A_PICTURE,
    ]


async def test_what_a_backfill_had_looked_at_is_kept_in_mind(harness: Harness) -> None:
    backfills, ref = FakeBackfills(), ImageRef("images", "a")
    harness.images.put(ref, FILES["an MP4"][0])
    delivery = replace(harness.delivery, progress=backfills)
    work = replace(Work.first(ref), chunk="20261128T000000-0123abcd/000001")
    await delivery.handle_message(work.to_message().encode())
    assert list(backfills.found.values()) == [harness.images.blobs[ref].etag]


async def test_a_call_for_it_gets_an_error_that_says_what_it_is(harness: Harness) -> None:
    service, ref = OnDemandSetup(harness).on_demand, ImageRef("images", "film")
    harness.images.put(ref, FILES["an MP4"][0])
    large = Readable(10**9, lambda: b"", "holiday.mov")
    sources: list[PictureSource] = [BlobOf(ref), large]
    for source in sources:
        record = await service.describe(source, BRIEF)
        assert (record.status, record.reason) == (
            Status.UNSUPPORTED,
            "This is a film, not a picture. Use a still picture of it.",
        )
    with pytest.raises(Unsupported, match="This is a film, not a picture; nothing was written"):
        await service.describe(BlobOf(ref), BRIEF, write=True)
    assert not harness.records.stored
