"""Who may replace whom: people's words stand, wherever and however they were said, and none is ever lost."""

import asyncio
import hashlib
import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from describer.domain.correction import Correction
from describer.domain.description import Texts
from describer.domain.errors import Archived, Corrupt, Filtered, ImageRejected, NoUsableAnswer, Transient, Unsupported
from describer.domain.image_ref import ImageRef
from describer.domain.record import NewerRecord, Record, Usage
from describer.domain.review import REASONS, Demand
from describer.domain.status import Skip, SkipReason, Status
from describer.domain.texts import Origin, Review
from describer.entrypoints.on_demand.service import BlobOf, OnDemandService, RequestOptions
from describer.pipeline.events import Work
from describer.vision.brief import Brief
from tests.fakes import answer
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

TWO = replace(BRIEF, languages=("en", "de"))
TOM = "Tom, our cat"


def edit(harness: Harness, ref: ImageRef = CAT, **fields: Any) -> None:
    """Save the sidecar with other fields, as a person with an editor may; a field that is None is removed."""
    harness.records.edit(ref, fields)


def rejected(harness: Harness) -> None:
    edit(harness, review="rejected")


def stored(harness: Harness, ref: ImageRef = CAT) -> Record:
    return harness.records.stored[ref].record


async def test_a_history_line_is_the_whole_set_of_texts_with_its_language(harness: Harness) -> None:
    """A person's translation, then other bytes."""
    await harness.describe(brief=TWO)
    edit(harness, translations={"de": {"alt_text": "Tante Agathe im Garten"}})
    await harness.describe(brief=TWO)
    harness.images.put(CAT, b"dog")
    record = await harness.described(brief=TWO)
    line = record.history[0]
    assert (record.status, record.demand) == (Status.NEEDS_REVIEW, Demand.NEW_PICTURE)
    assert (line.language, line.translations["de"].alt_text) == ("en", "Tante Agathe im Garten")
    assert (line.origin("de/alt_text"), line.origin("alt_text")) == (Origin.HUMAN, Origin.MODEL)
    assert line.source.sha256 == hashlib.sha256(b"cat").hexdigest()


async def test_a_persons_description_without_an_alt_text_is_in_the_history(harness: Harness) -> None:
    harness.images.tag(CAT, description="Aunt Agatha, Whitby 1962")
    harness.preparer.refuses = Corrupt("Cut off.")
    assert (await harness.described()).description == "Aunt Agatha, Whitby 1962"
    harness.preparer.refuses = None
    harness.images.put(CAT, b"mended")
    record = await harness.described()
    assert record.status is Status.NEEDS_REVIEW
    assert record.history[0].description == "Aunt Agatha, Whitby 1962"


async def test_lines_of_people_are_never_pushed_out_and_those_of_the_model_are(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text=TOM)
    await harness.describe()
    for number in range(50):
        harness.images.put(CAT, b"%d" % number)
        harness.model.script = [answer(f"Version {number}.")]
        await harness.describe()
    history = stored(harness).history
    assert [line.alt_text for line in history if line.of_people()] == [TOM]
    assert len(history) == 21


async def test_a_persons_text_that_is_said_again_and_again_is_kept_once(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text=TOM)
    for number in range(50):
        harness.model.script = [answer(f"Version {number}.")]
        await harness.describe(brief=replace(BRIEF, context=f"context {number}"))
    assert stored(harness).alt_text == TOM
    assert len(stored(harness).history) <= 21


PLACES = ["sidecar", "metadata"]


async def _by_trigger(harness: Harness) -> Record:
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    return stored(harness)


async def _by_queue(harness: Harness) -> Record:
    await harness.delivery.handle_message(Work.first(CAT).to_message().encode())
    return stored(harness)


async def _by_writing_call(harness: Harness) -> Record:
    setup = _service(harness)
    return await setup.describe(BlobOf(CAT), setup.brief(RequestOptions()), write=True)


async def _by_call(harness: Harness) -> Record:
    setup = _service(harness)
    return await setup.describe(BlobOf(CAT), setup.brief(RequestOptions()))


WAYS_IN = [_by_trigger, _by_queue, _by_writing_call, _by_call]


@pytest.mark.parametrize("come", WAYS_IN)
@pytest.mark.parametrize("place", PLACES)
async def test_a_correction_stands_whichever_way_the_picture_comes(harness: Harness, place: str, come: Any) -> None:
    await harness.describe(brief=replace(BRIEF, detail="low"))  # so that the model is asked once more
    edit(harness, alt_text=TOM) if place == "sidecar" else harness.images.tag(CAT, alt_text=TOM)
    record = await come(harness)
    assert (record.status, record.alt_text, record.origin("alt_text")) == (Status.KEPT, TOM, Origin.HUMAN)


