"""`describer doctor` reports how many pictures look like sizes of others, and what they cost."""

from dataclasses import replace

from describer.domain.errors import Misconfigured
from describer.domain.image_blob import ImageBlob
from describer.domain.renditions import Renditions
from describer.operations.derived_sizes import DerivedSizesProbe
from describer.pipeline.blob_filter import BlobFilter
from describer.pipeline.ports import Page, Verdict
from describer.vision.estimate import of_picture
from describer.vision.families import family
from describer.vision.sizing import Sizes
from tests.backfills import FakeListing, blob
from tests.unit.conftest import BRIEF

LUNA = family("gpt-5.6-luna")
assert LUNA
SIZES = Sizes(LUNA, "high", text_tokens=6000)
NAMES = ("a-150x150.jpg", "a.jpg", "assets/small_a_0123456789.jpg", "plan-2000x1500.jpg", "private/b-1x1.jpg")


def probe(*names: str) -> DerivedSizesProbe:
    blob_filter = BlobFilter(("images",), exclude=("private/",))
    return DerivedSizesProbe(FakeListing([blob(name) for name in names]), "images", blob_filter, BRIEF, SIZES)


async def test_they_are_counted_with_what_they_cost_and_what_spares_it() -> None:
    usd = of_picture(BRIEF, SIZES, None).times(2).usd(SIZES.family)
    result = await probe(*NAMES).check()
    assert usd
    assert result.found == f"Looks like derived sizes: 2, would cost up to {usd[1]:,.2f} USD."
    assert (result.verdict, result.advice) == (Verdict.OK, "Set RENDITIONS=strapi,wordpress: docs/cms.md.")


async def test_where_there_are_none_that_is_said() -> None:
    assert (await probe("a.jpg", "plan-2000x1500.jpg").check()).found == "No picture looks like a size of another."


async def test_with_the_setting_they_are_said_to_cost_nothing() -> None:
    made = probe(*NAMES)
    made = replace(made, blob_filter=replace(made.blob_filter, renditions=Renditions(("wordpress",))))
    result = await made.check()
    assert (result.found, result.advice) == ("1 get the texts of their originals, without a model call.", "")


async def test_a_container_that_cannot_be_listed_is_the_business_of_its_own_check() -> None:
    class Missing(FakeListing):
        async def page(self, container: str, prefix: str, cursor: str, limit: int) -> Page[ImageBlob]:
            raise Misconfigured("there is no such container")

    assert (await replace(probe(), images=Missing([])).check()).verdict is Verdict.UNKNOWN
