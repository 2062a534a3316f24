"""Settings by prefix, and the facts of a blob that the prompt has, through the pipeline."""

from dataclasses import replace

from describer.domain.image_ref import ImageRef
from describer.vision.brief import Brief
from tests.unit.conftest import BRIEF, Harness

SHOE = ImageRef("images", "shop/de/shoe.jpg")
TWIN = ImageRef("images", "shop/de/trainer.jpg")
PLACED = replace(BRIEF, by_prefix=(("shop/de/**", "languages", ("de", "en")), ("shop/**", "profile", "product")))
TELLING = replace(BRIEF, context_of=("file_name",))


async def test_an_upload_is_asked_by_its_prefix_and_settled_by_it(harness: Harness) -> None:
    harness.images.put(SHOE, b"shoe")
    record = await harness.described(SHOE, PLACED)
    assert (record.language, record.alt_text, [*record.translations]) == ("de", "Eine Katze auf einem Sofa.", ["en"])
    assert record.request is None
    (asked,) = harness.model.asked
    assert isinstance(asked, Brief) and "for sale" in asked.instructions
    await harness.describe(SHOE, PLACED)
    assert len(harness.model.calls) == 1


async def test_a_copy_with_another_name_gets_its_own_question_if_names_are_sent(harness: Harness) -> None:
    for ref in (SHOE, TWIN):
        harness.images.put(ref, b"shoe")
        await harness.described(ref, TELLING)
    assert [isinstance(asked, Brief) and asked.picture_facts for asked in harness.model.asked] == [
        '{"file_name": "shoe.jpg"}',
        '{"file_name": "trainer.jpg"}',
    ]
    assert all(
        "shoe" not in str(record.to_json()) or "trainer" not in str(record.to_json())
        for record in harness.records.shared.values()
    )