@pytest.mark.parametrize("come", WAYS_IN)
async def test_a_correction_in_the_metadata_stands_without_a_sidecar_whichever_way_it_comes(
    harness: Harness, come: Any
) -> None:
    await harness.describe()
    harness.images.tag(CAT, alt_text=TOM)
    harness.records.stored.clear()
    assert (await come(harness)).alt_text == TOM


@pytest.mark.parametrize("come", WAYS_IN)
async def test_a_decorative_picture_stays_so_whichever_way_it_comes(harness: Harness, come: Any) -> None:
    await harness.describe(brief=replace(BRIEF, detail="low"))
    edit(harness, alt_text="", is_decorative=True)
    record = await come(harness)
    assert (record.status, record.alt_text, record.is_decorative) == (Status.KEPT, "", True)


@pytest.mark.parametrize("come", WAYS_IN)
async def test_a_percent_sign_stands_whichever_way_the_picture_comes(harness: Harness, come: Any) -> None:
    harness.images.tag(CAT, alt_text="Rebajas 50%de descuento")
    assert (await come(harness)).alt_text == "Rebajas 50%de descuento"
    assert harness.metadata()["alt_text"] == "Rebajas 50%de descuento"


@pytest.mark.parametrize("way", ["queue", "HTTP"])
async def test_another_answer_is_had_on_demand_past_what_copies_share(harness: Harness, way: str) -> None:
    await harness.describe()
    harness.records.stored.clear()
    harness.images.put(CAT, b"cat")
    harness.model.script = [answer("A tabby cat asleep.")]
    if way == "queue":
        await harness.delivery.handle_message(replace(Work.first(CAT), again=True).to_message().encode())
    else:
        setup = _service(harness)
        await setup.describe(BlobOf(CAT), setup.brief(RequestOptions(again=True)), write=True)
    assert stored(harness).alt_text == "A tabby cat asleep."
    assert stored(harness).request is None


@pytest.mark.parametrize("place", PLACES)
async def test_a_corrected_text_is_a_persons_without_any_marker(harness: Harness, place: str) -> None:
    await harness.describe()
    edit(harness, alt_text=TOM) if place == "sidecar" else harness.images.tag(CAT, alt_text=TOM)
    changed = replace(BRIEF, detail="low")
    record = await harness.described(brief=changed)
    assert (record.status, record.review, record.alt_text) == (Status.KEPT, Review.EDITED, TOM)
    assert record.origin("alt_text") is Origin.HUMAN
    assert (harness.metadata()["alt_text"], harness.metadata()["description_source"]) == (TOM, "human")
    assert [line.alt_text for line in record.history] == ["A cat on a sofa."]
    assert isinstance(await harness.describe(brief=changed), Skip)


@pytest.mark.parametrize("field", ["tags", "visible_text", "image_kind"])
async def test_a_corrected_fact_stands(harness: Harness, field: str) -> None:
    await harness.describe()
    values: dict[str, Any] = {"tags": ["tom", "cat"], "visible_text": "TOM", "image_kind": "painting"}
    harness.records.edit(CAT, {field: values[field]})
    record = await harness.described(brief=replace(BRIEF, detail="low"))
    assert json.loads(record.to_json())[field] == values[field]
    assert record.status is Status.DESCRIBED


async def test_a_text_corrected_in_the_metadata_survives_a_move_to_where_no_sidecar_is(harness: Harness) -> None:
    await harness.describe()
    harness.images.tag(CAT, alt_text=TOM)
    elsewhere = Harness()
    elsewhere.images.put(CAT, b"cat", **harness.metadata())
    record = await elsewhere.described()
    assert (record.status, record.alt_text, record.description) == (
        Status.KEPT,
        TOM,
        "A cat sleeps on a grey sofa.",
    )
    assert record.origin("description") is Origin.MODEL


async def test_a_persons_description_survives_a_copy_without_its_sidecar(harness: Harness) -> None:
    harness.images.tag(CAT, description="My cat")
    await harness.describe()
    elsewhere = Harness()
    elsewhere.images.put(CAT, b"cat", **harness.metadata())
    elsewhere.model.script = [answer("Another text.")]
    record = await elsewhere.described()
    assert (record.description, record.origin("description")) == ("My cat", Origin.HUMAN)
    assert (record.alt_text, record.origin("alt_text")) == ("Another text.", Origin.MODEL)


async def test_our_own_text_is_ours_where_no_sidecar_is(harness: Harness) -> None:
    await harness.describe()
    elsewhere = Harness()
    elsewhere.images.put(CAT, b"cat", **harness.metadata())
    record = await elsewhere.described()
    assert (record.status, record.of_people()) == (Status.DESCRIBED, {})


