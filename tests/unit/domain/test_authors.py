"""Texts that authors embedded in the file come before the model's and after people's."""

from dataclasses import replace

import pytest

from describer.domain.embedded import EmbeddedTexts
from describer.domain.errors import Unsupported
from describer.domain.image_ref import ImageRef
from describer.domain.review import Demand
from describer.domain.status import Skip, SkipReason, Status
from describer.domain.texts import Origin, Review
from describer.entrypoints.on_demand.service import BlobOf, PictureSource, Upload, Url
from describer.vision.brief import Brief
from tests.fakes import answer
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import URL, OnDemandSetup
from tests.unit.vision.embedded_text.packets import alt, packet, with_xmp

TWO = replace(BRIEF, languages=("en", "de"))
MILL = "A mill, by its author"


def picture(*items: tuple[str, str], inner: str = "") -> bytes:
    return with_xmp(packet(alt(*items) + inner))


@pytest.fixture
def harness() -> Harness:
    made = Harness(max_bytes=100_000)
    made.images.put(CAT, picture(("x-default", MILL)))
    return made


async def test_the_authors_text_stands_and_the_rest_is_the_models(harness: Harness) -> None:
    record = await harness.described(brief=TWO)
    assert (record.status, record.review, record.alt_text) == (Status.KEPT, Review.EDITED, MILL)
    assert record.translations["de"].alt_text == "Eine Katze auf einem Sofa."
    assert (record.origin("alt_text"), record.origin("description")) == (Origin.EMBEDDED, Origin.MODEL)
    assert harness.metadata()["alt_text"] == MILL
    assert harness.metadata()["description_source"] == "embedded"


@pytest.mark.parametrize("source", [Upload(picture(("x-default", MILL)), "mill.jpg"), Url(URL), BlobOf(CAT)], ids=repr)
async def test_it_stands_on_demand_too(harness: Harness, source: PictureSource) -> None:
    setup = OnDemandSetup(harness)
    setup.web.pages[URL] = picture(("x-default", MILL))
    record = await setup.on_demand.describe(source, BRIEF)
    assert (record.status, record.alt_text, record.origin("alt_text")) == (Status.KEPT, MILL, Origin.EMBEDDED)
    assert setup.untouched


async def test_it_stays_at_every_later_event_and_nothing_is_paid_again(harness: Harness) -> None:
    first = await harness.described()
    assert await harness.describe() == Skip(SkipReason.UNCHANGED, "its record is complete")
    again = await harness.described(brief=TWO)
    assert (again.alt_text, again.origin("alt_text")) == (first.alt_text, Origin.EMBEDDED)
    assert len(harness.model.calls) == 2


async def test_a_persons_text_wins_over_it(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="The mill at Eling")
    record = await harness.described()
    assert (record.alt_text, record.origin("alt_text")) == ("The mill at Eling", Origin.HUMAN)


async def test_a_person_corrects_it(harness: Harness) -> None:
    await harness.describe()
    harness.images.tag(CAT, alt_text="The mill at Eling")
    record = await harness.described()
    assert (record.alt_text, record.origin("alt_text")) == ("The mill at Eling", Origin.HUMAN)
    assert record.history[0].alt_text == MILL
    assert (await harness.described(brief=TWO)).alt_text == "The mill at Eling"


async def test_what_a_person_removed_does_not_come_back(harness: Harness) -> None:
    await harness.describe()
    harness.records.edit(CAT, {"alt_text": None})
    for brief in (BRIEF, TWO):
        record = await harness.described(brief=brief)
        assert (record.status, record.demand) == (Status.NEEDS_REVIEW, Demand.REMOVED)
        assert (record.alt_text, record.origin("alt_text")) == ("A cat on a sofa.", Origin.MODEL)


async def test_new_bytes_bring_their_own(harness: Harness) -> None:
    await harness.describe()
    harness.images.put(CAT, picture(("x-default", "Another mill")))
    record = await harness.described()
    assert (record.alt_text, record.status) == ("Another mill", Status.KEPT)
    harness.images.put(CAT, b"without any")
    record = await harness.described()
    assert (record.alt_text, record.status, record.demand) == ("A cat on a sofa.", Status.DESCRIBED, None)


async def test_new_bytes_with_an_authors_text_need_no_look_and_the_persons_is_in_the_history(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="The mill at Eling")
    await harness.describe()
    harness.images.put(CAT, picture(("x-default", "Another mill")))
    record = await harness.described()
    assert (record.alt_text, record.status, record.demand) == ("Another mill", Status.KEPT, None)
    assert [(line.alt_text, line.origin("alt_text")) for line in record.history] == [
        ("The mill at Eling", Origin.HUMAN)
    ]


