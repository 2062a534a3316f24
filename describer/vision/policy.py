"""What the settings say of the checks."""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Policy:
    """How answers are checked.

    Args:
        soft_chars: what the model is told to aim at, in characters of an alt text.
        hard_chars: more are not accepted.
        off: the ids of rules that are switched off.
        words: further words, each with the id of its rule.
    """

    soft_chars: int = 125
    hard_chars: int = 250
    off: frozenset[str] = field(default_factory=frozenset)
    words: tuple[tuple[str, str], ...] = ()

    def words_of(self, name: str) -> tuple[str, ...]:
        """Return the words that were added to a rule."""
        return tuple(word for rule, word in self.words if rule == name)


RULE_IDS: Final = (
    *("characters", "length_of_fields", "markup", "lines", "quotes", "opening", "refusal", "instruction", "echo"),
    *("address", "emoji", "opening_left", "empty", "decorative", "file_name", "placeholder", "too_long", "language"),
    *("same_text", "extended_missing", "avoided_word", "copy", "stuffing", "hedging", "inferred_trait", "person_name"),
    *("keyword_missing", "uncertain"),
)
"""The rules of quality/rules.toml, which settings need not load."""
TAKES_WORDS: Final = ("refusal", "instruction", "placeholder", "hedging", "inferred_trait", "person_name")
"""Those to which words can be added; to `person_name`, names that are allowed."""
