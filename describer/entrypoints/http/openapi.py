"""Parts of the OpenAPI document that the code cannot express: bodies of several types, headers, problems."""

from http import HTTPStatus
from typing import Any, Final

from describer.entrypoints.http.content_negotiation import Form, ListForm
from describer.entrypoints.http.problems import MEDIA_TYPE

VERSION: Final = "1.0.0"
"""Version of the interface, not of the app: see docs/adr/0040-versions-of-the-interface.md."""
ABOUT: Final = "Describes pictures on demand: the same stages and checks as for uploads, for callers who wait."
SERVER: Final = "https://YOUR-APP.azurewebsites.net"
"""Placeholder for the app's address, which a request replaces."""

_TEXT: Final = {"type": "string"}
_REQUEST_ID: Final = {
    "x-request-id": {
        "description": "The call's id: the caller's if it is a UUID, the trace of its traceparent, or a new one.",
        "required": True,
        "schema": _TEXT,
    }
}
_SECONDS: Final = {"type": "integer", "format": "int64"}
_RETRY_AFTER: Final = {"retry-after": {"description": "Seconds.", "required": True, "schema": _SECONDS}}
_ALLOW: Final = {"allow": {"description": "The allowed methods.", "required": True, "schema": _TEXT}}
_LOCATION: Final = {"location": {"description": "Where it says how far it is.", "required": True, "schema": _TEXT}}
_ETAG: Final = {"etag": {"description": "The record's ETag.", "required": True, "schema": _TEXT}}
_HEADERS: Final = {405: _ALLOW, 429: _RETRY_AFTER, 503: _RETRY_AFTER}

GUARDED: Final[dict[str, Any]] = {"security": [{"key": []}]}
"""The function key, which the Functions host checks. The host accepts it in the query too, but there it would be
logged.
"""
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
            "description": "The ETag of the record that you read; `*` matches any version.",
        }
    ]
}


def _ok(description: str, headers: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {"description": description, "headers": _REQUEST_ID | (headers or {}), **more}


def _problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    return {status: _problem(status) for status in statuses}


def _problem(status: int) -> dict[str, Any]:
    content = {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/ProblemBody"}}}
    return _ok(f"A problem: {HTTPStatus(status).phrase}.", _HEADERS.get(status), content=content)


_DENIED: Final[dict[int | str, dict[str, Any]]] = {
    401: {"description": "The function key is missing or wrong. The Functions host answers, without a body."}
}
_COMMON: Final = _problems(405, 500, 503)


def _responses(answers: dict[int | str, dict[str, Any]], *problems: int) -> dict[int | str, dict[str, Any]]:
    """Return an operation's responses: these, a missing key's, and its problems besides those of all operations."""
    return {**answers, **_DENIED, **_problems(*problems), **_COMMON}


DESCRIBE: Final = _responses(
    {200: _ok("By `kind`: one picture's description; several, in the given order; or, with `prompt`, one answer.")},
    *(400, 403, 404, 406, 411, 413, 415, 422, 429),
)
READ: Final = _responses(
    {
        200: _ok("The record, as in its sidecar.", _ETAG),
        304: _ok("You have the current version.", _ETAG),
    },
    *(404, 422),
)
CORRECT: Final = _responses({200: _ok("The resulting record.", _ETAG)}, *(400, 404, 411, 412, 413, 415, 422, 428, 429))
LIST: Final = _responses(
    {
        200: _ok(
            "A page. In CSV and JSON lines, the header Link leads to the next page.",
            {"link": {"description": "RFC 8288, with CSV and JSON lines.", "required": False, "schema": _TEXT}},
            content={form.value: {"schema": _TEXT} for form in (ListForm.CSV, ListForm.JSONL)},
        )
    },
    *(404, 406, 422),
)
COVERAGE: Final = _responses({200: _ok("The counts.")}, 404, 422)
BEGIN_BACKFILL: Final = _responses({202: _ok("It has begun.", _LOCATION)}, *(400, 404, 409, 411, 413, 415, 422, 429))
BACKFILL: Final = _responses({200: _ok("The backfill.")}, 404, 422)
STOP_BACKFILL: Final = {**BACKFILL, **_problems(429)}
HEALTH: Final[dict[int | str, dict[str, Any]]] = {200: _ok("The app runs."), **_problems(405, 500)}
DEEP: Final[dict[int | str, dict[str, Any]]] = {
    200: _ok("Every connection works or cannot be checked from here."),
    **_DENIED,
    **_problems(405, 500),
    503: _ok(
        "At least one connection does not work.",
        _RETRY_AFTER,
        content={Form.JSON.value: {"schema": {"$ref": "#/components/schemas/DeepHealth"}}},
    ),
}


IMAGE_TYPES: Final = (
    "application/octet-stream",
    "image/jpeg",
    "image/png",
    "image/gif",
    "image/webp",
    "image/bmp",
    "image/tiff",
    "image/heic",
    "image/avif",
)
"""Content types of a picture; its bytes show the format."""


def _body(schema: dict[str, str], *media_types: str) -> dict[str, Any]:
    content = {media_type: {"schema": dict(schema)} for media_type in media_types}
    return {"requestBody": {"required": True, "content": content}}


JSON_BODY: Final = _body({"$ref": "#/components/schemas/Ask"}, "application/json")
FORM_BODY: Final = _body({"$ref": "#/components/schemas/DescribeForm"}, "multipart/form-data")
PICTURE_BODY: Final = _body({"type": "string", "format": "binary"}, *IMAGE_TYPES)
