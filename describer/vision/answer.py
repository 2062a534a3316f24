"""What the model answered."""

from dataclasses import dataclass, replace
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

    def with_usage_of(self, second: "Answer") -> "Answer":
        """The same, with what another answer cost added."""
        sums = {name: getattr(self.usage, name) + getattr(second.usage, name) for name in Usage.model_fields}
        return replace(self, usage=Usage.model_validate(sums))


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
