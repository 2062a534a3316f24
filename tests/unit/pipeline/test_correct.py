"""People's corrections by HTTP or the command line are written as theirs, published, and copied to the picture."""

import pytest

from describer.domain.correction import Correction
from describer.domain.errors import InvalidRequest, NotFound, Outdated, Transient
from describer.domain.image_ref import ImageRef
from describer.domain.record import Usage
from describer.domain.review import Demand
from describer.domain.status import Skip, SkipReason, Status
from describer.domain.texts import Review
from describer.pipeline.outcome_event import OutcomeEvent
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from tests.fakes import answer
from tests.unit.conftest import BRIEF, CAT, Harness

TOM = "Tom, asleep."
IN_ENGLISH = Correction({"en": {"alt_text": TOM}})


async def test_a_corrected_text_is_a_persons_everywhere_and_the_model_is_not_called(harness: Harness) -> None:
    await harness.describe()
    stored = await harness.corrector.correct(CAT, IN_ENGLISH)
    record = stored.record
    assert (record.alt_text, record.status, record.review) == (TOM, Status.KEPT, Review.EDITED)
    assert record.description == "A cat sleeps on a grey sofa."
    assert record.history[0].alt_text == "A cat on a sofa."
    assert harness.metadata()["alt_text"] == TOM
    assert OutcomeEvent.of(harness.topic.published[-1], "/x").type == "ImageDescriber.DescriptionEdited"
    assert await harness.describe() == Skip(SkipReason.UNCHANGED, "its record is complete")
    assert (await harness.described(CAT, Brief(("en",), "other", "high", 99))).alt_text == TOM


async def test_the_message_that_recovers_from_a_crash_is_queued_first(harness: Harness) -> None:
    await harness.describe()
    await _crash_after_writing(harness)
    [(message, delay)] = harness.queue.sent
    assert delay > 0
    harness.topic.published.clear()
    await harness.delivery.handle_message(message.encode())
    assert harness.metadata()["alt_text"] == TOM
    [stored] = harness.topic.published
    assert OutcomeEvent.of(stored, "/x").type == "ImageDescriber.DescriptionEdited"


async def _crash_after_writing(harness: Harness) -> None:
    publish = harness.topic.publish

    async def crash(_: object) -> None:
        raise SystemError("killed")

    harness.topic.publish = crash  # type: ignore[assignment, method-assign]
    with pytest.raises(SystemError):
        await harness.corrector.correct(CAT, IN_ENGLISH)
    harness.topic.publish = publish  # type: ignore[method-assign]


async def test_a_lease_on_the_picture_leaves_the_mark_to_the_message(harness: Harness) -> None:
    await harness.describe()
    harness.images.leased = True
    assert (await harness.corrector.correct(CAT, IN_ENGLISH)).record.alt_text == TOM
    harness.images.leased = False
    await harness.delivery.handle_message(harness.queue.sent[0][0].encode())
    assert harness.metadata()["alt_text"] == TOM


async def test_the_error_for_another_version_has_both_versions(harness: Harness) -> None:
    await harness.describe()
    seen = harness.records.stored[CAT].etag
    now = await harness.corrector.correct(CAT, IN_ENGLISH, (seen,))
    with pytest.raises(Outdated) as raised:
        await harness.corrector.correct(CAT, Correction(review=Review.APPROVED), (seen,))
    assert (raised.value.current["etag"], raised.value.current["alt_text"]) == (now.etag, TOM)
    assert (raised.value.given["etag"], raised.value.given["alt_text"]) == (seen, "A cat on a sofa.")
    assert harness.records.stored[CAT] == now


async def test_what_the_record_says_already_is_not_written_again(harness: Harness) -> None:
    await harness.describe()
    before = harness.records.stored[CAT]
    same = Correction({"en": {"alt_text": "A cat on a sofa."}}, is_decorative=False)
    assert await harness.corrector.correct(CAT, same) == before
    assert harness.queue.sent == []


async def test_an_edit_in_the_metadata_is_not_lost_to_a_correction(harness: Harness) -> None:
    await harness.describe()
    harness.images.tag(CAT, description="Tom is eleven.")
    record = (await harness.corrector.correct(CAT, IN_ENGLISH)).record
    assert (record.alt_text, record.description) == (TOM, "Tom is eleven.")
    assert record.origin("description") == "human"


async def test_a_language_that_is_not_there_is_added(harness: Harness) -> None:
    await harness.describe()
    record = (await harness.corrector.correct(CAT, Correction({"de": {"alt_text": "Tom schläft."}}))).record
    assert record.translations["de"].alt_text == "Tom schläft."
    assert (record.alt_text, record.status) == ("A cat on a sofa.", Status.DESCRIBED)
    again = await harness.described(
        CAT, Brief(("en", "de"), BRIEF.model, "high", 1500, chosen=frozenset({"languages"}))
    )
    assert again.translations["de"].alt_text == "Tom schläft."


async def test_a_decorative_picture_has_no_alt_text_in_any_language(harness: Harness) -> None:
    await harness.describe()
    await harness.corrector.correct(CAT, Correction({"de": {"alt_text": "Tom schläft."}}))
    record = (await harness.corrector.correct(CAT, Correction(is_decorative=True))).record
    assert (record.alt_text, record.is_decorative, record.status) == ("", True, Status.KEPT)
    assert not any(key.endswith("alt_text") and value for key, value in record.values().items())
    back = (await harness.corrector.correct(CAT, IN_ENGLISH)).record
    assert (back.alt_text, back.is_decorative) == (TOM, False)


