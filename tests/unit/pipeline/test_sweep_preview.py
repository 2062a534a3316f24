"""A preview counts by reason, prices from a sample, and changes nothing."""

from dataclasses import replace

import pytest

from describer.domain.image_ref import ImageRef
from describer.pipeline.sweep.counted import SAMPLE
from describer.pipeline.sweep.preview import preview
from describer.pipeline.sweep.state import Only, SweepOptions
from describer.vision import estimate
from describer.vision.brief import Brief
from tests import pictures
from tests.sweeps import FakeListing, asking, blob, recorded, selection

BRIEF = Brief(("en",), "gpt-5.6-luna", "high", 1500)
OPTIONS = SweepOptions(container="images", only=(Only.MISSING,))


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
