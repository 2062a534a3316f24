"""Recognizes pictures that content systems derive from others, by their names; `renditions.toml` has the rules."""

import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any, Final

_RULES: Final[dict[str, Any]] = tomllib.loads(resources.files(__package__).joinpath("renditions.toml").read_text())
SYSTEMS: Final = tuple(_RULES)
"""The names of the systems with rules."""


@dataclass(frozen=True, slots=True)
class Derived:
    """A name that looks like one of several sizes of a picture.

    Args:
        system: the system whose rule matches.
        original: prefix of the original's name, which ends there or continues with a dot and an extension.
        siblings: prefixes of larger sizes' names, largest first.
        sides: width and height in pixels, if the name contains both.
        rank: grows with the picture's size; 0 if the name does not contain it.
        certain: whether no original has such a name by chance.
    """

    system: str
    original: str
    siblings: tuple[str, ...] = ()
    sides: tuple[int, int] | None = None
    rank: int = 0
    certain: bool = False

    def is_original(self, name: str) -> bool:
        """Return whether a blob of this name is the original."""
        return name == self.original or name.rpartition(".")[0] == self.original

    def is_larger(self, other: "Derived") -> bool:
        """Return whether this is a larger size of the same picture."""
        return other.original == self.original and self.rank > other.rank


@dataclass(frozen=True)
class Renditions:
    """The rules of some systems. `systems`: their names; if there are none, no name looks derived."""

    systems: tuple[str, ...] = ()

    def derived(self, name: str) -> Derived | None:
        """Return what a blob's name reveals, if it looks derived."""
        if any(pattern.fullmatch(name) for pattern in self._originals):
            return None
        for system in self.systems:
            for rule in _RULES[system].get("derived", ()):
                if found := _pattern(rule["name"]).fullmatch(name):
                    return _derived(system, rule, found.groupdict(default=""))
        return None

    def caching(self, name: str) -> str:
        """Return the system whose cache contains a blob of this name; empty if none does."""
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
