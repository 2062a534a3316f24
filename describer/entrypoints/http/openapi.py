"""What OpenAPI has to be told, because the code tells it otherwise: bodies of several types, headers, problems."""

from typing import Any, Final

from describer.entrypoints.http.content_negotiation import Form
from describer.entrypoints.http.problems import KINDS, MEDIA_TYPE, ProblemBody
from describer.entrypoints.http.schemas import Ask, Options
from describer.entrypoints.on_demand.service import MOST_SOURCES

ABOUT: Final = "Describes pictures on demand: the same stages and checks as for uploads, for callers who wait."

_TEXT: Final = {"type": "string"}
_REQUEST_ID: Final = {
    "x-request-id": {
        "description": "The call's id: the caller's, if it is a UUID; the trace of its traceparent; or a new one.",
        "required": True,
        "schema": _TEXT,
    }
}
_RETRY_AFTER: Final = {"retry-after": {"description": "Seconds.", "required": True, "schema": {"type": "integer"}}}
_ALLOW: Final = {"allow": {"description": "The methods that there are.", "required": True, "schema": _TEXT}}
_ETAG: Final = {"etag": {"description": "Of the record.", "required": True, "schema": _TEXT}}
_HEADERS: Final = {405: _ALLOW, 429: _RETRY_AFTER, 503: _RETRY_AFTER}

GUARDED: Final[dict[str, Any]] = {"security": [{"key": []}]}
"""By a function key, which the Functions host checks. It takes one in the query too, where every log would see it."""
SCHEMES: Final = {"key": {"type": "apiKey", "in": "header", "name": "x-functions-key"}}
IF_NONE_MATCH: Final[dict[str, Any]] = {
    "parameters": [
        {"name": "If-None-Match", "in": "header", "required": False, "schema": _TEXT, "description": "ETags you have."}
    ]
}

IF_MATCH: Final[dict[str, Any]] = {
    "parameters": [
        {
            "name": "If-Match",
            "in": "header",
            "required": True,
            "schema": _TEXT | {"pattern": r"^(\*|\"[!#-~]+\"(, ?\"[!#-~]+\")*)$"},
            "description": "The ETag of the record that you read; `*` changes whatever stands.",
        }
    ]
}


def _ok(description: str, headers: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"description": description, "headers": _REQUEST_ID | (headers or {}), **more}


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    titles = "; ".join(kind.title for kind in KINDS.values() if kind.status == status)
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return _ok(f"{titles}.", _HEADERS.get(status), content=content)


_DENIED: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "The function key is missing or wrong. The Functions host says so, without a body."}
}
_COMMON: Final = _problems(405, 500, 503)

DESCRIBE: Final[dict[int | str, dict[str, Any]]] = {
    200: _ok(
        "One picture's description; with several pictures, `results` in their order; with `prompt`, one `answer`.",
        content={Form.TEXT.value: {"schema": _TEXT}},
    ),
    **_DENIED,
    **_problems(400, 403, 404, 406, 413, 415, 422, 429),
    **_COMMON,
}
READ: Final[dict[int | str, dict[str, Any]]] = {
    200: _ok("The record, as its sidecar has it.", _ETAG),
    304: _ok("You have it.", _ETAG),
    400: {"description": "The path is no UTF-8; without a body."},
    **_DENIED,
    **_problems(404, 422),
    **_COMMON,
}
CORRECT: Final[dict[int | str, dict[str, Any]]] = {
    200: _ok("The record as it stands now.", _ETAG),
    **_DENIED,
    **_problems(400, 404, 412, 413, 422, 428, 429),
    **_COMMON,
}
LIST: Final[dict[int | str, dict[str, Any]]] = {200: _ok("A page."), **_DENIED, **_problems(404, 422), **_COMMON}
HEALTH: Final[dict[int | str, dict[str, Any]]] = {200: _ok("It runs."), **_problems(405, 500)}
DEEP: Final[dict[int | str, dict[str, Any]]] = {
    200: _ok("Every connection works, or cannot be judged from here."),
    **_DENIED,
    **_problems(405, 500),
    503: _ok(
        "At least one connection does not work.",
        content={Form.JSON.value: {"schema": {"$ref": "#/components/schemas/DeepHealth"}}},
    ),
}


def _form_schema() -> dict[str, Any]:
    files = {"type": "array", "items": {"type": "string", "format": "binary"}, "minItems": 1, "maxItems": MOST_SOURCES}
    options = Options.model_json_schema(ref_template="#/components/schemas/{model}")["properties"]
    return {
        "type": "object",
        "required": ["images"],
        "additionalProperties": False,
        "properties": {"images": files} | {name: _given(schema) for name, schema in options.items()},
    }


def _given(schema: dict[str, Any]) -> dict[str, Any]:
    """An option as a form has it: it is there or not, and never null."""
    rest = {name: value for name, value in schema.items() if name not in {"anyOf", "default", "title"}}
    given: dict[str, Any] = next(choice for choice in schema["anyOf"] if choice != {"type": "null"})
    return given | rest


def _plain(parameter: dict[str, Any]) -> None:
    schema = parameter["schema"]
    given = _given(schema) if "anyOf" in schema else schema
    parameter["schema"] = {name: value for name, value in given.items() if name not in {"title", "description"}}


BODY: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {"schema": {"$ref": "#/components/schemas/Ask"}},
            "multipart/form-data": {"schema": _form_schema()},
            "image/*": {"schema": {"type": "string", "format": "binary"}},
        },
    }
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """The document with the schemas that no answer has, and how one signs in."""
    for operation in (operation for methods in document["paths"].values() for operation in methods.values()):
        for parameter in operation.get("parameters", ()):
            _plain(parameter)
    schemas = document["components"]["schemas"]
    for model in (Ask, ProblemBody):
        own = model.model_json_schema(ref_template="#/components/schemas/{model}")
        schemas.update(own.pop("$defs", {}))
        schemas[model.__name__] = own
    schemas.pop("HTTPValidationError", None)
    schemas.pop("ValidationError", None)
    document["components"]["securitySchemes"] = SCHEMES
    return document
