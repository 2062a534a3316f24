"""Whether readers of a released JSON Schema can read what a newer one allows; docs/adr/0040 has the policy."""

from collections.abc import Iterator
from typing import Any, Final

type Schema = dict[str, Any]

_TEXT: Final = frozenset({"title", "description", "examples", "default", "$comment", "$schema", "definitions", "$ref"})
"""Keywords for people, and those that are resolved."""
_FOLLOWED: Final = frozenset(
    {"type", "enum", "const", "properties", "required", "items", "additionalProperties", "oneOf"}
)
"""Keywords that are compared by their meaning; any other has to stay as it is where the release has it."""


def breaks(released: Schema, newer: Schema) -> list[str]:
    """Say how something that fits the newer schema may be none of the released one, a sentence each."""
    return list(_Comparison(released, newer).differences("", released, newer))


class _Comparison:
    def __init__(self, released: Schema, newer: Schema) -> None:
        self._released = released
        self._newer = newer
        self._seen = set[tuple[str, str]]()

    def differences(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        """The differences of two parts, and of all that is in them."""
        references = old.get("$ref", ""), new.get("$ref", "")
        if all(references):
            if references in self._seen:
                return
            self._seen.add(references)
        old, may_be_null = _without_null(_resolved(self._released, old))
        new, is_null = _without_null(_resolved(self._newer, new))
        old, new = _resolved(self._released, old), _resolved(self._newer, new)
        if is_null and not may_be_null:
            yield f"{at} may be null"
        yield from self._values(at, old, new)
        yield from self._objects(at, old, new)
        if "items" in old:
            yield from self.differences(f"{at}[]", old["items"], new.get("items", {}))

    def _values(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        if "type" in old and new.get("type") != old["type"]:
            yield f"{at} is {new.get('type')}, not {old['type']}"
        if (allowed := _values(old)) is not None and not (_values(new) or {""}) <= allowed:
            yield f"{at} may have another value"
        for keyword in old.keys() - _TEXT - _FOLLOWED:
            if new.get(keyword) != old[keyword]:
                yield f"{at}: {keyword} is another"
        if old.get("oneOf") != new.get("oneOf"):
            yield f"{at}: oneOf is another"

    def _objects(self, at: str, old: Schema, new: Schema) -> Iterator[str]:
        before, now = old.get("properties", {}), new.get("properties", {})
        for name, part in before.items():
            if name in now:
                yield from self.differences(f"{at}/{name}", part, now[name])
            else:
                yield f"{at}/{name} is gone"
        for name in {*old.get("required", ())} - {*new.get("required", ())}:
            if name in now:
                yield f"{at}/{name} may be absent"
        match old.get("additionalProperties", True), new.get("additionalProperties", True):
            case False, more:
                if more is not False or now.keys() - before.keys():
                    yield f"{at} may have further properties"
            case dict(part), more:
                yield from self.differences(f"{at}/*", part, more if isinstance(more, dict) else {})
            case _:
                pass


def _resolved(root: Schema, part: Schema) -> Schema:
    name = part.get("$ref", "").removeprefix("#/definitions/")
    return root["definitions"][name] if name else part


def _without_null(part: Schema) -> tuple[Schema, bool]:
    """Return a part without its null, and whether it has one."""
    match part:
        case {"type": [*types]} if "null" in types:
            (kind,) = [each for each in types if each != "null"]
            return part | {"type": kind}, True
        case {"oneOf": [{"type": "null"}, dict(other)]}:
            return other, True
        case _:
            return part, False


def _values(part: Schema) -> set[Any] | None:
    """The only values that are allowed, or None."""
    if "const" in part:
        return {part["const"]}
    return {*part["enum"]} if "enum" in part else None