async def test_many_versions_do_not_fill_the_history(harness: Harness) -> None:
    for number in range(30):
        harness.images.put(CAT, picture(("x-default", f"Mill {number}")))
        await harness.describe()
    assert len(harness.records.stored[CAT].record.history) == 20


async def test_a_deleted_picture_takes_its_authors_text_along(harness: Harness) -> None:
    await harness.describe()
    del harness.images.blobs[CAT]
    await harness.describe()
    assert CAT not in harness.records.stored


async def test_a_text_that_the_model_wrote_stays_the_models(harness: Harness) -> None:
    """The record was exported, and a program wrote its texts into the picture."""
    harness.images.put(CAT, b"cat")
    await harness.described(brief=TWO)
    harness.images.put(CAT, picture(("x-default", "A cat on a sofa."), ("de", "Von mir")))
    harness.model.script = [answer("A cat, seen anew.", languages=("en", "de"))]
    record = await harness.described(brief=TWO)
    assert (record.alt_text, record.origin("alt_text")) == ("A cat, seen anew.", Origin.MODEL)
    assert (record.translations["de"].alt_text, record.origin("de/alt_text")) == ("Von mir", Origin.EMBEDDED)


async def test_the_models_words_in_one_language_may_be_the_authors_in_another(harness: Harness) -> None:
    harness.images.put(CAT, b"cat")
    harness.model.script = [answer("Tom", languages=("en", "de"))]
    first = await harness.described(brief=TWO)
    german = first.translations["de"].description
    assert german != first.description
    harness.images.put(CAT, picture(("x-default", "Tom"), ("de", first.description)))
    record = await harness.described(brief=TWO)
    assert (record.translations["de"].alt_text, record.origin("de/alt_text")) == (first.description, Origin.EMBEDDED)
    assert record.origin("alt_text") == Origin.MODEL


async def test_it_comes_along_to_another_name_uncut(harness: Harness) -> None:
    long = "A mill. " * 800
    harness.images.put(CAT, picture(("x-default", long)))
    await harness.describe()
    other = ImageRef("images", "copy.jpg")
    harness.images.put(other, harness.images.blobs[CAT].data, **harness.metadata())
    harness.records.stored.clear()
    record = await harness.described(other)
    assert (record.alt_text, record.origin("alt_text")) == (long.strip(), Origin.EMBEDDED)


async def test_a_drawing_is_kept_by_its_authors_words(harness: Harness) -> None:
    harness.images.put(CAT, b'<svg xmlns="http://www.w3.org/2000/svg"><title>A mill</title></svg>')
    harness.preparer.refuses = Unsupported("This is an SVG drawing.")
    record = await harness.described()
    assert (record.status, record.alt_text, record.origin("alt_text")) == (Status.KEPT, "A mill", Origin.EMBEDDED)
    assert "unsupported" in record.flags


@pytest.mark.parametrize(
    ("texts", "languages", "expected"),
    [
        ({"x-default": "A", "de": "B"}, ("en", "de"), {"alt_text": "A", "de/alt_text": "B"}),
        ({"x-default": "B", "de": "B"}, ("en",), {"de/alt_text": "B"}),
        ({"x-default": "B", "en": "A"}, ("en", "de"), {"alt_text": "A"}),
        ({"en-GB": "A", "fr": "C"}, ("en",), {"alt_text": "A", "fr/alt_text": "C"}),
        ({"de": "B"}, ("en",), {"de/alt_text": "B"}),
    ],
)
def test_which_language_a_text_is_of(
    texts: dict[str, str], languages: tuple[str, ...], expected: dict[str, str]
) -> None:
    assert EmbeddedTexts(alt_text=texts).by_key(languages) == expected


DESCRIBED = "<dc:title>Eling</dc:title><dc:description>The tide mill</dc:description>"


@pytest.mark.parametrize(
    ("brief", "author"), [(BRIEF, ""), (replace(BRIEF, embedded_context=True), "Eling\nThe tide mill")]
)
async def test_title_and_description_are_context_by_setting(harness: Harness, brief: Brief, author: str) -> None:
    harness.images.put(CAT, picture(inner=DESCRIBED))
    record = await harness.described(brief=brief)
    (asked,) = harness.model.asked
    assert isinstance(asked, Brief)
    assert asked.author == author
    assert ("Eling" in asked.request) == bool(author)
    assert (record.alt_text, record.status) == ("A cat on a sofa.", Status.DESCRIBED)
    assert await harness.describe(brief=brief) == Skip(SkipReason.UNCHANGED, "its record is complete")