async def test_a_text_edited_in_metadata_that_other_bytes_kept_is_not_about_them(harness: Harness) -> None:
    """As rclone uploads: new bytes, the old pairs."""
    await harness.describe()
    harness.images.tag(CAT, alt_text=TOM)
    harness.images.put(CAT, b"dog", **harness.metadata())
    harness.model.script = [answer("A dog.")]
    record = await harness.described()
    assert (record.status, record.alt_text, record.demand) == (Status.NEEDS_REVIEW, "A dog.", Demand.NEW_PICTURE)
    assert (record.history[0].alt_text, record.history[0].origin("alt_text")) == (TOM, Origin.HUMAN)
    assert harness.metadata()["alt_text"] == "A dog."


async def test_so_it_is_where_no_sidecar_is(harness: Harness) -> None:
    await harness.describe()
    harness.images.tag(CAT, alt_text=TOM)
    elsewhere = Harness()
    elsewhere.images.put(CAT, b"dog", **harness.metadata())
    record = await elsewhere.described()
    assert (record.status, record.demand) == (Status.NEEDS_REVIEW, Demand.NEW_PICTURE)
    assert record.history[0].alt_text == TOM
    assert isinstance(await elsewhere.describe(), Skip)


def _empty(harness: Harness) -> None:
    harness.images.put(CAT, b"")
    harness.preparer.refuses = Corrupt("The picture has no bytes. Use a whole copy.")


def _refused(refusal: ImageRejected) -> Any:
    def happens(harness: Harness) -> None:
        harness.images.put(CAT, b"unreadable for a moment")
        harness.preparer.refuses = refusal

    return happens


def _archived(harness: Harness) -> None:
    harness.images.put(CAT, b"archived for a moment")
    harness.images.fails_with = Archived("archived")


MOMENTS = {
    "empty": _empty,
    "corrupt": _refused(Corrupt("Cut off.")),
    "unsupported": _refused(Unsupported("A text.")),
    "filtered": _refused(Filtered("Filtered.")),
    "failed": _refused(NoUsableAnswer("No answer.")),
    "archived": _archived,
    "other bytes": lambda harness: harness.images.put(CAT, b"dog"),
}


async def _after(harness: Harness, moment: str, later: bytes) -> Record:
    MOMENTS[moment](harness)
    await harness.describe()
    harness.preparer.refuses = harness.images.fails_with = None
    harness.images.put(CAT, later)
    return await harness.described()


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_persons_text_is_back_when_its_bytes_are(harness: Harness, moment: str) -> None:
    harness.images.tag(CAT, alt_text=TOM)
    await harness.describe()
    calls = len(harness.model.calls)
    record = await _after(harness, moment, b"cat")
    assert (record.status, record.alt_text, record.demand) == (Status.KEPT, TOM, None)
    assert harness.metadata()["alt_text"] == TOM
    assert len(harness.model.calls) == calls + (moment == "other bytes")
    assert isinstance(await harness.describe(), Skip)


@pytest.mark.parametrize("moment", MOMENTS)
async def test_a_demand_lasts_until_a_person_settles_it(harness: Harness, moment: str) -> None:
    harness.images.tag(CAT, alt_text=TOM)
    await harness.describe()
    assert (await _after(harness, moment, b"a third picture")).status is Status.NEEDS_REVIEW
    for brief in (replace(BRIEF, detail="low"), TWO):
        record = await harness.described(brief=brief)
        assert (record.status, record.demand) == (Status.NEEDS_REVIEW, Demand.NEW_PICTURE)
    harness.images.put(CAT, b"a fourth one")
    assert (await harness.described()).status is Status.NEEDS_REVIEW
    harness.images.tag(CAT, description_review="approved")
    record = await harness.described()
    assert (record.status, record.review, record.demand) == (Status.DESCRIBED, Review.APPROVED, None)
    harness.images.put(CAT, b"a fourth one")
    assert (await harness.described()).status is Status.DESCRIBED


async def test_a_demand_moves_with_the_picture_where_no_sidecar_is(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text=TOM)
    await harness.describe()
    harness.images.put(CAT, b"dog")
    await harness.describe()
    elsewhere = Harness()
    elsewhere.images.put(CAT, b"dog", **harness.metadata())
    assert (await elsewhere.described()).status is Status.NEEDS_REVIEW


@pytest.mark.parametrize("place", PLACES)
async def test_approved_freezes_the_texts(harness: Harness, place: str) -> None:
    await harness.describe()
    edit(harness, review="approved") if place == "sidecar" else harness.images.tag(CAT, description_review="approved")
    assert (await harness.described()).review is Review.APPROVED
    harness.model.script = [answer("Something else.", languages=("en", "de"))]
    changed = replace(TWO, detail="low")
    record = await harness.described(brief=changed)
    assert (record.status, record.review, record.alt_text) == (Status.DESCRIBED, Review.APPROVED, "A cat on a sofa.")
    assert (record.description, record.origin("alt_text")) == ("A cat sleeps on a grey sofa.", Origin.MODEL)
    assert record.translations["de"].alt_text == "Something else."
    assert harness.metadata()["description_review"] == "approved"
    assert isinstance(await harness.describe(brief=changed), Skip)


