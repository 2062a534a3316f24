"""Converts pydantic's JSON Schema to a form that generators and validators in all languages understand.

X or null             {"type": ["string", "null"]}, or {"oneOf": [{"type": "null"}, {"$ref": …}]}
a named enum          a string whose description lists the known values: more may be added
one fixed value       {"type": "string", "enum": ["answer"]}
numbers               {"type": "integer", "format": "int64"}, {"type": "number", "format": "double"}
titles                none: generators would use them as class names
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

type Schema = dict[str, Any]

NULL: Final[Schema] = {"type": "null"}
_FORMATS: Final = {"integer": "int64", "number": "double"}
_OF_SCHEMAS: Final = ("properties", "$defs", "definitions", "patternProperties")
"""Keywords whose value contains schemas by name."""


def readable(schema: Schema, enums: Mapping[str, Schema]) -> Schema:
    """Return `schema` in the form that the module describes; `enums` are those that it refers to, by reference."""
    return mapped(schema, lambda each: _readable(each, enums))


def enums_of(schemas: Mapping[str, Schema], prefix: str) -> dict[str, Schema]:
    """Return the enums among the named schemas by their references, which begin with `prefix`."""
    return {
        prefix + name: schema for name, schema in schemas.items() if "enum" in schema and "properties" not in schema
    }


def mapped(schema: Schema, change: Callable[[Schema], Schema]) -> Schema:
    """Return `schema` with `change` applied to each schema in it and last to itself."""
    changed: Schema = {}
    for keyword, value in schema.items():
        match value:
            case dict() if keyword in _OF_SCHEMAS:
                changed[keyword] = {name: mapped(each, change) for name, each in value.items()}
            case dict() if keyword in {"items", "additionalProperties", "propertyNames", "schema"}:
                changed[keyword] = mapped(value, change)
            case list() if keyword in {"anyOf", "oneOf", "allOf"}:
                changed[keyword] = [mapped(each, change) for each in value]
            case _:
                changed[keyword] = value
    return change(changed)


def _readable(schema: Schema, enums: Mapping[str, Schema]) -> Schema:
    schema = {keyword: value for keyword, value in schema.items() if keyword != "title"}
    if "const" in schema:
        schema = {"type": "string"} | schema | {"enum": [schema["const"]]}
        del schema["const"]
    if "default" in schema and schema["default"] is None:
        del schema["default"]
    if schema.get("$ref") in enums:
        schema = _opened(enums[schema.pop("$ref")]) | schema
    if "anyOf" in schema:
        schema = _united(schema)
    if "$ref" in schema:
        schema.pop("default", None)
    if len(patterns := schema.get("patternProperties", {})) == 1 and "additionalProperties" not in schema:
        (pattern, values), *_ = patterns.items()
        names = {"pattern": pattern} | schema.get("propertyNames", {})
        schema = {key: value for key, value in schema.items() if key != "patternProperties"}
        schema |= {"additionalProperties": values, "propertyNames": names}
    if properties := schema.get("properties"):
        for name in schema.get("required", ()):
            properties[name] = {key: value for key, value in properties[name].items() if key != "default"}
    if isinstance(kind := schema.get("type"), str) and kind in _FORMATS:
        schema["format"] = _FORMATS[kind]
    return schema


def _opened(enum: Schema) -> Schema:
    return {"type": "string", "description": f"One of {', '.join(enum['enum'])}; more may come."}


def _united(schema: Schema) -> Schema:
    """Return an `anyOf` of one type and null as one type."""
    choices = schema.pop("anyOf")
    schemas = [choice for choice in choices if choice != NULL]
    strings = all(choice.get("type") == "string" for choice in schemas)
    if len(schemas) > 1 and not strings:
        return schema | {"anyOf": choices}
    described: Schema = next((choice for choice in schemas if "description" in choice), schemas[0])
    if len(schemas) == len(choices):
        return described | schema
    if "$ref" in described:
        return {"oneOf": [NULL, described]} | schema
    nullable: Schema = described | {"type": [described["type"], "null"]} | schema
    return nullable | {"enum": [*nullable["enum"], None]} if "enum" in nullable else nullable
