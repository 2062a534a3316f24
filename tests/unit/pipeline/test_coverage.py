"""Coverage by language is one figure, counted from listings."""

import pytest

from describer.domain.correction import Correction
from describer.domain.errors import InvalidRequest, NotFound, Unsupported
from describer.domain.image_ref import ImageRef
from describer.domain.texts import Review
from describer.pipeline.coverage import Coverage
from tests.fakes import answer
from tests.unit.conftest import BRIEF, Harness


@pytest.fixture
async def library() -> Harness:
    """Six pictures: described in one language, in two, decorative, rejected, unsupported, without a record."""
    harness = Harness()
    refs = [ImageRef("images", f"{number}.jpg") for number in range(6)]
    for ref in refs:
        harness.images.put(ref, ref.name.encode())
    for ref in refs[:4]:
        await harness.describe(ref)
    await harness.corrector.correct(refs[1], Correction({"de": {"alt_text": "Eine Katze."}}))
    await harness.corrector.correct(refs[2], Correction(is_decorative=True))
    await harness.corrector.correct(refs[3], Correction(review=Review.REJECTED))
    harness.preparer.refuses = Unsupported("not a picture")
    await harness.describe(refs[4])
    harness.images.put(ImageRef("images", "private/secret.jpg"), b"secret")
    harness.images.put(ImageRef("images", "holiday.mov"), b"a film")
    gone = ImageRef("images", "gone.jpg")
    harness.images.put(gone, b"gone")
    harness.preparer.refuses = None
    await harness.describe(gone)
    del harness.images.blobs[gone]
    return harness


async def test_pictures_are_counted_by_language(library: Harness) -> None:
    counted = await library.catalogue.coverage("images")
    assert counted == Coverage(
        pictures=5,
        languages={"en": 3, "de": 2},  # type: ignore[arg-type]
        without_record=1,
        statuses={"described": 2, "kept": 1, "needs_review": 1, "unsupported": 1},  # type: ignore[arg-type]
        not_pictures=1,
        excluded=1,
        orphans=1,
    )
    assert (counted.share("en"), counted.share("de"), counted.share("fr")) == (0.6, 0.4, 0)


async def test_counting_asks_for_listings_only(library: Harness) -> None:
    library.images.listings = library.records.listings = 0
    library.images.reads.clear()
    await library.catalogue.coverage("images")
    assert (library.images.listings, library.records.listings, library.images.reads) == (1, 1, [])


async def test_a_prefix_narrows_what_is_counted(library: Harness) -> None:
    counted = await library.catalogue.coverage("images", "1")
    assert (counted.pictures, counted.languages["de"], counted.orphans) == (1, 1, 0)
    empty = await library.catalogue.coverage("images", "nothing/")
    assert (empty.pictures, empty.share("en")) == (0, None)


async def test_a_container_that_is_not_watched_is_not_counted(library: Harness) -> None:
    with pytest.raises(NotFound):
        library.catalogue.watched("secrets")
    with pytest.raises(InvalidRequest):
        await library.catalogue.coverage("images", "a\0")


async def test_a_language_of_an_answer_counts_too(library: Harness) -> None:
    library.model.script = [answer(languages=("en", "fr"))]
    await library.describe(ImageRef("images", "5.jpg"), BRIEF.with_wishes(languages=("en", "fr")))
    assert (await library.catalogue.coverage("images")).languages["fr"] == 2


async def test_metadata_that_is_of_another_record_is_counted(library: Harness) -> None:
    assert (await library.catalogue.coverage("images")).drifted == 0
    library.records.edit(ImageRef("images", "0.jpg"), {"alt_text": "By hand."})
    del library.records.stored[ImageRef("images", "1.jpg")]
    assert (await library.catalogue.coverage("images")).drifted == 2
    await library.describe(ImageRef("images", "0.jpg"))
    assert (await library.catalogue.coverage("images")).drifted == 1
