"""The input and output of rules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from describer.domain.description import Description, Texts
from describer.vision.brief import Brief


class Action(StrEnum):
    """The consequence of a finding."""

    STRIP = "strip"
    """What was found is removed; nothing is reported."""
    REPAIR = "repair"
    """The model is asked once for a better text; if it gives none, a person should review."""
    FLAG = "flag"
    """The text is kept and flagged."""
    REVIEW = "review"
    """The text is kept and flagged, and a person should review."""
    REFUSE = "refuse"
    """The text is not written, and a person should review."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer in the course of the checks, with one of its languages selected.

    Args:
        language: BCP 47 tag of the texts under check.
        name: the picture's file name, or empty.
    """

    description: Description
    language: str
    name: str = ""

    @property
    def texts(self) -> Texts:
        """The texts in this language; empty if the answer has none."""
        return self.description.texts.get(self.language, Texts())

    @property
    def alt_text(self) -> str:
        return self.texts.alt_text.strip()

    @property
    def fields(self) -> Mapping[str, str]:
        """The non-empty texts in this language by name."""
        return {name: text for name in Texts.model_fields if (text := getattr(self.texts, name).strip())}

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """Return the draft with each text in this language changed."""
        return self.replacing(**{name: change(text) for name, text in self.texts.model_dump().items()})

    def replacing(self, **texts: str) -> Self:
        """Return the draft with these texts in this language replaced."""
        changed = {**self.description.texts, self.language: self.texts.model_copy(update=texts)}
        return replace(self, description=self.description.model_copy(update={"texts": changed}))


@dataclass(frozen=True, slots=True)
class Finding:
    """A finding of a rule in the texts of one language.

    Args:
        detail: the variable part of the rule's sentence, such as the words that were found.
        left: the draft without what was found, if the rule strips or refuses.
    """

    detail: str = ""
    left: Draft | None = None


type Rule = Callable[[Draft, Brief], Finding | None]

RULES: Final[dict[str, Rule]] = {}
"""The rules by id; rules.toml lists their order and actions."""


def rule(name: str) -> Callable[[Rule], Rule]:
    """Register a function as the rule with this id."""

    def enter(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return enter