async def test_all_approved_costs_no_call_when_the_prompt_changes(harness: Harness) -> None:
    await harness.describe()
    edit(harness, review="approved")
    await harness.describe()
    changed = replace(BRIEF, detail="low")
    assert isinstance(await harness.describe(brief=changed), Skip)
    harness.images.put(CAT, b"cat")
    assert (await harness.described(brief=changed)).review is Review.APPROVED
    assert len(harness.model.calls) == 1


async def test_an_approved_text_survives_new_bytes_and_comes_back_with_its_own(harness: Harness) -> None:
    await harness.describe()
    edit(harness, review="approved")
    await harness.describe()
    harness.images.put(CAT, b"dog")
    harness.model.script = [answer("A dog.")]
    record = await harness.described()
    assert (record.status, record.review) == (Status.NEEDS_REVIEW, Review.SUGGESTED)
    assert record.history[0].review is Review.APPROVED
    harness.images.put(CAT, b"cat")
    record = await harness.described()
    assert (record.status, record.review, record.alt_text) == (Status.DESCRIBED, Review.APPROVED, "A cat on a sofa.")


async def test_an_approved_text_moves_with_the_picture_where_no_sidecar_is(harness: Harness) -> None:
    await harness.describe()
    edit(harness, review="approved")
    await harness.describe()
    elsewhere = Harness()
    elsewhere.images.put(CAT, b"cat", **harness.metadata())
    elsewhere.model.script = [answer("Something else.")]
    record = await elsewhere.described()
    assert (record.review, record.alt_text) == (Review.APPROVED, "A cat on a sofa.")


async def test_an_approval_settles_what_the_checks_flagged(harness: Harness) -> None:
    harness.model.script = [answer("A cat on a sofa in a room."), answer("A cat on a sofa in a house.")]
    short = replace(BRIEF, max_chars=20)
    assert (await harness.described(brief=short)).status is Status.NEEDS_REVIEW
    edit(harness, review="approved")
    record = await harness.described(brief=short)
    assert (record.status, record.reason, record.flags) == (Status.DESCRIBED, "", ("too_long",))


@pytest.mark.parametrize("place", PLACES)
async def test_rejected_asks_for_a_person_and_never_the_model_again(harness: Harness, place: str) -> None:
    await harness.describe()
    rejected(harness) if place == "sidecar" else harness.images.tag(CAT, description_review="rejected")
    record = await harness.described()
    assert (record.status, record.review, record.demand) == (
        Status.NEEDS_REVIEW,
        Review.REJECTED,
        Demand.REJECTED,
    )
    assert "alt_text" not in harness.metadata()
    for brief in (BRIEF, replace(BRIEF, detail="low"), TWO):
        assert isinstance(await harness.describe(brief=brief), Skip)
        harness.images.put(CAT, b"cat")
        assert (await harness.described(brief=brief)).review is Review.REJECTED
    assert len(harness.model.calls) == 1


async def test_a_rejected_text_is_rejected_still_when_its_bytes_are_back(harness: Harness) -> None:
    await harness.describe()
    rejected(harness)
    await harness.describe()
    harness.images.put(CAT, b"dog")
    assert (await harness.described()).status is Status.NEEDS_REVIEW
    harness.images.put(CAT, b"cat")
    assert (await harness.described()).review is Review.REJECTED
    assert len(harness.model.calls) == 2


async def test_a_text_that_a_person_writes_settles_a_rejection(harness: Harness) -> None:
    await harness.describe()
    rejected(harness)
    await harness.describe()
    edit(harness, alt_text=TOM)
    record = await harness.described()
    assert (record.status, record.review, record.demand) == (Status.KEPT, Review.EDITED, None)
    assert harness.metadata()["alt_text"] == TOM


@pytest.mark.parametrize("first", ["approved", "rejected"])
async def test_a_judgement_can_be_taken_back(harness: Harness, first: str) -> None:
    await harness.describe()
    edit(harness, review=first)
    await harness.describe()
    edit(harness, review="suggested")
    record = await harness.described()
    assert (record.status, record.review, record.demand) == (Status.DESCRIBED, Review.SUGGESTED, None)
    assert harness.metadata()["alt_text"] == "A cat on a sofa."


async def test_a_forced_call_gets_another_text_and_keeps_the_demand(harness: Harness) -> None:
    await harness.describe()
    rejected(harness)
    await harness.describe()
    harness.model.script = [answer("A tabby cat asleep.")]
    record = await harness.described(brief=replace(BRIEF, again=True))
    assert (record.status, record.alt_text, record.demand) == (
        Status.NEEDS_REVIEW,
        "A tabby cat asleep.",
        Demand.REJECTED,
    )
    assert [line.alt_text for line in record.history] == ["A cat on a sofa.", "A cat on a sofa."]


