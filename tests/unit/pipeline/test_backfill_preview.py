"""A preview counts by reason, prices from a sample, and changes nothing."""

import re
from dataclasses import replace
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from describer.domain.image_ref import ImageRef
from describer.domain.renditions import Renditions
from describer.entrypoints.cli import backfill_tables
from describer.pipeline.backfill.counted import SAMPLE, Counted
from describer.pipeline.backfill.preview import preview, with_next_page
from describer.pipeline.backfill.state import BackfillOptions, Only
from describer.vision import estimate
from describer.vision.brief import Brief
from tests import pictures
from tests.backfills import FakeListing, asking, blob, recorded, selection

BRIEF = Brief(("en",), "gpt-5.6-luna", "high", 1500)
OPTIONS = BackfillOptions(container="images", only=(Only.MISSING,))


class Files(FakeListing):
    """Pictures of sizes that follow from their numbers; every tenth is no picture."""

    async def head(self, ref: ImageRef, length: int) -> bytes:
        number = int(ref.name.removesuffix(".jpg"))
        return b"?" if number % 10 == 9 else pictures.jpeg(100 + number % 400, 100)[:length]


async def test_counts_are_by_reason_and_tiers_by_bytes() -> None:
    listing = FakeListing(
        [
            blob("0.jpg", tier="Cool"),
            blob("1.jpg", tier="Archive"),
            blob("2.jpg", metadata=recorded("described")),
            blob("3.mp4"),
            blob("private/4.jpg"),
        ]
    )
    seen = await preview(listing.library, selection(OPTIONS), asking())
    assert seen.judged == {"missing": 1, "archived": 1, "current": 1, "not_a_picture": 1, "excluded": 1}
    assert (seen.pictures, seen.size, seen.tiers) == (1, 1000, {"Cool": 1000, "Archive": 1000})


async def test_all_of_few_pictures_are_looked_at() -> None:
    seen = await preview(Files([blob(f"{n}.jpg") for n in range(100)]).library, selection(OPTIONS), asking())
    assert (seen.sampled, seen.with_sides) == (100, 90)
    assert seen.asked and seen.usd
    assert seen.usd[0] < seen.usd[1] < seen.usd[2]


async def test_many_are_priced_from_a_sample_whose_range_holds_the_whole() -> None:
    numbers = range(1000)
    listing = Files([blob(f"{n}.jpg") for n in numbers])
    seen = await preview(listing.library, selection(OPTIONS), asking())
    assert seen.sampled == SAMPLE
    asks = asking()
    whole = sum(
        estimate.of_picture(BRIEF, asks.sizes, None if n % 10 == 9 else (100 + n % 400, 100)).prompt[1] for n in numbers
    )
    assert seen.asked
    assert seen.asked.prompt[0] <= whole <= seen.asked.prompt[2]
    assert seen.asked.prompt[1] == pytest.approx(whole, rel=0.1)


async def test_what_is_asked_by_prefix_is_priced_so() -> None:
    asks = replace(asking(), brief=replace(BRIEF, by_prefix=(("*1.jpg", "languages", ("en", "de", "fr")),)))
    one = await preview(Files([blob("0.jpg")]).library, selection(OPTIONS), asks)
    three = await preview(Files([blob("1.jpg")]).library, selection(OPTIONS), asks)
    assert one.asked and three.asked
    assert [3 * tokens for tokens in one.asked.answer] == list(three.asked.answer)
    assert three.asked.prompt[0] > one.asked.prompt[0]


async def test_the_time_follows_from_the_quota_and_the_cap_of_answers() -> None:
    listing = Files([blob("0.jpg")])
    seen = await preview(listing.library, selection(OPTIONS), asking())
    assert seen.asked
    assert seen.seconds == pytest.approx(60 * (seen.asked.prompt[1] + 1500) / 30_000)
    assert (await preview(listing.library, selection(OPTIONS), asking(per_minute=0))).seconds is None


async def test_a_model_that_counts_in_an_unknown_way_has_no_price() -> None:
    seen = await preview(Files([blob("0.jpg")]).library, selection(OPTIONS), asking("generic"))
    assert (seen.pictures, seen.asked, seen.usd, seen.usd_each) == (1, None, None, None)


SIZES = ["a-1024x768.jpg", "a-150x150.jpg", "a-300x225.jpg", "a-b.jpg", "a.jpg", "plan-2000x1500.jpg", "z-1x1.jpg"]


class Sized(FakeListing):
    """Pictures that are as large as their names say, or 4000x3000."""

    async def head(self, ref: ImageRef, length: int) -> bytes:
        found = re.search(r"-(\d+)x(\d+)\.", ref.name)
        return pictures.jpeg(*((int(found[1]), int(found[2])) if found else (4000, 3000)))[:length]


async def test_derived_sizes_are_counted_and_priced_where_nothing_spares_them() -> None:
    listed = [blob(name) for name in SIZES]
    seen = await preview(Sized(listed).library, selection(OPTIONS), asking())
    alone = await preview(
        Sized([one for one in listed if one.ref.name in SIZES[:3]]).library, selection(OPTIONS), asking()
    )
    assert (seen.pictures, seen.derived, seen.derived_are_free) == (7, {"wordpress": 3}, False)
    assert alone.derived == {"wordpress": 2}, "the largest stands for the original"
    assert seen.usd and seen.derived_usd and alone.usd
    assert seen.derived_usd == pytest.approx(alone.usd)
    table = rendered(backfill_tables.of_preview(seen, OPTIONS))
    cost = f"{seen.derived_usd[1]:,.2f}"
    assert f"looks like derived sizes: 3, would cost about {cost} USD; RENDITIONS=wordpress avoids that" in table


async def test_with_the_setting_they_cost_nothing() -> None:
    without = await preview(Sized([blob(name) for name in SIZES]).library, selection(OPTIONS), asking())
    rules = replace(selection(OPTIONS).blob_filter, renditions=Renditions(("wordpress",)))
    chosen = replace(selection(OPTIONS), blob_filter=rules)
    seen = await preview(Sized([blob(name) for name in SIZES]).library, chosen, asking())
    assert (seen.pictures, seen.derived, seen.derived_are_free) == (7, {"wordpress": 3}, True)
    assert seen.usd and without.usd and without.derived_usd
    assert seen.usd[1] == pytest.approx(without.usd[1] - without.derived_usd[1])
    assert "originals' texts without a model call" in rendered(backfill_tables.of_preview(seen, OPTIONS))


async def test_a_listing_in_pages_counts_the_same() -> None:
    library = Sized([blob(name) for name in SIZES], size=2).library
    assert (await preview(library, selection(OPTIONS), asking())).derived == {"wordpress": 3}


async def test_a_preview_continued_in_another_process_counts_the_same() -> None:
    library, counted = Sized([blob(name) for name in SIZES], size=2).library, Counted()
    while not counted.ended:
        counted = Counted.model_validate_json(counted.model_dump_json())
        counted = await with_next_page(library, selection(OPTIONS), counted)
    assert (counted.derived, counted.pictures, counted.unsure) == ({"wordpress": 3}, 7, ())


async def test_an_original_that_has_its_record_counts_as_one() -> None:
    described = [blob("a-150x150.jpg"), blob("a.jpg", metadata=recorded("described"))]
    seen = await preview(Sized(described).library, selection(OPTIONS), asking())
    assert (seen.pictures, seen.derived) == (1, {"wordpress": 1})


def rendered(table: RenderableType) -> str:
    console = Console(width=300, file=StringIO())
    console.print(table)
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()
