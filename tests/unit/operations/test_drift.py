"""`describer doctor` reports where metadata and sidecars differ."""

import pytest

from describer.domain.errors import Misconfigured
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.operations.drift import DriftProbe
from describer.pipeline.ports import Page, Verdict
from tests.unit.conftest import Harness


@pytest.fixture
async def library() -> Harness:
    harness = Harness()
    for number in range(4):
        ref = ImageRef("images", f"{number}.jpg")
        harness.images.put(ref, b"%d" % number)
        await harness.describe(ref)
    return harness


async def test_agreement_is_reported(library: Harness) -> None:
    result = await DriftProbe(library.images, library.records, "images").check()
    assert (result.verdict, result.found, result.advice) == (Verdict.OK, "Metadata and sidecars agree, in all.", "")


async def test_differences_are_counted_with_what_to_do(library: Harness) -> None:
    library.records.edit(ImageRef("images", "0.jpg"), {"alt_text": "By hand."})
    del library.images.blobs[ImageRef("images", "3.jpg")]
    result = await DriftProbe(library.images, library.records, "images").check()
    assert result.found == "1 pictures have another record's metadata; 1 records lack a picture, in all."
    assert "describer orphans" in result.advice
    assert result.verdict is Verdict.OK


async def test_a_container_that_cannot_be_listed_is_the_business_of_its_own_check(library: Harness) -> None:
    async def missing(container: str, prefix: str, cursor: str, limit: int) -> Page[IndexEntry]:
        raise Misconfigured(f"there is no {container}{prefix}{cursor} of {limit}")

    library.records.page = missing  # type: ignore[method-assign]
    result = await DriftProbe(library.images, library.records, "images").check()
    assert (result.verdict, result.advice) == (Verdict.UNKNOWN, "")


async def test_only_the_first_ones_are_looked_at(library: Harness) -> None:
    library.records.edit(ImageRef("images", "3.jpg"), {"alt_text": "By hand."})
    result = await DriftProbe(library.images, library.records, "images", most=2).check()
    assert result.found == "Metadata and sidecars agree, among the first 2."
