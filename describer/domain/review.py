"""Derives a picture's status from the outcome of the app's work and people's decisions, by one table.

A person's decision on the alt text comes first, then an open reason for a review, then the outcome of the work. Nothing
else sets a record's `status`, `review` and `demand`, so that no event can lose a pending review.
"""

from dataclasses import dataclass
from enum import StrEnum, auto
from typing import Final

from describer.domain.status import Status
from describer.domain.texts import AttributedTexts, Origin, Review

ANSWERED: Final = frozenset({Status.DESCRIBED, Status.NEEDS_REVIEW})


class Demand(StrEnum):
    """Why a person must review the texts before publication. It lasts until one writes or approves an alt text."""

    NEW_PICTURE = "new_picture"
    """A person had written or reviewed a text for other bytes."""
    REMOVED = "text_removed"
    """A person removed a text; the model was asked again."""
    EMPTIED = "text_emptied"
    """A person emptied the alt text of a picture that is not decorative; the model was not asked."""
    REJECTED = "text_rejected"
    """A person rejected the alt text; the model was not asked."""


REASONS: Final = {
    Demand.NEW_PICTURE: "The picture is new; a person's text for the earlier one is in the history.",
    Demand.REMOVED: "A person removed a text; review the model's new one.",
    Demand.EMPTIED: "A person emptied the alt text, but the picture is not marked as decorative.",
    Demand.REJECTED: "A person rejected the alt text; write another.",
}


class Word(StrEnum):
    """The author and review of the alt text in the default language."""

    NOBODYS = auto()
    """There is no alt text."""
    MODELS = auto()
    PERSONS = auto()
    """A person wrote it, or left it empty and marked the picture as decorative."""
    APPROVED = auto()
    EMPTIED = auto()
    REJECTED = auto()


@dataclass(frozen=True, slots=True)
class Judgement:
    """The derived fields of a record."""

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
    """Derive the status, review and demand; `outcome` is that of the app's own work, `demand` was open so far."""
    if word in _SAID:
        return _SAID[word]
    if demand and outcome in ANSWERED:
        return Judgement(Status.NEEDS_REVIEW, Review.SUGGESTED, demand)
    return Judgement(outcome, Review.SUGGESTED, demand)


def word_on(texts: AttributedTexts) -> Word:
    """Return the author and review of the alt text in the default language."""
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
