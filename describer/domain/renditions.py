"""Which pictures content systems derive of others, as their names tell; `renditions.toml` has the systems' rules."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any, Final

_RULES: Final[dict[str, Any]] = tomllib.loads(resources.files(__package__).joinpath("renditions.toml").read_text())
SYSTEMS: Final = tuple(_RULES)
"""The names of the systems whose rules are known."""


@dataclass(frozen=True, slots=True)
class Derived:
    """What a name tells that looks like one of several sizes of a picture.

    Args:
        system: whose rule it matches.
        original: what the original's name begins with; it ends there, or goes on with a dot and an ending.
        siblings: what the names of larger sizes begin with, the largest first.
        sides: width and height in pixels, where the name tells both.
        rank: grows with the picture's size; 0 if the name does not tell it.
        certain: no original is called so by chance.
    """

    system: str
    original: str
    siblings: tuple[str, ...] = ()
    sides: tuple[int, int] | None = None
    rank: int = 0
    certain: bool = False

    def is_original(self, name: str) -> bool:
        """Whether a blob of this name is the original."""
        return name == self.original or name.rpartition(".")[0] == self.original

    def is_larger(self, other: "Derived") -> bool:
        """Whether this is a larger size of the same picture."""
        return other.original == self.original and self.rank > other.rank


@dataclass(frozen=True)
class Renditions:
    """The rules of some systems.

    Args:
        systems: their names; none: no name looks derived.
    """

    systems: tuple[str, ...] = ()

    def derived(self, name: str) -> Derived | None:
        """Return what a blob's name tells, if it looks derived."""
        if any(pattern.fullmatch(name) for pattern in self._originals):
            return None
        for system in self.systems:
            for rule in _RULES[system].get("derived", ()):
                if found := _pattern(rule["name"]).fullmatch(name):
                    return _derived(system, rule, found.groupdict(default=""))
        return None

    def caching(self, name: str) -> str:
        """Return the system in whose cache a blob of this name is; empty if it is in none."""
        cached = ((system, pattern) for system in self.systems for pattern in _RULES[system].get("cached", ()))
        return next((system for system, pattern in cached if _pattern(pattern).fullmatch(name)), "")

    @cached_property
    def _originals(self) -> Sequence[re.Pattern[str]]:
        return [_pattern(pattern) for system in self.systems for pattern in _RULES[system].get("original", ())]


def _derived(system: str, rule: dict[str, Any], groups: dict[str, str]) -> Derived:
    sizes: dict[str, int] = _RULES[system].get("sizes", {})
    template: str = _RULES[system].get("sibling", "")
    width, height = int(groups.get("width") or 0), int(groups.get("height") or 0)
    side = sizes.get(groups.get("size", "").lower(), 0)
    beside = (f"{groups['folder']}{groups['stem']}-",) if width or side else ()
    larger = (size for size, pixels in sorted(sizes.items(), key=lambda item: -item[1]) if pixels > side)
    return Derived(
        system,
        groups["folder"] + groups["stem"],
        tuple(template.format_map(groups | {"size": size}) + "." for size in larger) if template else beside,
        (width, height) if width else None,
        width * height or side * side,
        bool(rule.get("certain")),
    )


@cache
def _pattern(expression: str) -> re.Pattern[str]:
    return re.compile(expression, re.IGNORECASE)
