"""Fills a caller's JSON Schema with an answer.

No schema is known in advance, so the stand-in does not depend on the app's schema.
"""

import itertools
import re
from collections.abc import Callable
from typing import Any

from local.azure_openai.answers import Json

type Path = tuple[str, ...]
type Pick = Callable[[Path], object]
"""Returns the value of the property at a path (names from the root), or None to leave it to the schema."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")
_TYPES: dict[str, type | tuple[type, ...]] = {
    "string": str, "integer": int, "number": (int, float), "boolean": bool, "array": list, "object": dict,
}  # fmt: skip
_BLANK: dict[str, object] = {"string": "", "integer": 0, "number": 0, "boolean": False, "null": None}


def fill(schema: Json, pick: Pick) -> Any:
    """Return a value that is valid under the schema: what `pick` returns, and empty values for the rest."""
    return _fill(schema, (), pick, schema)


def language_at(path: Path) -> str | None:
    """Return the BCP 47 code that keys this part of an answer (`texts.en.alt_text`), or None at its flat top."""
    for parent, key in itertools.pairwise(path):
        if parent in {"texts", "translations"} and _LANGUAGE.fullmatch(key):
            return key
    return None


def _fill(node: Json, path: Path, pick: Pick, root: Json) -> Any:
    node = _resolved(node, root)
    if "properties" in node:
        return {name: _fill(inner, (*path, name), pick, root) for name, inner in node["properties"].items()}
    value = pick(path)
    if "anyOf" in node:
        fitting = (inner for inner in node["anyOf"] if value is not None and _fits(_resolved(inner, root), value))
        return _fill(next(fitting, node["anyOf"][-1]), path, pick, root)
    if value is not None and _fits(node, value):
        return value
    return _blank(node)


def _blank(node: Json) -> Any:
    if "const" in node:
        return node["const"]
    if "enum" in node:
        return "other" if "other" in node["enum"] else node["enum"][-1]
    kinds = _kinds(node)
    if "null" in kinds:
        return None
    return [] if "array" in kinds else _BLANK.get(kinds[0], {})


def _fits(node: Json, value: object) -> bool:
    if "properties" in node:
        return False
    if "const" in node or "enum" in node:
        return value in node.get("enum", [node.get("const")])
    return any(isinstance(value, _TYPES.get(kind, ())) for kind in _kinds(node))


def _kinds(node: Json) -> list[str]:
    kinds = node.get("type", "string")
    return kinds if isinstance(kinds, list) else [kinds]


def _resolved(node: Json, root: Json) -> Json:
    """Follow `#/...` references; strict schemas have no other kind."""
    while "$ref" in node:
        target: Any = root
        for step in str(node["$ref"]).removeprefix("#").strip("/").split("/"):
            target = target[step] if step else target
        node = target
    return node
