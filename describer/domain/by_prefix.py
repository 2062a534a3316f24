"""A setting that is another for some pictures: a value for all, and values by globs on blob names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ByPrefix[T]:
    """A value for all pictures, and those for the pictures whose names match a glob; the first that matches counts."""

    default: T
    by_glob: tuple[tuple[str, T], ...] = field(default=())

    @classmethod
    def read(cls, text: str, between: str, value: Callable[[list[str]], T], inner: Callable[[str], list[str]]) -> Self:
        """Read `value, glob=value, …`.

        Args:
            text: the setting.
            between: what stands between its items.
            value: makes the value of items; of those without a glob, all together. Raises ValueError.
            inner: takes the value behind a glob apart into items.
        """
        items = [item.strip() for item in text.split(between) if item.strip()]
        plain = [item for item in items if "=" not in item]
        by_glob = [item.partition("=") for item in items if "=" in item]
        if any(not glob.strip() or not found.strip() for glob, _, found in by_glob):
            raise ValueError(text)
        return cls(value(plain), tuple((glob.strip(), value(inner(found.strip()))) for glob, _, found in by_glob))

    def rows(self, name: str) -> tuple[tuple[str, str, Any], ...]:
        """The values by glob, each with the name of what it is a value of."""
        return tuple((glob, name, found) for glob, found in self.by_glob)
