"""A setting with different values for some pictures: a default, and values by glob on blob names."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class ByPrefix[T]:
    """A default value, and values for pictures whose names match a glob; the first match applies."""

    default: T
    by_glob: tuple[tuple[str, T], ...] = field(default=())

    @classmethod
    def read(cls, text: str, between: str, value: Callable[[list[str]], T], inner: Callable[[str], list[str]]) -> Self:
        """Read `value, glob=value, …`.

        Args:
            text: the setting.
            between: the separator of its items.
            value: converts a list of items to a value; all items without a glob form one list. Raises ValueError.
            inner: splits the text after a glob into items.
        """
        items = [item.strip() for item in text.split(between) if item.strip()]
        plain = [item for item in items if "=" not in item]
        by_glob = [item.partition("=") for item in items if "=" in item]
        if any(not glob.strip() or not found.strip() for glob, _, found in by_glob):
            raise ValueError(text)
        return cls(value(plain), tuple((glob.strip(), value(inner(found.strip()))) for glob, _, found in by_glob))

    def rows(self, name: str) -> tuple[tuple[str, str, Any], ...]:
        """Return the values by glob as (glob, `name`, value)."""
        return tuple((glob, name, found) for glob, found in self.by_glob)
