"""Converts alternatives to inheritance: each extends a schema with only `kind` and any other field.

The alternatives do not repeat `kind`, since NSwag's clients would write it twice.
"""

from typing import Any, Final

from describer.domain.json_schema import Schema

_BASE: Final = "The alternatives extend this schema; `kind` says which one it is."


def inherited(document: dict[str, Any]) -> dict[str, Any]:
    """Return the document with each `oneOf` with a discriminator replaced by a schema that the alternatives extend."""
    schemas = document["components"]["schemas"]
    changed = dict(schemas)
    for name, union in schemas.items():
        if discriminator := union.get("discriminator"):
            changed[name] = _base(discriminator, union.get("description", _BASE))
            for reference in discriminator["mapping"].values():
                alternative = reference.rpartition("/")[2]
                base = reference.replace(alternative, name)
                changed[alternative] = _extending(changed[alternative], base, discriminator["propertyName"])
    return document | {"components": document["components"] | {"schemas": changed}}


def _base(discriminator: dict[str, Any], description: str) -> Schema:
    known = ", ".join(discriminator["mapping"])
    kind = {"type": "string", "description": f"One of {known}; more may come."}
    return {
        "type": "object",
        "description": description,
        "required": [discriminator["propertyName"]],
        "properties": {discriminator["propertyName"]: kind},
        "additionalProperties": True,
        "discriminator": discriminator,
    }


def _extending(alternative: Schema, base: str, kind: str) -> Schema:
    own = {name: value for name, value in alternative.items() if name != "additionalProperties"}
    own["properties"] = {name: value for name, value in own["properties"].items() if name != kind}
    own["required"] = [name for name in own["required"] if name != kind]
    return {"allOf": [{"$ref": base}, own]}
