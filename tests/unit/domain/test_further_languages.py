"""Stored languages are free: a new one is asked for alone, and stands beside the others."""

from collections.abc import Awaitable, Callable
from dataclasses import replace

import pytest

from describer.domain.correction import Correction
from describer.domain.description import Description, ImageKind, Texts
from describer.domain.errors import DescriberError, Filtered, NoUsableAnswer
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record, Usage
from describer.domain.status import Skip, Status
from describer.domain.texts import Origin
from describer.entrypoints.on_demand.service import BlobOf, RequestOptions
from describer.pipeline.events import Work
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

TWO = replace(BRIEF, languages=("en", "de"))
WORDS = {"en": "A cat on a sofa.", "de": "Eine Katze auf dem Sofa.", "fr": "Un chat sur le canapé."}


def said(*languages: str, decorative: bool = False) -> Answer:
    """The model's answer, in words of each language."""
    texts = {tag: Texts(alt_text="" if decorative else WORDS[tag]) for tag in languages}
    about = Description(
        image_kind=ImageKind.PHOTO, is_decorative=decorative, visible_text="", tags=("cat",), texts=texts
    )
    return Answer("luna", Usage(prompt_tokens=100, completion_tokens=10, calls=1), about)


def scripted(harness: Harness, *answers: Answer | DescriberError) -> None:
    harness.model.script = [*answers]


def stored(harness: Harness) -> Record:
    return harness.records.stored[CAT].record


def texts(record: Record) -> dict[str, str]:
    """The alt texts by language."""
    return {record.language: record.alt_text} | {tag: of.alt_text for tag, of in record.translations.items()}


async def _by_trigger(harness: Harness, *languages: str) -> Record:
    delivery = replace(harness.delivery, brief=replace(BRIEF, languages=languages))
    await delivery.handle_upload(CAT.container, CAT.name)
    return stored(harness)


async def _by_queue(harness: Harness, *languages: str) -> Record:
    delivery = replace(harness.delivery, brief=replace(BRIEF, languages=languages))
    await delivery.handle_message(Work.first(CAT).to_message().encode())
    return stored(harness)


async def _by_writing_call(harness: Harness, *languages: str) -> Record:
    on_demand = OnDemandSetup(harness).on_demand
    return await on_demand.describe(BlobOf(CAT), on_demand.brief(RequestOptions(languages)), write=True)


async def _by_call(harness: Harness, *languages: str) -> Record:
    on_demand = OnDemandSetup(harness).on_demand
    return await on_demand.describe(BlobOf(CAT), on_demand.brief(RequestOptions(languages)))


type Way = Callable[..., Awaitable[Record]]
WAYS_IN = [_by_trigger, _by_queue, _by_writing_call, _by_call]
CALLERS = [_by_writing_call, _by_call]


@pytest.fixture
async def two(harness: Harness) -> Harness:
    """A harness whose picture is described in English and German."""
    scripted(harness, said("en", "de"))
    await harness.describe(brief=TWO)
    harness.model.asked.clear()
    return harness


def asked(harness: Harness) -> list[tuple[str, ...]]:
    return [brief.languages for brief in harness.model.asked if isinstance(brief, Brief)]


@pytest.mark.parametrize("wanted", [("de",), ("en",), ("de", "en")], ids=",".join)
@pytest.mark.parametrize("come", WAYS_IN)
async def test_what_is_stored_is_free_whichever_way_it_is_wanted(
    two: Harness, wanted: tuple[str, ...], come: Way
) -> None:
    record = await come(two, *wanted)
    assert asked(two) == []
    assert texts(record) == {"en": WORDS["en"], "de": WORDS["de"]}
    assert (record.status, record.language) == (Status.DESCRIBED, wanted[0])
    assert come not in CALLERS or record.usage == Usage()
    await come(two, *wanted)
    assert asked(two) == []


@pytest.mark.parametrize("come", CALLERS)
async def test_a_callers_order_of_languages_changes_nothing_in_what_is_stored(two: Harness, come: Way) -> None:
    before = two.records.stored[CAT]
    await come(two, "de", "en")
    assert two.records.stored[CAT] == before


@pytest.mark.parametrize("come", WAYS_IN)
async def test_a_missing_language_is_asked_for_alone(two: Harness, come: Way) -> None:
    scripted(two, said("fr"))
    record = await come(two, "fr", "en")
    assert asked(two) == [("fr",)]
    assert texts(record) == WORDS
    assert (record.language, record.alt_text) == ("fr", WORDS["fr"])


async def test_a_written_language_stands_beside_the_stored_ones_for_good(two: Harness) -> None:
    scripted(two, said("fr"))
    await _by_writing_call(two, "fr")
    record = stored(two)
    assert (record.language, texts(record)) == ("en", WORDS)
    assert record.usage == Usage(prompt_tokens=200, completion_tokens=20, calls=2)
    assert record.origin("fr/alt_text") == Origin.MODEL
    assert isinstance(await two.describe(brief=TWO), Skip)
    two.images.put(CAT, b"dog")
    scripted(two, said("en", "de", "fr"))
    await two.describe(brief=TWO)
    assert asked(two) == [("fr",), ("en", "de", "fr")]


async def test_it_does_not_prevent_what_the_settings_request(two: Harness) -> None:
    """Who names languages that are all there wishes for nothing new: the settings decide later, too."""
    await _by_writing_call(two, "de")
    assert stored(two).request is None


