"""Azure's rules for a strict `json_schema`, and its messages.

Source: Microsoft Learn, "Structured outputs", supported schemas and limitations.
"""

import re
from collections.abc import Iterator
from typing import Any, NoReturn

from local.azure_openai import faults
from local.azure_openai.answers import Json

UNSUPPORTED = frozenset({
    "minLength", "maxLength", "pattern", "format",
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf",
    "minItems", "maxItems", "uniqueItems", "contains", "minContains", "maxContains", "unevaluatedItems", "prefixItems",
    "patternProperties", "unevaluatedProperties", "propertyNames", "minProperties", "maxProperties",
    "allOf", "oneOf", "not", "if", "then", "else", "dependentRequired", "dependentSchemas", "default",
})  # fmt: skip
MAX_PROPERTIES = 100
MAX_DEPTH = 5

type _Path = tuple[str | int, ...]


def check(name: object, schema: Json) -> None:
    """Raise `faults.Rejected` for the first broken rule.

    Args:
        name: the format's name, which Azure repeats in its messages.
        schema: the caller's JSON Schema.
    """
    if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", name):
        message = "Invalid 'response_format.json_schema.name': letters, digits, '_' and '-', at most 64."
        raise faults.Rejected(faults.error(400, message, "invalid_value", "response_format.json_schema.name"))
    if schema.get("type") != "object" or "anyOf" in schema:
        _reject(name, (), "schema must be of type 'object' and must not be 'anyOf' at its root")
    count = 0
    for path, node, depth in _nodes(schema, (), 1):
        _check_node(name, path, node)
        count += len(node.get("properties") or {})
        if depth > MAX_DEPTH:
            _reject(name, path, f"exceeds the limit of {MAX_DEPTH} levels of nesting")
    if count > MAX_PROPERTIES:
        _reject(name, (), f"exceeds the limit of {MAX_PROPERTIES} properties")


def _check_node(name: str, path: _Path, node: Json) -> None:
    for keyword in node:
        if keyword in UNSUPPORTED:
            _reject(name, path, f"'{keyword}' is not permitted")
    if not node.keys() & {"type", "$ref", "anyOf", "enum", "const"}:
        _reject(name, path, "schema must have a 'type' key")
    if node.get("type") == "array" and "items" not in node:
        _reject(name, path, "array schema missing items")
    if node.get("type") != "object":
        return
    if node.get("additionalProperties") is not False:
        _reject(name, path, "'additionalProperties' is required to be supplied and to be false")
    missing = sorted(set(node.get("properties") or {}) - set(node.get("required") or ()))
    if missing:
        rule = "'required' is required to be supplied and to be an array including every key in properties"
        _reject(name, path, f"{rule}. Missing '{missing[0]}'")


def _nodes(node: Any, path: _Path, depth: int) -> Iterator[tuple[_Path, Json, int]]:
    """Yield each schema inside a schema, with its path and its depth in objects and arrays."""
    if not isinstance(node, dict):
        return
    yield path, node, depth
    for keyword in ("properties", "$defs", "definitions"):
        for key, inner in (node.get(keyword) or {}).items():
            yield from _nodes(inner, (*path, keyword, key), depth + (keyword == "properties" and _nests(inner)))
    yield from _nodes(node.get("items"), (*path, "items"), depth + _nests(node.get("items")))
    for index, inner in enumerate(node.get("anyOf") or ()):
        yield from _nodes(inner, (*path, "anyOf", index), depth)


def _nests(node: object) -> bool:
    return isinstance(node, dict) and node.get("type") in ("object", "array")


def _reject(name: str, path: _Path, rule: str) -> NoReturn:
    message = f"Invalid schema for response_format '{name}': In context={path}, {rule}."
    raise faults.Rejected(faults.error(400, message, None, "response_format"))
