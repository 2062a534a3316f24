"""What the model answered."""

from dataclasses import dataclass
from enum import StrEnum

from describer.domain.description import Description
from describer.domain.record import Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """What the model said: a description, or its refusal; and what it cost in tokens."""

    model: str
    usage: Usage
    description: Description | None = None
    refusal: str = ""


class Ending(StrEnum):
    """How a free answer ended."""

    COMPLETE = "complete"
    CUT_OFF = "cut_off"
    """At the cap of tokens; what there is stands."""
    FILTERED = "filtered"
    """By the content filter of the model's service; what came before it stands."""
    REFUSED = "refused"
    """The text is the model's refusal, not an answer."""


@dataclass(frozen=True, slots=True)
class FreeAnswer:
    """The answer to a caller's own question."""

    text: str
    model: str
    """As it named itself."""
    usage: Usage
    ending: Ending = Ending.COMPLETE