@pytest.mark.parametrize("place", ["sidecar", "metadata", "metadata of the first visit"])
async def test_an_empty_alt_text_of_a_decorative_picture_is_a_text(harness: Harness, place: str) -> None:
    if place == "metadata of the first visit":
        harness.images.tag(CAT, is_decorative="true")
    else:
        await harness.describe()
        if place == "sidecar":
            edit(harness, alt_text="", is_decorative=True)
        else:
            harness.images.tag(CAT, alt_text="", is_decorative="true")
    record = await harness.described()
    for brief in (BRIEF, replace(BRIEF, detail="low")):
        harness.images.put(CAT, b"cat")
        record = await harness.described(brief=brief)
        assert (record.status, record.alt_text, record.is_decorative) == (Status.KEPT, "", True)
    assert harness.metadata()["is_decorative"] == "true"
    assert "alt_text" not in harness.metadata()
    assert harness.metadata()["description_status"] == "kept"
    elsewhere = Harness()
    elsewhere.images.put(CAT, b"cat", **harness.metadata())
    assert (await elsewhere.described()).status is Status.KEPT


async def test_a_picture_that_is_marked_as_decorative_loses_the_models_alt_text(harness: Harness) -> None:
    await harness.describe()
    edit(harness, is_decorative=True)
    record = await harness.described()
    assert (record.status, record.alt_text) == (Status.KEPT, "")
    assert record.history[0].alt_text == "A cat on a sofa."


@pytest.mark.parametrize("place", PLACES)
async def test_a_removed_text_is_requested_again_and_needs_a_review(harness: Harness, place: str) -> None:
    await harness.describe()
    harness.images.put(ImageRef("images", "copy.jpg"), b"cat")
    await harness.describe(ImageRef("images", "copy.jpg"))  # what copies share has the text that is not wanted
    if place == "sidecar":
        edit(harness, alt_text=None)
    else:
        del harness.images.blobs[CAT].metadata["alt_text"]
        harness.images.tag(CAT)
    harness.model.script = [answer("A tabby cat asleep.")]
    record = await harness.described()
    assert (record.status, record.alt_text, record.demand) == (
        Status.NEEDS_REVIEW,
        "A tabby cat asleep.",
        Demand.REMOVED,
    )
    assert record.reason == REASONS[Demand.REMOVED]
    assert [line.alt_text for line in record.history] == ["A cat on a sofa."]
    assert len(harness.model.calls) == 2
    assert isinstance(await harness.describe(), Skip)
    assert (await harness.described(brief=replace(BRIEF, detail="low"))).demand is Demand.REMOVED


async def test_a_removed_text_of_a_person_does_not_come_back_by_itself(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text=TOM)
    await harness.describe()
    edit(harness, alt_text=None)
    harness.model.script = [Filtered("Filtered.")]
    record = await harness.described()
    assert (record.status, record.alt_text) == (Status.FILTERED, "")
    assert TOM in [line.alt_text for line in record.history]
    harness.images.put(CAT, b"cat")
    assert (await harness.described()).alt_text == ""
    assert (await harness.described(brief=replace(BRIEF, detail="low"))).status is Status.NEEDS_REVIEW


@pytest.mark.parametrize("place", PLACES)
async def test_an_emptied_alt_text_needs_a_look_and_no_call(harness: Harness, place: str) -> None:
    await harness.describe()
    edit(harness, alt_text="") if place == "sidecar" else harness.images.tag(CAT, alt_text=" ")
    for brief in (BRIEF, replace(BRIEF, detail="low")):
        harness.images.put(CAT, b"cat") if brief is not BRIEF else None
        record = await harness.described(brief=brief)
        assert (record.status, record.alt_text, record.demand) == (Status.NEEDS_REVIEW, "", Demand.EMPTIED)
    assert "alt_text" not in harness.metadata()
    assert len(harness.model.calls) == 1
    record = await harness.described(brief=replace(BRIEF, again=True))
    assert (record.status, record.alt_text) == (Status.NEEDS_REVIEW, "A cat on a sofa.")


async def test_an_empty_value_where_the_app_wrote_nothing_says_nothing(harness: Harness) -> None:
    """Some programs put an empty alt text on every upload."""
    harness.images.tag(CAT, alt_text="")
    assert (await harness.described()).status is Status.DESCRIBED
    assert harness.metadata()["alt_text"] == "A cat on a sofa."


async def test_an_emptied_description_stays_empty(harness: Harness) -> None:
    await harness.describe()
    edit(harness, description="")
    record = await harness.described(brief=replace(BRIEF, detail="low"))
    assert (record.status, record.description, record.alt_text) == (Status.DESCRIBED, "", "A cat on a sofa.")


