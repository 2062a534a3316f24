"""What the settings say of the checks."""

from dataclasses import dataclass, field


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
