"""All entry points keep people's texts: trigger, queue, event, HTTP's `write`, and the command line's `--write`.

Each row is what a person did to a described picture, and what is stored after the next run by any entry point.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

import pytest

from describer.domain.errors import Corrupt, Filtered
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.status import Status
from describer.domain.texts import Origin
from describer.entrypoints.on_demand.service import BlobOf, OnDemandService, RequestOptions
from describer.entrypoints.storage_events.delivery import Delivery
from describer.pipeline.events import Work
from describer.vision.brief import Brief
from tests.fakes import PixelsOnly, answer
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

TOM: Final = "Tom, by a person."
MODELS: Final = "A cat on a sofa."
PERCENT: Final = "Rebajas 50%de descuento"

type EntryPoint = Callable[[Harness, Brief], Awaitable[None]]
type Act = Callable[[Harness], None]


async def by_trigger(harness: Harness, brief: Brief) -> None:
    await _delivery(harness, brief).handle_upload(CAT.container, CAT.name)


async def by_queue(harness: Harness, brief: Brief) -> None:
    await _delivery(harness, brief).handle_message(Work.first(CAT).to_message().encode())


async def by_event(harness: Harness, brief: Brief) -> None:
    delivery = _delivery(harness, brief)
    await delivery.handle_event("Microsoft.Storage.BlobCreated", CAT.subject, {})
    message, _ = harness.queue.sent.pop()
    await delivery.handle_message(message.encode())


async def by_call(harness: Harness, brief: Brief) -> None:
    """HTTP's `write` and the command line's `--write` both come here."""
    setup = OnDemandSetup(harness)
    on_demand: OnDemandService = replace(setup.on_demand, default_brief=brief)
    await on_demand.describe(BlobOf(CAT), on_demand.brief(RequestOptions()), write=True)


def _delivery(harness: Harness, brief: Brief) -> Delivery:
    return replace(harness.delivery, brief=brief)


ENTRY_POINTS: Final = (by_trigger, by_queue, by_event, by_call)


@dataclass(frozen=True)
class Row:
    """What a person did, and what is stored then.

    Args:
        acts: one after the other; the app runs after each.
        alt_text, status, demand: of the record in the end.
        origin: of the alt text.
        held: texts that the record or its history holds.
        metadata: some of the picture's.
        brief: of the settings, at the last run.
        calls: of the model, in all.
    """

    acts: tuple[Act, ...]
    alt_text: str
    status: Status
    demand: Demand | None = None
    origin: Origin | None = Origin.HUMAN
    held: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    brief: Brief = BRIEF
    calls: int = 1


def in_sidecar(**fields: object) -> Act:
    return lambda harness: harness.records.edit(CAT, fields)


def in_metadata(**pairs: str) -> Act:
    return lambda harness: harness.images.tag(CAT, **pairs)


def removed_from_metadata(name: str) -> Act:
    def act(harness: Harness) -> None:
        harness.metadata().pop(name)
        harness.images.tag(CAT)

    return act


def uploaded(data: bytes, *, keeps: bool = False) -> Act:
    return lambda harness: harness.images.put(CAT, data, **(harness.metadata() if keeps else {}))


def moved_without_the_sidecar(harness: Harness) -> None:
    """To another account: bytes and metadata come along, and nothing else."""
    harness.records.stored.clear()
    harness.records.shared.clear()
    harness.images.put(CAT, harness.images.blobs[CAT].data, **harness.metadata())


def unreadable(harness: Harness) -> None:
    """Created empty by a program that fills it later; its metadata is gone."""
    harness.images.put(CAT, b"")
    harness.preparer.refuses = Corrupt("The picture has no bytes.")


def filtered(harness: Harness) -> None:
    harness.images.put(CAT, b"other")
    harness.model.script = [Filtered("The filter stopped it.")]


def nothing(_harness: Harness) -> None:
    """Only the settings change."""


GERMAN = replace(BRIEF, languages=("de", "en"))
OTHER_MODEL = replace(BRIEF, model="gpt-5.6-sol")
LOW = replace(BRIEF, detail="low")


ROWS: Final = {
    # A text corrected in the sidecar lasts whatever changes in the settings, and is a person's in the metadata.
    "corrected in the sidecar": Row((in_sidecar(alt_text=TOM),), TOM, Status.KEPT, metadata={"alt_text": TOM}),
    "corrected in the sidecar, other languages": Row(
        (in_sidecar(alt_text=TOM), nothing), TOM, Status.KEPT, brief=GERMAN, calls=2
    ),
    "corrected in the sidecar, another model": Row(
        (in_sidecar(alt_text=TOM), nothing), TOM, Status.KEPT, brief=OTHER_MODEL, calls=2
    ),
    "corrected in the sidecar, another detail": Row(
        (in_sidecar(alt_text=TOM), nothing), TOM, Status.KEPT, brief=LOW, calls=2
    ),
    "corrected in the sidecar, uploaded again": Row((in_sidecar(alt_text=TOM), uploaded(b"cat")), TOM, Status.KEPT),
    "approved in the sidecar": Row(
        (in_sidecar(review="approved"), nothing), MODELS, Status.DESCRIBED, origin=Origin.MODEL, brief=LOW
    ),
    "rejected in the sidecar": Row(
        (in_sidecar(review="rejected"), nothing),
        MODELS,
        Status.NEEDS_REVIEW,
        Demand.REJECTED,
        origin=Origin.MODEL,
        brief=LOW,
    ),
    # A text corrected in the metadata comes along to where no sidecar is.
    "corrected in the metadata": Row((in_metadata(alt_text=TOM),), TOM, Status.KEPT),
    "corrected in the metadata, then moved": Row(
        (in_metadata(alt_text=TOM), moved_without_the_sidecar), TOM, Status.KEPT, calls=2
    ),
    # A person's empty alt text, with the statement that the picture is decorative.
    "decorative": Row(
        (in_sidecar(alt_text="", is_decorative=True), nothing),
        "",
        Status.KEPT,
        metadata={"is_decorative": "true"},
        brief=LOW,
        calls=2,
    ),
    # A percent sign that is not encoded.
    "a percent sign": Row((in_metadata(alt_text=PERCENT),), PERCENT, Status.KEPT, metadata={"alt_text": PERCENT}),
    # An empty, broken or filtered moment in between.
    "the same bytes after an empty moment": Row(
        (in_metadata(alt_text=TOM), unreadable, uploaded(b"cat")), TOM, Status.KEPT
    ),
    "other bytes after an empty moment": Row(
        (in_metadata(alt_text=TOM), unreadable, uploaded(b"dog")),
        MODELS,
        Status.NEEDS_REVIEW,
        Demand.NEW_PICTURE,
        origin=Origin.MODEL,
        held=(TOM,),
        calls=2,
    ),
    "the same bytes after a filtered moment": Row(
        (in_metadata(alt_text=TOM), filtered, uploaded(b"cat")), TOM, Status.KEPT, calls=2
    ),
    "a demand lasts through further uploads": Row(
        (in_metadata(alt_text=TOM), uploaded(b"dog"), uploaded(b"mill"), uploaded(b"dog")),
        MODELS,
        Status.NEEDS_REVIEW,
        Demand.NEW_PICTURE,
        origin=Origin.MODEL,
        held=(TOM,),
        calls=3,
    ),
    "edited in the metadata, then new bytes under kept pairs": Row(
        (lambda harness: harness.images.put(CAT, b"dog", **harness.metadata() | {"alt_text": TOM}),),
        MODELS,
        Status.NEEDS_REVIEW,
        Demand.NEW_PICTURE,
        origin=Origin.MODEL,
        held=(TOM,),
        calls=2,
    ),
    # A removal is a statement.
    "removed from the sidecar": Row(
        (in_sidecar(alt_text=None),), MODELS, Status.NEEDS_REVIEW, Demand.REMOVED, origin=Origin.MODEL, calls=2
    ),
    "removed from the metadata": Row(
        (removed_from_metadata("alt_text"),),
        MODELS,
        Status.NEEDS_REVIEW,
        Demand.REMOVED,
        origin=Origin.MODEL,
        calls=2,
    ),
    "emptied": Row((in_sidecar(alt_text=""),), "", Status.NEEDS_REVIEW, Demand.EMPTIED, held=(MODELS,)),
    # What is stored is free, in any order.
    "stored languages in another order": Row(
        (nothing,), MODELS, Status.DESCRIBED, origin=Origin.MODEL, brief=BRIEF, calls=1
    ),
    # Saved metadata is no new picture.
    "the same pixels in another file": Row((in_sidecar(alt_text=TOM), uploaded(b"cat+saved anew")), TOM, Status.KEPT),
}


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
@pytest.mark.parametrize("row", [pytest.param(row, id=name) for name, row in ROWS.items()])
async def test_what_people_said_stands(row: Row, entry_point: EntryPoint) -> None:
    harness = Harness(preparer=PixelsOnly())
    harness.images.put(CAT, b"cat")
    await entry_point(harness, BRIEF)
    for number, act in enumerate(row.acts, 1):
        act(harness)
        await entry_point(harness, row.brief if number == len(row.acts) else BRIEF)
        harness.preparer.refuses = None
    record = harness.records.stored[CAT].record
    assert (record.alt_text, record.status, record.demand) == (row.alt_text, row.status, row.demand)
    assert record.origin("alt_text") == row.origin
    assert all(text in record.to_json().decode() for text in row.held)
    assert row.metadata.items() <= harness.metadata().items()
    assert len(harness.model.calls) == row.calls
    before = harness.records.stored[CAT]
    await entry_point(harness, row.brief)
    assert harness.records.stored[CAT] == before, "a further look changes something"
    assert len(harness.model.calls) == row.calls, "what is complete was paid for again"


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
@pytest.mark.parametrize("languages", [("de",), ("en",), ("de", "en"), ("en", "de")])
async def test_stored_languages_are_free(entry_point: EntryPoint, languages: tuple[str, ...]) -> None:
    harness = Harness()
    harness.images.put(CAT, b"cat")
    await entry_point(harness, replace(BRIEF, languages=("en", "de")))
    await entry_point(harness, replace(BRIEF, languages=languages))
    assert len(harness.model.calls) == 1


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
async def test_a_copy_to_another_name_brings_a_persons_text_along(entry_point: EntryPoint) -> None:
    harness, other = Harness(), ImageRef("images", "original.jpg")
    harness.images.put(other, b"cat")
    await harness.describe(other)
    harness.records.edit(other, {"alt_text": TOM})
    await harness.describe(other)
    harness.images.put(CAT, b"cat", **harness.metadata(other))
    await entry_point(harness, BRIEF)
    record: Record = harness.records.stored[CAT].record
    assert (record.alt_text, record.origin("alt_text"), len(harness.model.calls)) == (TOM, Origin.HUMAN, 1)


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
async def test_what_an_answer_cost_that_came_to_nothing_is_in_the_record(entry_point: EntryPoint) -> None:
    harness = Harness()
    harness.images.put(CAT, b"cat")
    harness.model.script, harness.model.spends = [Filtered("The filter stopped it.")], answer().usage
    await entry_point(harness, BRIEF)
    record = harness.records.stored[CAT].record
    assert (record.status, record.usage) == (Status.FILTERED, answer().usage)


async def test_a_single_call_for_french_leaves_the_other_languages(harness: Harness) -> None:
    two = replace(BRIEF, languages=("en", "de"))
    await harness.describe(brief=two)
    on_demand = OnDemandSetup(harness).on_demand
    await on_demand.describe(BlobOf(CAT), on_demand.brief(RequestOptions(languages=("fr",))), write=True)
    record = harness.records.stored[CAT].record
    assert (record.alt_text, {*record.translations}) == (MODELS, {"de", "fr"})
