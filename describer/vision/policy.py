"""The settings for the checks on answers."""

from dataclasses import dataclass, field
from typing import Final


@dataclass(frozen=True, slots=True)
class Policy:
    """How answers are checked.

    Args:
        soft_chars: target length of an alt text in characters, as the prompt states it.
        hard_chars: maximum length of an accepted alt text.
        off: ids of disabled rules.
        words: additional words, each with its rule's id.
    """

    soft_chars: int = 125
    hard_chars: int = 250
    off: frozenset[str] = field(default_factory=frozenset)
    words: tuple[tuple[str, str], ...] = ()

    def words_of(self, name: str) -> tuple[str, ...]:
        return tuple(word for rule, word in self.words if rule == name)


RULE_IDS: Final = (
    *("characters", "length_of_fields", "markup", "lines", "quotes", "opening", "refusal", "instruction", "echo"),
    *("address", "emoji", "opening_left", "empty", "decorative", "file_name", "placeholder", "too_long", "language"),
    *("same_text", "extended_missing", "avoided_word", "copy", "stuffing", "hedging", "inferred_trait", "person_name"),
    *("keyword_missing", "uncertain"),
)
"""The ids of quality/rules.toml, listed here so that the settings need not load that file."""
TAKES_WORDS: Final = ("refusal", "instruction", "placeholder", "hedging", "inferred_trait", "person_name")
"""The rules that accept additional words; for `person_name` they are allowed names."""