@pytest.mark.parametrize(("size", "comes"), [(1001, True), (1002, False)])
async def test_texts_of_a_picture_that_is_not_read_come_along_when_it_is_renamed(
    harness: Harness, size: int, *, comes: bool
) -> None:
    """It has no digest: only what the metadata names and its size show that it is the same one."""
    harness.images.put(CAT, b"x" * 1001, alt_text=TOM)
    await harness.describe()
    edit(harness, translations={"de": {"alt_text": "Kater Tom"}})
    await harness.describe()
    new = ImageRef("images", "tom.jpg")
    harness.images.put(new, b"x" * size, **harness.images.blobs.pop(CAT).metadata)
    record = await harness.described(new)
    assert ("de" in record.translations) is comes


async def test_a_correction_in_the_sidecar_is_not_undone_by_its_older_copy(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text="Tom")
    await harness.describe()
    edit(harness, alt_text=TOM)
    assert (await harness.described()).alt_text == TOM
    assert harness.metadata()["alt_text"] == TOM


async def test_a_restored_older_text_is_a_persons(harness: Harness) -> None:
    """A person restores the app's own earlier text, over the one that replaced it."""
    await harness.describe()
    harness.model.script = [answer("Another cat.")]
    await harness.describe(brief=replace(BRIEF, detail="low"))
    harness.images.tag(CAT, alt_text="A cat on a sofa.")
    record = await harness.described(brief=replace(BRIEF, detail="low"))
    assert (record.status, record.alt_text) == (Status.KEPT, "A cat on a sofa.")


async def test_our_text_alone_is_ours_still_where_a_program_dropped_all_other_pairs(harness: Harness) -> None:
    await harness.describe()
    harness.images.put(CAT, b"cat", alt_text="A cat on a sofa.")
    assert (await harness.described()).status is Status.DESCRIBED


async def test_an_origin_that_only_a_later_version_knows_is_protected(harness: Harness) -> None:
    await harness.describe()
    provenance = json.loads(stored(harness).to_json())["provenance"]
    provenance["alt_text"]["origin"] = "embedded"
    edit(harness, provenance=provenance)
    record = await harness.described(brief=replace(BRIEF, detail="low"))
    assert (record.status, record.origin("alt_text"), record.alt_text) == (
        Status.KEPT,
        "embedded",
        "A cat on a sofa.",
    )


async def test_fields_that_others_added_are_kept(harness: Harness) -> None:
    await harness.describe(brief=TWO)
    source = json.loads(stored(harness).to_json())["source"]
    german = {"alt_text": "A cat on a sofa.", "description": "A cat sleeps on a grey sofa.", "reviewer": "a"}
    edit(harness, rights="CC0", source=source | {"taken": "1962"}, translations={"de": german})
    await harness.describe(brief=replace(TWO, detail="low"))
    kept = json.loads(stored(harness).to_json())
    assert (kept["rights"], kept["source"]["taken"], kept["translations"]["de"]["reviewer"]) == ("CC0", "1962", "a")
    harness.images.put(CAT, b"dog")
    await harness.describe()
    kept = json.loads(stored(harness).to_json())
    assert (kept["rights"], "taken" in kept["source"]) == ("CC0", False)


BASE: dict[str, Any] = {
    "status": "described",
    "language": "en",
    "source": {"container": "images", "name": "n", "etag": "1", "size": 3},
    "fingerprint": "f",
    "at": "2026-11-23T00:00:00Z",
}


@pytest.mark.parametrize(
    "change",
    [
        {"schema_version": 2},
        {"status": "rejected_by_editor"},
        {"review": "in_progress"},
        {"provenance": {"alt_text": {"origin": "model", "review": "escalated"}}},
        {"history": [BASE | {"status": "translated"}]},
    ],
)
def test_what_a_later_version_means_is_not_guessed(change: dict[str, Any]) -> None:
    with pytest.raises(NewerRecord):
        Record.from_json(json.dumps(BASE | change).encode())


@pytest.mark.parametrize("change", [{"image_kind": "painting"}, {"rights": {"by": "A"}}, {"alt_text": None}])
def test_what_can_be_kept_as_it_is_does_not_stop_a_record(change: dict[str, Any]) -> None:
    record = Record.from_json(json.dumps(BASE | change).encode())
    assert Record.from_json(record.to_json()) == record


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32"])
def test_a_sidecar_is_read_in_whatever_encoding_an_editor_saves_it(encoding: str) -> None:
    text = json.dumps(BASE | {"alt_text": "Käse 🧀"}, ensure_ascii=False)
    assert Record.from_json(text.encode(encoding)).alt_text == "Käse 🧀"


@pytest.mark.parametrize("data", [b"", b"\xff\xfe\x00", b"[]", b"{}", b'{"mine": true}', b"null", b'"x"'])
def test_what_is_no_record_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - whatever the fault
        Record.from_json(data)
    assert not isinstance(caught.value, NewerRecord)