async def test_what_is_rejected_waits_for_a_person_who_then_settles_it(harness: Harness) -> None:
    await harness.describe()
    rejected = (await harness.corrector.correct(CAT, Correction(review=Review.REJECTED))).record
    assert (rejected.status, rejected.demand) == (Status.NEEDS_REVIEW, Demand.REJECTED)
    assert len(harness.model.asked) == 1
    settled = (await harness.corrector.correct(CAT, Correction({"en": {"alt_text": "A cat on a sofa."}}))).record
    assert (settled.status, settled.demand) == (Status.KEPT, None)


async def test_the_reason_is_not_that_of_the_text_that_a_person_replaced(harness: Harness) -> None:
    harness.model.script = [answer("DSC_0001.jpg"), answer("DSC_0001.jpg")]
    flagged = await harness.described()
    assert (flagged.status, bool(flagged.reason)) == (Status.NEEDS_REVIEW, True)
    corrected = (await harness.corrector.correct(CAT, IN_ENGLISH)).record
    assert (corrected.status, corrected.reason) == (Status.KEPT, "")
    assert (await harness.corrector.correct(CAT, Correction(is_decorative=True))).record.reason == ""


async def test_the_reason_stays_where_a_requested_language_lacks(harness: Harness) -> None:
    harness.model.script = [answer("DSC_0001.jpg"), answer("DSC_0001.jpg")]
    flagged = await harness.described()
    harness.records.edit(CAT, {"answers": [{"languages": ["en", "de"], "fingerprint": flagged.fingerprint}]})
    corrected = (await harness.corrector.correct(CAT, IN_ENGLISH)).record
    assert (corrected.status, corrected.reason) == (Status.KEPT, flagged.reason)


async def test_the_reason_stays_where_the_models_texts_lack(harness: Harness) -> None:
    harness.model.script = [Answer("luna", Usage(calls=1), refusal="I can't help with that.")]
    refused = await harness.described()
    corrected = (await harness.corrector.correct(CAT, IN_ENGLISH)).record
    assert (corrected.status, corrected.reason) == (Status.KEPT, refused.reason)


async def test_an_approval_freezes_and_can_be_taken_back(harness: Harness) -> None:
    await harness.describe()
    approved = (await harness.corrector.correct(CAT, Correction(review=Review.APPROVED))).record
    assert (approved.status, approved.review) == (Status.DESCRIBED, Review.APPROVED)
    back = (await harness.corrector.correct(CAT, Correction(review=Review.SUGGESTED))).record
    assert back.review == Review.SUGGESTED


async def test_any_line_of_the_history_can_be_brought_back(harness: Harness) -> None:
    await harness.describe()
    await harness.corrector.correct(CAT, IN_ENGLISH)
    await harness.corrector.correct(CAT, Correction({"en": {"alt_text": "Nobody."}}))
    record = harness.records.stored[CAT].record
    number = next(at for at, line in enumerate(record.history, 1) if line.alt_text == TOM)
    undone = (await harness.corrector.correct(CAT, Correction(undo=number))).record
    assert (undone.alt_text, undone.origin("alt_text")) == (TOM, "human")
    assert undone.history[0].alt_text == "Nobody."


@pytest.mark.parametrize("undo", [1, 99])
async def test_a_line_that_is_not_there_is_refused(harness: Harness, undo: int) -> None:
    await harness.describe()
    with pytest.raises(InvalidRequest) as raised:
        await harness.corrector.correct(CAT, Correction(undo=undo))
    assert raised.value.field == "undo"


async def test_what_has_no_text_cannot_be_approved(harness: Harness) -> None:
    harness.images.put(CAT, b"")
    harness.images.fails_with = None
    harness.max_bytes = -1
    assert (await harness.described()).status is Status.TOO_LARGE
    with pytest.raises(InvalidRequest):
        await harness.corrector.correct(CAT, Correction(review=Review.APPROVED))
    assert (await harness.corrector.correct(CAT, IN_ENGLISH)).record.status is Status.KEPT


async def test_what_is_not_there_or_not_ours_is_not_found(harness: Harness) -> None:
    for ref in (CAT, ImageRef("secrets", "cat.jpg")):
        with pytest.raises(NotFound):
            await harness.corrector.correct(ref, IN_ENGLISH)
    await harness.describe()
    del harness.images.blobs[CAT]
    with pytest.raises(NotFound):
        await harness.corrector.correct(CAT, IN_ENGLISH)


async def test_a_record_that_always_changes_is_corrected_later(harness: Harness) -> None:
    await harness.describe()
    send = harness.queue.send

    async def meanwhile(message: str, *, delay: float) -> None:
        await send(message, delay=delay)
        harness.records.edit(CAT, {"rights": str(len(harness.queue.sent))})

    harness.queue.send = meanwhile  # type: ignore[method-assign]
    with pytest.raises(Transient):
        await harness.corrector.correct(CAT, IN_ENGLISH)
    assert harness.records.stored[CAT].record.alt_text == "A cat on a sofa."


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({}, "texts"),
        ({"undo": 1, "review": Review.APPROVED}, "undo"),
        ({"is_decorative": True, "texts": {"en": {"alt_text": TOM}}}, "is_decorative"),
    ],
)
def test_a_correction_that_contradicts_itself_is_refused(said: dict[str, object], field: str) -> None:
    with pytest.raises(InvalidRequest) as raised:
        Correction(**said)  # type: ignore[arg-type]
    assert raised.value.field == field
