"""Converts the interface to Swagger 2.0, for custom connectors (Power Platform, Logic Apps).

It can express less than OpenAPI 3.1. The rest is left out, and `info.description` says so: forms with several files,
alternatives (one schema has all their fields, and only `kind` is required), nullable values, and other types of bodies
and answers than the first.
"""

from typing import Any, Final
from urllib.parse import urlsplit

from describer.domain.json_schema import NULL, Schema, mapped

_OLD: Final = "#/components/schemas/"
_NEW: Final = "#/definitions/"
_LEFT_OUT: Final = (
    " Swagger 2.0 can express less than OpenAPI 3.1: forms with several files are left out; alternatives are one "
    "schema with the fields of all, of which only `kind` is required; a value with `x-nullable` may be null, and "
    "so may any object that is not required. GET /api/openapi.json has everything."
)
_UNKNOWN: Final = frozenset({"examples", "contentEncoding", "propertyNames", "patternProperties", "discriminator"})
_OF_VALUES: Final = {"type", "format", "enum", "pattern", "minLength", "maxLength", "minimum", "maximum"}
_IN_A_PARAMETER: Final = frozenset(_OF_VALUES | {"minItems", "maxItems", "items", "default"})


def of(document: dict[str, Any]) -> dict[str, Any]:
    """Return an OpenAPI 3.1 document, with alternatives as `oneOf`, in Swagger 2.0."""
    server = urlsplit(document["servers"][0]["url"])
    schemas = document["components"]["schemas"]
    flat = {name: _flat(schema, schemas) for name, schema in schemas.items()}
    paths = {
        path: {method: _operation(operation) for method, operation in methods.items() if not _is_form(operation)}
        for path, methods in document["paths"].items()
    }
    definitions = {name: mapped(schema, _schema) for name, schema in flat.items()}
    return {
        "swagger": "2.0",
        "info": document["info"] | {"description": document["info"]["description"] + _LEFT_OUT},
        "host": server.netloc,
        "basePath": server.path or "/",
        "schemes": [server.scheme],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": document["components"]["securitySchemes"],
        "paths": {path: methods for path, methods in paths.items() if methods},
        "definitions": {name: definitions[name] for name in definitions if name != "DescribeForm"},
    }


def _flat(schema: Schema, schemas: dict[str, Schema]) -> Schema:
    """Return alternatives as one object."""
    if "discriminator" not in schema:
        return schema
    alternatives = [schemas[choice["$ref"].removeprefix(_OLD)] for choice in schema["oneOf"]]
    fields = {name: field for alternative in alternatives for name, field in alternative["properties"].items()}
    kinds = ", ".join(schema["discriminator"]["mapping"])
    kind = {"type": "string", "description": f"One of {kinds}; it determines which fields are present."}
    return {"type": "object", "required": ["kind"], "properties": fields | {"kind": kind}}


def _schema(schema: Schema) -> Schema:
    kept = {name: value for name, value in schema.items() if name not in _UNKNOWN}
    if NULL in kept.get("oneOf", ()):
        (kept,) = (choice for choice in kept["oneOf"] if choice != NULL)
    if "$ref" in kept:
        return {"$ref": kept["$ref"].replace(_OLD, _NEW)}
    if isinstance(kinds := kept.get("type"), list):
        kept |= {"type": kinds[0], "x-nullable": True}
        kept |= {"enum": [value for value in kept["enum"] if value is not None]} if "enum" in kept else {}
    return kept


def _is_form(operation: dict[str, Any]) -> bool:
    return "multipart/form-data" in operation.get("requestBody", {}).get("content", ())


def _operation(operation: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {
        name: operation[name] for name in ("operationId", "summary", "description", "security") if name in operation
    }
    parameters = [_parameter(parameter) for parameter in operation.get("parameters", ())]
    if body := operation.get("requestBody"):
        media_type, media = next(iter(body["content"].items()))
        kept["consumes"] = [media_type] if media_type == "application/json" else [*body["content"]]
        parameters.append({"name": "body", "in": "body", "required": True, "schema": mapped(media["schema"], _schema)})
    kept["produces"] = ["application/json", "application/problem+json"]
    responses = {status: _response(response) for status, response in operation["responses"].items()}
    return kept | {"parameters": parameters, "responses": responses}


def _parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    kept = {name: parameter[name] for name in ("name", "in", "required", "description") if name in parameter}
    simple = {name: value for name, value in parameter["schema"].items() if name in _IN_A_PARAMETER}
    return kept | simple | ({"collectionFormat": "multi"} if simple["type"] == "array" else {})


def _response(response: dict[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"description": response["description"]}
    if headers := response.get("headers"):
        kept["headers"] = {
            name: {"description": header["description"]}
            | {key: value for key, value in header["schema"].items() if key in _IN_A_PARAMETER}
            for name, header in headers.items()
        }
    for media in response.get("content", {}).values():
        return kept | {"schema": mapped(media["schema"], _schema)}
    return kept
