"""Problem details (RFC 9457), each of a stable kind.

Every kind is a row of `KINDS`, shown in docs/http.md. A problem says what was wrong and what to do, but nothing about
the app's internals.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, Field
from starlette.responses import JSONResponse

from describer.domain.errors import (
    AlreadyRunning,
    Busy,
    Declined,
    DescriberError,
    Excluded,
    FetchFailed,
    ImageRejected,
    InvalidRequest,
    Misconfigured,
    NotFound,
    Outdated,
    Transient,
    UrlFault,
)
from describer.domain.status import Status

MEDIA_TYPE: Final = "application/problem+json"
_URN: Final = "urn:image-describer:problem:"
RETRY_SECONDS: Final = 30
"""Seconds to wait if no delay is known."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem; all problems of the kind have this title and advice."""

    status: int
    title: str
    advice: str


KINDS: Final[Mapping[str, Kind]] = {
    "bad-request": Kind(400, "The body cannot be parsed", "Send it as its content type says."),
    "off-limits": Kind(403, "The blob is off limits", "Ask the operator of this installation which blobs it may read."),
    "not-found": Kind(404, "Not found", "Check the address, the container and the name."),
    "method-not-allowed": Kind(405, "The method is not allowed here", "Use one that the header Allow names."),
    "not-acceptable": Kind(406, "The answer is not available in that form", "Change the header Accept."),
    "already-running": Kind(409, "A backfill is running", "Stop it, or wait until it has ended."),
    "length-required": Kind(
        411, "The body has no length", "Send a Content-Length: buffer the body first, and send it as a whole."
    ),
    "outdated": Kind(
        412, "The record has changed since you read it", "Read it again, and decide by `current` and `given`."
    ),
    "too-large": Kind(413, "The request is too large", "Send less, or smaller pictures."),
    "unsupported-media-type": Kind(
        415, "The body's type is not supported", "Send image/*, multipart/form-data or application/json."
    ),
    "invalid": Kind(422, "The request is invalid", "Change what `errors` names."),
    "unfetchable": Kind(422, "The URL provides no picture", "Give the public https address of the picture itself."),
    "picture-filtered": Kind(
        422, "The content filter blocked the picture", "Describe it by hand, or have the model's filter adjusted."
    ),
    "picture-unsupported": Kind(
        422, "The picture's format is not supported", "Send a JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF."
    ),
    "picture-corrupt": Kind(422, "The picture cannot be decoded", "Check that all of it was sent."),
    "picture-too-large": Kind(422, "The picture is too large", "Send a smaller copy."),
    "picture-archived": Kind(422, "The picture is in the archive tier", "Move the blob to another tier first."),
    "picture-failed": Kind(
        422, "The model gave no usable answer", "Ask for less, or with more max_tokens, or another model."
    ),
    "declined": Kind(
        422,
        "The model's server rejects the request",
        "Send fewer or smaller pictures, ask for less, or choose another model.",
    ),
    "needs-review": Kind(
        422, "The answer needs a person's review", "Ask for application/json, which has the texts and the flags."
    ),
    "precondition-required": Kind(
        428, "The header If-Match is missing", "Send the ETag of the record that you read, or * for any."
    ),
    "busy": Kind(429, "Too many requests", "Try again after the seconds in Retry-After."),
    "internal": Kind(500, "Something went wrong inside", "Report the request_id to the operator of this installation."),
    "unavailable": Kind(503, "Temporarily unavailable", "Try again after the seconds in Retry-After."),
    "misconfigured": Kind(
        503,
        "The installation has a fault",
        "Report the request_id to the operator of this installation; /api/health/deep shows the fault.",
    ),
}


class _Part(BaseModel, extra="forbid", json_schema_extra=lambda schema: schema.pop("additionalProperties")):
    """Strict here, but open for callers: later versions add fields."""


class Fault(_Part):
    """The fault of one field."""

    field: str
    """The field's path, such as `images[0].url`."""
    message: str


class Version(_Part):
    """The facts about one version of a record."""

    etag: str
    at: str | None = None
    status: Status | None = None
    review: str | None = None
    alt_text: str | None = None


class ProblemBody(_Part):
    """A problem (RFC 9457)."""

    type: str = Field(description=f"{_URN}KIND; the kinds are {', '.join(KINDS)}, and more may come.")
    title: str
    status: int
    detail: str = Field(description="What was wrong.")
    advice: str = Field(description="What to do.")
    request_id: str
    code: UrlFault | None = Field(None, description="Why a URL provides no picture.")
    outcome: Status | None = Field(None, description="The status that the picture's record would have.")
    flags: list[str] | None = None
    errors: list[Fault] | None = None
    current: Version | None = Field(None, description="The current record.")
    given: Version | None = Field(None, description="The record that you read, as far as the history contains it.")


@dataclass(eq=False)
class Problem(Exception):
    """A problem to be sent.

    Args:
        kind: one of `KINDS`.
        detail: a sentence on what was wrong.
        more: additional members of the body.
    """

    kind: str
    detail: str
    more: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        kind = KINDS[self.kind]
        body = ProblemBody(
            type=_URN + self.kind,
            title=kind.title,
            status=kind.status,
            detail=self.detail,
            advice=kind.advice,
            request_id=request_id,
            **self.more,
        )
        return body.model_dump(mode="json", exclude_none=True)

    def response(self, request_id: str) -> JSONResponse:
        return JSONResponse(self.body(request_id), KINDS[self.kind].status, self.headers, MEDIA_TYPE)

    @classmethod
    def of(cls, error: DescriberError) -> "Problem":
        """Return the problem for an error of the app."""
        match error:
            case ImageRejected():
                return cls.of_status(error.status, str(error))
            case AlreadyRunning():
                return cls("already-running", str(error))
            case InvalidRequest():
                return cls.invalid({error.field: str(error)})
            case Excluded():
                return cls("off-limits", str(error))
            case Outdated():
                return cls("outdated", str(error), {"current": error.current, "given": error.given})
            case NotFound():
                return cls("not-found", str(error))
            case FetchFailed():
                return cls("unfetchable", str(error), {"code": error.code})
            case Declined():
                return cls("declined", error.sentence)
            case Transient():
                wait = {"retry-after": str(math.ceil(error.retry_after or RETRY_SECONDS))}
                return cls("busy" if isinstance(error, Busy) else "unavailable", error.sentence, headers=wait)
            case Misconfigured():
                detail = "A resource that the app needs is missing or rejects it."  # details are for operators only
                return cls("misconfigured", detail, headers={"retry-after": str(RETRY_SECONDS)})
            case _:
                return cls("internal", "Unexpected error.")

    @classmethod
    def of_status(cls, status: Status, reason: str) -> "Problem":
        """Return the problem for a picture without a description."""
        name = f"picture-{status.replace('_', '-')}"
        return cls(name, reason or KINDS[name].title, {"outcome": status})

    @classmethod
    def invalid(cls, faults: Mapping[str, str]) -> "Problem":
        """Return the problem for invalid fields, by name; each message is a sentence."""
        errors = [{"field": name, "message": message} for name, message in faults.items()]
        detail = " ".join(f"{name}: {message}" for name, message in faults.items())
        return cls("invalid", detail[:1000], {"errors": errors})
