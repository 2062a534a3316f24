"""What a rule is given, and what it finds."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final, Self

from describer.domain.description import Description, Texts
from describer.vision.brief import Brief


class Action(StrEnum):
    """What becomes of an answer in which a rule found something."""

    STRIP = "strip"
    """What was found is taken off, and nobody is told."""
    REPAIR = "repair"
    """The model is asked once for another text; if that is no better, a person should look."""
    FLAG = "flag"
    """The text stands, with a flag beside it."""
    REVIEW = "review"
    """The text stands, with a flag beside it, and a person should look."""
    REFUSE = "refuse"
    """The text is not written, and a person should look."""


@dataclass(frozen=True, slots=True)
class Draft:
    """An answer as far as it is checked by now, from the side of one of its languages.

    Args:
        description: the answer.
        language: the BCP 47 tag of the texts that are looked at.
        name: the picture's file name, or empty.
    """

    description: Description
    language: str
    name: str = ""

    @property
    def texts(self) -> Texts:
        """Those of this language; empty where the answer has none."""
        return self.description.texts.get(self.language, Texts())

    @property
    def alt_text(self) -> str:
        """That of this language."""
        return self.texts.alt_text.strip()

    @property
    def fields(self) -> Mapping[str, str]:
        """The texts of this language by name, but for empty ones."""
        return {name: text for name in Texts.model_fields if (text := getattr(self.texts, name).strip())}

    def with_texts(self, change: Callable[[str], str]) -> Self:
        """The same with each text of this language changed."""
        return self.replacing(**{name: change(text) for name, text in self.texts.model_dump().items()})

    def replacing(self, **texts: str) -> Self:
        """The same with these texts of this language in their places."""
        changed = {**self.description.texts, self.language: self.texts.model_copy(update=texts)}
        return replace(self, description=self.description.model_copy(update={"texts": changed}))


@dataclass(frozen=True, slots=True)
class Finding:
    """What a rule found in the texts of one language.

    Args:
        detail: what the rule's sentence says of this case, such as the words that were found.
        left: the draft without what was found, where the rule strips or refuses.
    """

    detail: str = ""
    left: Draft | None = None


type Rule = Callable[[Draft, Brief], Finding | None]

RULES: Final[dict[str, Rule]] = {}
"""By id; rules.toml says in which order they are applied, and what becomes of what they find."""


def rule(name: str) -> Callable[[Rule], Rule]:
    """Enter a function as the rule of this id."""

    def enter(function: Rule) -> Rule:
        RULES[name] = function
        return function

    return enter