async def test_a_language_that_was_asked_for_with_a_callers_own_context_is_free(harness: Harness) -> None:
    on_demand = OnDemandSetup(harness).on_demand
    scripted(harness, said("en", "de"))
    wish = on_demand.brief(RequestOptions(("en", "de"), context="Tom"))
    await on_demand.describe(BlobOf(CAT), wish, write=True)
    assert (await _by_call(harness, "de")).alt_text == WORDS["de"]
    assert len(asked(harness)) == 1


async def test_the_settings_add_a_language_and_change_the_first_one(two: Harness) -> None:
    scripted(two, said("fr"))
    record = await _by_trigger(two, "fr", "en")
    assert asked(two) == [("fr",)]
    assert (record.language, texts(record)) == ("fr", WORDS)
    assert isinstance(await two.describe(brief=replace(BRIEF, languages=("fr", "en"))), Skip)


async def test_another_prompt_is_asked_in_all_languages_and_old_ones_go(two: Harness) -> None:
    scripted(two, said("en"))
    await two.describe(brief=replace(BRIEF, detail="low"))
    assert (asked(two), texts(stored(two))) == ([("en",)], {"en": WORDS["en"]})
    assert stored(two).history[0].translations["de"].alt_text == WORDS["de"]


async def test_a_persons_text_stands_where_a_language_is_added(two: Harness) -> None:
    two.records.edit(CAT, {"alt_text": "Tom"})
    scripted(two, said("fr"))
    await _by_writing_call(two, "fr")
    assert texts(stored(two)) == WORDS | {"en": "Tom"}
    assert stored(two).status is Status.KEPT
    assert (await _by_call(two, "de")).status is Status.DESCRIBED
    assert (await _by_call(two, "en")).status is Status.KEPT


@pytest.mark.parametrize("come", CALLERS)
@pytest.mark.parametrize("fault", [Filtered("No."), NoUsableAnswer("Cut off twice.")], ids=["filtered", "failed"])
async def test_a_language_that_cannot_be_had_leaves_the_others_alone(
    two: Harness, fault: DescriberError, come: Way
) -> None:
    scripted(two, fault)
    record = await come(two, "fr")
    assert (record.alt_text, record.status, record.reason) == ("", fault.status, str(fault))  # type: ignore[attr-defined]
    assert texts(stored(two)) == {"en": WORDS["en"], "de": WORDS["de"]}
    assert stored(two).status is Status.DESCRIBED


async def test_one_that_the_filter_stopped_is_asked_for_once_and_one_that_failed_again(two: Harness) -> None:
    scripted(two, Filtered("No."))
    await _by_writing_call(two, "fr")
    assert (await _by_writing_call(two, "fr")).status is Status.FILTERED
    assert asked(two) == [("fr",)]


async def test_a_persons_text_stands_where_the_filter_stopped_the_model(two: Harness) -> None:
    scripted(two, Filtered("No."))
    await _by_writing_call(two, "fr")
    await two.corrector.correct(CAT, Correction({"fr": {"alt_text": "Tom, endormi."}}))
    record = await _by_call(two, "fr")
    assert (record.alt_text, record.status, record.reason) == ("Tom, endormi.", Status.KEPT, "")


async def test_a_language_that_failed_is_requested_again_and_written_once(two: Harness) -> None:
    failed = NoUsableAnswer("Cut off twice.")
    scripted(two, failed, failed, said("fr"))
    await _by_writing_call(two, "fr")
    before = two.records.writes
    await two.describe(brief=TWO)
    assert (two.records.writes, asked(two)) == (before, [("fr",), ("fr",)])
    await two.describe(brief=TWO)
    assert (texts(stored(two)), stored(two).missing) == (WORDS, {})


async def test_a_flagged_text_in_one_language_wants_a_look(two: Harness) -> None:
    scripted(two, Answer("luna", Usage(calls=1), refusal="Je ne peux pas."))
    assert (await _by_writing_call(two, "fr")).status is Status.NEEDS_REVIEW
    assert (stored(two).status, stored(two).alt_text) == (Status.NEEDS_REVIEW, WORDS["en"])


async def test_another_answer_in_one_language_leaves_the_others(two: Harness) -> None:
    on_demand = OnDemandSetup(two).on_demand
    scripted(two, said("de"))
    await on_demand.describe(BlobOf(CAT), on_demand.brief(RequestOptions(("de",), again=True)), write=True)
    assert (asked(two), stored(two).language) == ([("de",)], "en")
    assert texts(stored(two)) == {"en": WORDS["en"], "de": WORDS["de"]}


async def test_what_copies_share_of_each_language_goes_with_the_picture(two: Harness) -> None:
    scripted(two, said("fr"))
    await _by_trigger(two, "fr", "en")
    assert len(two.records.shared) == 2
    del two.images.blobs[CAT]
    await two.describe()
    assert two.records.shared == {}


async def test_a_copy_pays_for_no_added_language_either(two: Harness) -> None:
    copy = ImageRef("images", "copy.jpg")
    scripted(two, said("en", "de"), said("fr"))
    two.images.put(copy, b"cat")
    await two.describe(copy, TWO)
    wide = replace(BRIEF, languages=("en", "de", "fr"))
    scripted(two, said("fr"))
    await two.describe(brief=wide)
    await two.describe(copy, wide)
    assert asked(two) == [("fr",)]
    assert texts(two.records.stored[copy].record) == WORDS
