"""Generates the interface's documents from FastAPI's routes: OpenAPI 3.1 in two forms, and Swagger 2.0.

Both forms of OpenAPI distinguish alternatives by `kind`, with a fixed value in each. Generators differ in how they read
alternatives: those for .NET and Java by inheritance (a schema that the alternatives extend), those for TypeScript and
others by `oneOf`. The schemas, their names and all values are the same.
"""

import copy
from collections.abc import Iterator
from enum import StrEnum
from typing import Any, Final

from describer.domain.json_schema import Schema, enums_of, readable
from describer.entrypoints.http import inheritance, swagger
from describer.entrypoints.http.openapi import SCHEMES, SERVER
from describer.entrypoints.http.problems import ProblemBody
from describer.entrypoints.http.schemas import Ask, DescribeForm

PREFIX: Final = "#/components/schemas/"
_IN_ITS_BODY: Final = "describe"
"""The operation whose options are documented in its body only: generators fail if an option is in two places."""

_RENAMED: Final = {"Record": "StoredRecord"}
"""Schemas whose own names hide what generated code needs: Kiota's TypeScript writes `Record<string, …>` beside them."""


class Document(StrEnum):
    """The forms of the document."""

    INHERITANCE = "inheritance"
    """OpenAPI 3.1 for NSwag, Kiota, openapi-generator and others."""
    ONE_OF = "oneOf"
    """OpenAPI 3.1 for openapi-typescript, openapi-python-client and others, including validators."""
    SWAGGER = "swagger"
    """Swagger 2.0 for custom connectors."""


def written(generated: dict[str, Any], form: Document, server: str = SERVER) -> dict[str, Any]:
    """Return FastAPI's document in a form, with the app's own address; `generated` is not changed."""
    document: dict[str, Any] = _renamed(_complete(copy.deepcopy(generated))) | {
        "servers": [{"url": server.rstrip("/")}]
    }
    match form:
        case Document.ONE_OF:
            return document
        case Document.INHERITANCE:
            return inheritance.inherited(document)
        case Document.SWAGGER:
            return swagger.of(document)


def operations(document: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return (operation for methods in document["paths"].values() for operation in methods.values())


def _complete(document: dict[str, Any]) -> dict[str, Any]:
    schemas = document["components"]["schemas"]
    for model in (Ask, DescribeForm, ProblemBody):
        own = model.model_json_schema(ref_template=f"{PREFIX}{{model}}")
        schemas.update(own.pop("$defs", {}))
        schemas[model.__name__] = own
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    enums = enums_of(schemas, PREFIX)
    named = {name: readable(schema, enums) for name, schema in sorted(schemas.items()) if PREFIX + name not in enums}
    for schema in named.values():
        _add_discriminator(schema, named)
        _drop_defaults(schema)
    for operation in operations(document):
        _tidy(operation, enums)
    document["components"] = {"schemas": named, "securitySchemes": SCHEMES}
    return document


def _renamed(value: Any, schemas: bool = False) -> Any:
    """Return the document with the schemas of `_RENAMED` renamed, and the references to them."""
    match value:
        case dict():
            names = {name: _RENAMED.get(name, name) if schemas else name for name in value}
            return {names[name]: _renamed(each, name == "schemas") for name, each in value.items()}
        case list():
            return [_renamed(each) for each in value]
        case str() if value.startswith(PREFIX):
            name = value.removeprefix(PREFIX)
            return PREFIX + _RENAMED.get(name, name)
        case _:
            return value


def _drop_defaults(schema: Schema) -> None:
    """Leave defaults to the descriptions: openapi-typescript takes a property with one for required."""
    for value in schema.get("properties", {}).values():
        value.pop("default", None)


def _add_discriminator(schema: Schema, named: dict[str, Schema]) -> None:
    """Add the discriminator to alternatives; pydantic adds it only if every caller must send it."""
    references = [choice.get("$ref", "") for choice in schema.get("oneOf", ())]
    if len(references) > 1 and all(references):
        kinds = {}
        for reference in references:
            alternative = named[reference.removeprefix(PREFIX)]
            kinds[alternative["properties"]["kind"]["enum"][0]] = reference
            alternative["required"] = list(dict.fromkeys(["kind", *alternative["required"]]))
            alternative["properties"]["kind"].pop("default", None)
        schema["discriminator"] = {"propertyName": "kind", "mapping": kinds}


def _tidy(operation: dict[str, Any], enums: dict[str, Schema]) -> None:
    if operation["operationId"] == _IN_ITS_BODY:
        del operation["parameters"]
    for parameter in operation.get("parameters", ()):
        parameter["schema"] = _given(readable(parameter["schema"], enums))
    for response in operation["responses"].values():
        for media in response.get("content", {}).values():
            media["schema"] = readable(media["schema"], enums)


def _given(schema: Schema) -> Schema:
    """Return a parameter's schema without null, since a parameter is present or absent."""
    given = {name: value for name, value in schema.items() if name != "description"}
    if isinstance(kinds := given.get("type"), list):
        given["type"] = kinds[0]
        given |= {"enum": [value for value in given["enum"] if value is not None]} if "enum" in given else {}
    return given