WISH = RequestOptions(languages=("de", "en"), profile="product", context="Kater Tom")


def _service(harness: Harness) -> OnDemandService:
    return OnDemandSetup(harness).on_demand


async def test_what_a_caller_asked_is_not_undone_by_the_next_event(harness: Harness) -> None:
    setup = _service(harness)
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    harness.model.script = [answer("Kater Tom auf dem Sofa.", languages=("de", "en"))]
    written = await setup.describe(BlobOf(CAT), setup.brief(WISH), write=True)
    assert written.request is not None
    assert (written.request.languages, written.request.context) == (("de", "en"), "Kater Tom")
    calls = len(harness.model.calls)
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    harness.images.put(CAT, b"cat")
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    assert stored(harness) == written
    assert (await setup.describe(BlobOf(CAT), setup.brief(RequestOptions()))).alt_text == "Kater Tom auf dem Sofa."
    assert len(harness.model.calls) == calls


async def test_what_a_caller_asked_is_asked_of_new_bytes_too_and_by_new_settings(harness: Harness) -> None:
    setup = _service(harness)
    await setup.describe(BlobOf(CAT), setup.brief(WISH), write=True)
    harness.images.put(CAT, b"dog")
    await harness.describe()
    await harness.describe(brief=replace(BRIEF, detail="low"))
    asked = [brief for brief in harness.model.asked if isinstance(brief, Brief)]
    assert [(brief.languages, brief.context, brief.detail) for brief in asked] == [
        (("de", "en"), "Kater Tom", "high"),
        (("de", "en"), "Kater Tom", "high"),
        (("de", "en"), "Kater Tom", "low"),
    ]


async def test_a_giving_up_keeps_what_was_asked(harness: Harness) -> None:
    setup = _service(harness)
    await setup.describe(BlobOf(CAT), setup.brief(WISH), write=True)
    harness.images.put(CAT, b"dog")
    end = await harness.pipeline.give_up(CAT, BRIEF, "tried 3 times", Usage())
    assert isinstance(end, Record)
    assert end.request and end.request.context == "Kater Tom"


async def test_another_demand_replaces_the_first_and_another_language_stands_beside_it(harness: Harness) -> None:
    setup = _service(harness)
    await setup.describe(BlobOf(CAT), setup.brief(WISH), write=True)
    await setup.describe(BlobOf(CAT), setup.brief(RequestOptions(languages=("fr",))), write=True)
    request = stored(harness).request
    assert request and (request.languages, request.context) == (("de", "en", "fr"), "Kater Tom")
    await setup.describe(BlobOf(CAT), setup.brief(RequestOptions(context="Der Nachbarkater")), write=True)
    request = stored(harness).request
    assert request and (request.languages, request.context) == (None, "Der Nachbarkater")


async def test_a_model_that_callers_may_no_longer_choose_is_passed_over(harness: Harness) -> None:
    brief = replace(BRIEF, model="gpt-4.1", chosen=frozenset({"model"}))
    await replace(harness.pipeline, models=("gpt-4.1",)).describe(CAT, brief)
    for models, expected in (("gpt-4.1",), "gpt-4.1"), ((), BRIEF.model):
        harness.images.put(CAT, expected.encode())
        await replace(harness.pipeline, models=models).describe(CAT, BRIEF)
        asked = harness.model.asked[-1]
        assert asked.model == expected


async def test_what_copies_share_does_not_hold_what_a_caller_said(harness: Harness) -> None:
    setup = _service(harness)
    await setup.describe(BlobOf(CAT), setup.brief(WISH), write=True)
    (shared,) = harness.records.shared.values()
    assert "Kater" not in shared.to_json().decode()


async def test_a_deleted_picture_keeps_its_sidecar_while_a_persons_text_is_in_the_history(harness: Harness) -> None:
    harness.images.tag(CAT, alt_text=TOM)
    await harness.describe()
    harness.images.put(CAT, b"dog")
    await harness.describe()
    del harness.images.blobs[CAT]
    await harness.describe()
    assert [line.alt_text for line in stored(harness).history] == [TOM]


_steps = st.lists(
    st.one_of(
        st.tuples(st.just("upload"), st.sampled_from([b"a", b"b", b"c"])),
        st.tuples(st.just("upload with pairs"), st.sampled_from([b"a", b"b", b"c"])),
        st.tuples(st.just("metadata"), st.sampled_from(["alt_text", "description"])),
        st.tuples(st.just("sidecar"), st.sampled_from(["alt_text", "description", "extended_description", "de"])),
        st.tuples(st.just("review"), st.sampled_from(["approved", "rejected", "suggested"])),
        st.tuples(st.just("event"), st.sampled_from([BRIEF, TWO, replace(TWO, languages=("de", "en"), detail="low")])),
        st.tuples(st.just("fails"), st.sampled_from([Corrupt("c"), Filtered("f"), NoUsableAnswer("u"), None])),
        st.tuples(st.just("archived"), st.booleans()),
    ),
    min_size=1,
    max_size=30,
)


