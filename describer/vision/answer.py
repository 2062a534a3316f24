"""Answers of the model."""

from dataclasses import dataclass
from enum import StrEnum

from describer.domain.description import Description
from describer.domain.record import Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """A description or the model's refusal, with the tokens used."""

    model: str
    usage: Usage
    description: Description | None = None
    refusal: str = ""


class Ending(StrEnum):
    """How a free answer ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut_off"
    """By the cap of tokens; the text so far counts."""
    FILTERED = "filtered"
    """By the content filter of the model's service; the text so far counts."""
    REFUSED = "refused"
    """The text is the model's refusal."""


@dataclass(frozen=True, slots=True)
class FreeAnswer:
    """The answer to a caller's own question."""

    text: str
    model: str
    """The model's name as it gave it."""
    usage: Usage
    ending: Ending = Ending.COMPLETE
