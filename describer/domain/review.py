"""What a picture's status is, given how the app's own work ended and what people said: one table.

A person's word on the alt text decides first; else what still awaits a person; else how the work ended. Nothing else
sets a record's `status`, `review` and `demand`, so that no event can forget what a person is to look at.
"""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final

from describer.domain.status import Status
from describer.domain.texts import AttributedTexts, Origin, Review

ANSWERED: Final = frozenset({Status.DESCRIBED, Status.NEEDS_REVIEW})


class Demand(StrEnum):
    """Why a person has to look before the texts are published. It lasts until one writes or approves an alt text."""

    NEW_PICTURE = "new_picture"
    """A person had written or judged a text for other bytes."""
    REMOVED = "text_removed"
    """A person removed a text; the model was asked anew."""
    EMPTIED = "text_emptied"
    """A person emptied the alt text of a picture that is not decorative; the model was not asked."""
    REJECTED = "text_rejected"
    """A person rejected the alt text; the model was not asked."""


REASONS: Final = {
    Demand.NEW_PICTURE: "The picture is new; a person's text for the earlier one is in the history.",
    Demand.REMOVED: "A person removed a text; what the model wrote in its place needs a look.",
    Demand.EMPTIED: "A person emptied the alt text, but the picture is not marked as decorative.",
    Demand.REJECTED: "A person rejected the alt text and has to write another.",
}


class Word(StrEnum):
    """Whose word the alt text of the default language is."""

    NOBODYS = auto()
    """There is none."""
    MODELS = auto()
    PERSONS = auto()
    """Written by a person, or left empty by one who marked the picture as decorative."""
    APPROVED = auto()
    EMPTIED = auto()
    REJECTED = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """What stands in the record."""

    status: Status
    review: Review
    demand: Demand | None = None


_SAID: Final = {
    Word.PERSONS: Judgement(Status.KEPT, Review.EDITED),
    Word.APPROVED: Judgement(Status.DESCRIBED, Review.APPROVED),
    Word.EMPTIED: Judgement(Status.NEEDS_REVIEW, Review.EDITED, Demand.EMPTIED),
    Word.REJECTED: Judgement(Status.NEEDS_REVIEW, Review.REJECTED, Demand.REJECTED),
}


def judge(outcome: Status, word: Word, demand: Demand | None) -> Judgement:
    """Decide what stands in the record.

    Args:
        outcome: how the app's own work ended: an answer, or why there is none.
        word: whose word the alt text is.
        demand: what awaited a person until now.
    """
    if word in _SAID:
        return _SAID[word]
    if demand and outcome in ANSWERED:
        return Judgement(Status.NEEDS_REVIEW, Review.SUGGESTED, demand)
    return Judgement(outcome, Review.SUGGESTED, demand)


def word_on(texts: AttributedTexts) -> Word:
    """Return whose word the alt text of the default language is."""
    entry, decorative = texts.provenance.get("alt_text"), texts.provenance.get("is_decorative")
    by_person = entry is not None and entry.origin != Origin.MODEL
    if entry and entry.review == Review.REJECTED:
        return Word.REJECTED
    if texts.is_decorative and not texts.alt_text and (by_person or (decorative and decorative.is_persons)):
        return Word.PERSONS
    if by_person:
        return Word.PERSONS if texts.alt_text else Word.EMPTIED
    if entry and entry.review == Review.APPROVED:
        return Word.APPROVED
    return Word.MODELS if texts.alt_text else Word.NOBODYS
