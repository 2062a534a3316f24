"""A linter of OpenAPI 3.1 documents for constructs that generators of clients handle badly."""

from collections.abc import Iterator
from typing import Any

PREFIX = "#/components/schemas/"
type Document = dict[str, Any]


def faults(document: Document) -> list[str]:
    """Return a sentence for each fault."""
    checks = (
        maps,
        shared_names,
        split_names,
        nulls,
        alternatives,
        widths,
        closed_enums,
        waits,
        inline,
        servers,
        optional,
        hidden_names,
        defaults,
    )
    return [fault for check in checks for fault in check(document)]


def defaults(document: Document) -> Iterator[str]:
    """openapi-typescript treats a property with a default as required: a new option would break its callers."""
    for name, schema in document["components"]["schemas"].items():
        for field, value in schema.get("properties", {}).items():
            if "default" in value:
                yield f"{name}: {field} has a default"


def hidden_names(document: Document) -> Iterator[str]:
    """A schema has a name that generated code uses itself."""
    own = {"Record", "Partial", "Error", "Date", "Promise", "Object", "String", "Number", "Boolean", "Enum", "Parsable"}
    for name in own & document["components"]["schemas"].keys():
        yield f"the schema {name} hides what generated code needs"


def operations(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each with its id."""
    for methods in document["paths"].values():
        for operation in methods.values():
            yield operation["operationId"], operation


def schemas(document: Document) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every schema at every depth, with its place."""

    def within(where: str, node: Any) -> Iterator[tuple[str, dict[str, Any]]]:
        if isinstance(node, dict):
            yield where, node
            for name, each in node.items():
                if name not in {"examples", "example", "mapping"}:
                    yield from within(f"{where}/{name}", each)
        elif isinstance(node, list):
            for number, each in enumerate(node):
                yield from within(f"{where}/{number}", each)

    yield from within("", {"paths": document["paths"], "schemas": document["components"]["schemas"]})


def shared_names(document: Document) -> Iterator[str]:
    """An option in the query and in the form becomes two parameters of one method."""
    for name, operation in operations(document):
        query = {parameter["name"] for parameter in operation.get("parameters", ())}
        for media in operation.get("requestBody", {}).get("content", {}).values():
            fields = _resolved(document, media["schema"]).get("properties", {})
            if both := query & fields.keys():
                yield f"{name}: {', '.join(sorted(both))} in the query and in the body"


def maps(document: Document) -> Iterator[str]:
    """Generators ignore the values of `patternProperties`."""
    for where, schema in schemas(document):
        if isinstance(schema.get("patternProperties"), dict):
            yield f"{where}: a map by pattern"


def split_names(document: Document) -> Iterator[str]:
    """Generators split ids at underscores into classes."""
    for name, _ in operations(document):
        if not name.isalnum() or not name[0].islower():
            yield f"{name} is no camelCase"


def nulls(document: Document) -> Iterator[str]:
    """`anyOf` with null becomes a class of its own."""
    for where, schema in schemas(document):
        choices = schema.get("anyOf", ())
        if isinstance(choices, list) and any(choice.get("type") == "null" for choice in choices):
            yield f"{where}: anyOf with null"


def alternatives(document: Document) -> Iterator[str]:
    """A property with one fixed value in each distinguishes alternatives; with inheritance, only the base has it."""
    for where, schema in schemas(document):
        choices = [c for key in ("anyOf", "oneOf") for c in schema.get(key, ()) if c != {"type": "null"}]
        if len(choices) > 1 and "discriminator" not in schema:
            yield f"{where}: alternatives without a discriminator"
        for kind, reference in _mapping(schema).items():
            alternative = document["components"]["schemas"][reference.removeprefix(PREFIX)]
            told_by = schema["discriminator"]["propertyName"]
            if "oneOf" not in schema:
                if told_by in alternative["allOf"][-1]["properties"] or told_by not in schema["required"]:
                    yield f"{reference}: its {told_by} is not that of the base alone"
            elif (
                alternative["properties"].get(told_by, {}).get("enum") != [kind]
                or told_by not in alternative["required"]
            ):
                yield f"{reference}: its {told_by} is not always {kind}"


def widths(document: Document) -> Iterator[str]:
    """Many generators use 32-bit integers unless a format is given."""
    for where, schema in schemas(document):
        kinds = schema.get("type")
        if "integer" in (kinds if isinstance(kinds, list) else [kinds]) and schema.get("format") != "int64":
            yield f"{where}: an integer that is not int64"


def closed_enums(document: Document) -> Iterator[str]:
    """A client must be able to read an answer with a value that it does not know."""
    for name in _answers(document):
        for where, schema in _within(document["components"]["schemas"][name], name):
            fixed = {"kind", "status"} if name in {"Undescribed", "Health", "DeepHealth"} else {"kind"}
            if "enum" in schema and where.rpartition("/")[2] not in fixed:
                yield f"{where}: a closed enum in an answer"


def waits(document: Document) -> Iterator[str]:
    """Generated clients retry on 429 and 503 after the stated time."""
    for name, operation in operations(document):
        for status in {"429", "503"} & operation["responses"].keys():
            if "retry-after" not in operation["responses"][status].get("headers", {}):
                yield f"{name}: {status} without Retry-After"


def inline(document: Document) -> Iterator[str]:
    """Objects have our names, not a generator's."""
    for name, operation in operations(document):
        bodies = [operation.get("requestBody", {}), *operation["responses"].values()]
        for media in (media for body in bodies for media in body.get("content", {}).values()):
            if "$ref" not in media["schema"] and media["schema"].get("type") != "string":
                yield f"{name}: an inline schema"


def servers(document: Document) -> Iterator[str]:
    """Clients need the app's address."""
    if not all(server.get("url", "").startswith("http") for server in document.get("servers") or [{}]):
        yield "no servers"


def optional(document: Document) -> Iterator[str]:
    """Properties that answers always have are required, so that generated types cannot be null. Problems omit null."""
    for name in _answers(document) - {"ProblemBody", "Version"}:
        schema = document["components"]["schemas"][name]
        own = schema["allOf"][-1] if "allOf" in schema else schema
        if missing := own.get("properties", {}).keys() - {*own.get("required", ())}:
            yield f"{name}: {', '.join(sorted(missing))} not required"


def _mapping(schema: dict[str, Any]) -> dict[str, str]:
    discriminator = schema.get("discriminator", {})
    return discriminator.get("mapping", {}) if isinstance(discriminator, dict) else {}


def _resolved(document: Document, schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref", "").removeprefix(PREFIX)
    found: dict[str, Any] = document["components"]["schemas"].get(reference, schema)
    return found


def _answers(document: Document) -> set[str]:
    """Return the names of all schemas in answers."""
    named = document["components"]["schemas"]
    found: set[str] = set()
    pending = [
        media["schema"]["$ref"]
        for _, operation in operations(document)
        for response in operation["responses"].values()
        for media in response.get("content", {}).values()
        if "$ref" in media["schema"]
    ]
    while pending:
        name = pending.pop().removeprefix(PREFIX)
        if name not in found:
            found.add(name)
            pending += [schema["$ref"] for _, schema in _within(named[name], name) if "$ref" in schema]
            pending += _mapping(named[name]).values()
    return found


def _within(schema: dict[str, Any], name: str) -> Iterator[tuple[str, dict[str, Any]]]:
    return schemas({"paths": {}, "components": {"schemas": {name: schema}}})