@settings(max_examples=150, deadline=None)
@given(_steps)
def test_no_human_text_is_ever_unreachable(steps: list[tuple[str, Any]]) -> None:
    """Whatever happens to a picture, each text that a person wrote and that an event saw is in sidecar or history."""
    asyncio.run(_plays(steps))


async def _plays(steps: list[tuple[str, Any]]) -> None:
    harness, said, seen = Harness(), set[str](), set[str]()
    harness.images.put(CAT, b"a")
    for number, (what, value) in enumerate([*steps, ("event", BRIEF)]):
        text = f"human {number}"
        match what:
            case "upload":
                harness.images.put(CAT, value)
                said.clear()
            case "upload with pairs":
                harness.images.put(CAT, value, **harness.metadata())
            case "metadata":
                said = {old for old in said if harness.metadata().get(value) != old} | {text}
                harness.images.tag(CAT, **{value: text})
            case "sidecar" if CAT in harness.records.stored:
                seen |= {text} if _types(harness, value, text) else set()
            case "review" if CAT in harness.records.stored:
                edit(harness, review=value)
            case "event":
                await harness.describe(brief=value)
                seen |= said
            case "fails":
                harness.preparer.refuses = value
            case "archived":
                harness.images.fails_with = Archived("archived") if value else None
            case _:
                pass  # there is no sidecar to edit
        if CAT in harness.records.stored:
            kept = stored(harness).to_json().decode()
            assert {text for text in seen if f'"{text}"' not in kept} == set()


def _types(harness: Harness, field: str, text: str) -> bool:
    """Save a text in the sidecar, but not over a person's, since that would remove the person's text."""
    record = stored(harness)
    values = {"translations": {"de": {"alt_text": text}}} if field == "de" else {field: text}
    replaced = record.translations.get("de", Texts()).alt_text if field == "de" else getattr(record, field)
    if replaced.startswith("human"):
        return False
    edit(harness, **values)
    return True


async def test_what_was_corrupt_for_another_decoder_is_tried_again(harness: Harness) -> None:
    harness.preparer.refuses = Corrupt("Cut off.")
    assert (await harness.described()).status is Status.CORRUPT
    harness.preparer.refuses = None
    assert isinstance(await harness.describe(), Skip)
    edit(harness, reader="a decoder of last year")
    assert (await harness.described()).status is Status.DESCRIBED


async def test_only_what_people_said_comes_back_with_earlier_bytes(harness: Harness) -> None:
    """The model is called again: its answer for the same bytes was withdrawn when they went."""
    for data in (b"cat", b"dog", b"cat"):
        harness.images.put(CAT, data)
        assert (await harness.described()).status is Status.DESCRIBED
    assert len(harness.model.calls) == 3


@pytest.mark.parametrize(
    ("words", "demand"),
    [({"description": "Tom on his sofa."}, Demand.NEW_PICTURE), ({"alt_text": "Tom again."}, None)],
)
async def test_only_an_alt_text_beside_new_bytes_settles_that_the_picture_is_new(
    harness: Harness, words: dict[str, str], demand: Demand | None
) -> None:
    """The description was written into the metadata before the app came to the new picture."""
    await harness.described()
    harness.records.edit(CAT, {"alt_text": "Tom."})
    await harness.described()
    harness.images.put(CAT, b"dog", **words)
    record = await harness.described()
    assert record.demand == demand
    assert record.status == (Status.NEEDS_REVIEW if demand else Status.KEPT)
    assert all(getattr(record, name) == text for name, text in words.items())


async def test_a_text_written_beside_pairs_of_other_bytes_asks_for_a_look(harness: Harness) -> None:
    """New bytes under kept pairs; a lease keeps the app from its mark, and a person writes meanwhile."""
    await harness.describe()
    harness.images.put(CAT, b"dog", **harness.metadata())
    harness.images.leased = True
    with pytest.raises(Transient):
        await harness.describe()
    harness.images.leased = False
    harness.images.tag(CAT, alt_text="A dog, by a person.")
    record = await harness.described()
    assert (record.status, record.demand) == (Status.NEEDS_REVIEW, Demand.NEW_PICTURE)
    assert "A dog, by a person." in [line.alt_text for line in record.history]
    assert isinstance(await harness.describe(), Skip)
    await harness.corrector.correct(CAT, Correction(review=Review.APPROVED))
    assert (await harness.pipeline.describe(CAT, BRIEF), harness.records.stored[CAT].record.demand) == (
        Skip(SkipReason.UNCHANGED, "its record is complete"),
        None,
    )
