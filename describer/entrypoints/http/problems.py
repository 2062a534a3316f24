"""What is answered instead of what was asked for: problem details (RFC 9457), each of a kind that programs may rely on.

Every kind is a row of `KINDS`; docs/http.md shows them. A problem says what was wrong and what to do, and never how the
inside of the app looks.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import BaseModel, ConfigDict, Field
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
"""Where nobody said how long to wait."""


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of problem.

    Args:
        status: of HTTP.
        title: the same for all of the kind.
        advice: what to do.
    """

    status: int
    title: str
    advice: str


KINDS: Final[Mapping[str, Kind]] = {
    "bad-request": Kind(400, "The body cannot be read", "Send it as its content type says."),
    "off-limits": Kind(403, "The blob is off limits", "Ask the operator of this installation which blobs it may read."),
    "not-found": Kind(404, "Not found", "Check the address, the container and the name."),
    "method-not-allowed": Kind(405, "The method is not allowed here", "Use one that the header Allow names."),
    "not-acceptable": Kind(406, "The answer cannot be had in that form", "Change the header Accept."),
    "already-running": Kind(409, "A sweep is running", "Stop it, or wait until it has ended."),
    "length-required": Kind(
        411, "The body came without its length", "Send a Content-Length: buffer the body first, and send it whole."
    ),
    "outdated": Kind(
        412, "The record has changed since you read it", "Read it again, and decide by what `current` and `given` say."
    ),
    "too-large": Kind(413, "The request is too large", "Send less, or smaller pictures."),
    "unsupported-media-type": Kind(
        415, "The body is of a type that is not read", "Send image/*, multipart/form-data or application/json."
    ),
    "invalid": Kind(422, "Something that was asked for cannot be done", "Change what `errors` names."),
    "unfetchable": Kind(422, "Nothing can be had from the URL", "Give the public https address of the picture itself."),
    "picture-filtered": Kind(
        422, "The content filter stopped the picture", "Describe it by hand, or have the filter of the model adjusted."
    ),
    "picture-unsupported": Kind(
        422, "The picture is of a kind that is not read", "Send a JPEG, PNG, GIF, WebP, BMP, TIFF, HEIC or AVIF."
    ),
    "picture-corrupt": Kind(422, "The picture cannot be decoded", "Check that all of it was sent."),
    "picture-too-large": Kind(422, "The picture is too large", "Send it smaller."),
    "picture-archived": Kind(422, "The picture is in the archive tier", "Move the blob to another tier first."),
    "picture-failed": Kind(
        422, "The model gave no usable answer", "Ask for less, or with more max_tokens, or another model."
    ),
    "declined": Kind(
        422,
        "The model's server does not take the request",
        "Send fewer or smaller pictures, ask for less, or choose another model.",
    ),
    "needs-review": Kind(
        422, "A person should look at the answer first", "Ask for application/json, which has the texts and the flags."
    ),
    "precondition-required": Kind(
        428, "The header If-Match is missing", "Send the ETag of the record that you read, or * for any."
    ),
    "busy": Kind(429, "Too much at once", "Try again after the seconds that Retry-After says."),
    "internal": Kind(500, "Something went wrong inside", "Report the request_id to the operator of this installation."),
    "unavailable": Kind(503, "Not now", "Try again after the seconds that Retry-After says."),
    "misconfigured": Kind(
        503,
        "The installation has a fault",
        "Report the request_id to the operator of this installation; /api/health/deep shows the fault.",
    ),
}


_ANSWER: Final = ConfigDict(extra="forbid", json_schema_extra=lambda schema: schema.pop("additionalProperties"))
"""Strict here, and open for callers: later versions add fields."""


class Fault(BaseModel):
    """What is wrong with one field."""

    model_config = _ANSWER

    field: str
    """Its path, such as `images[0].url`."""
    message: str


class Version(BaseModel):
    """What is known of one version of a record."""

    model_config = _ANSWER

    etag: str
    at: str | None = None
    status: Status | None = None
    review: str | None = None
    alt_text: str | None = None


class ProblemBody(BaseModel):
    """A problem, as RFC 9457 has it."""

    model_config = _ANSWER

    type: str = Field(description=f"{_URN}KIND; the kinds are {', '.join(KINDS)}, and more may come.")
    title: str
    status: int
    detail: str = Field(description="What was wrong this time.")
    advice: str = Field(description="What to do.")
    request_id: str
    code: UrlFault | None = Field(None, description="Why nothing can be had from a URL.")
    outcome: Status | None = Field(None, description="The status that the picture's record would have.")
    flags: list[str] | None = None
    errors: list[Fault] | None = None
    current: Version | None = Field(None, description="The record that stands.")
    given: Version | None = Field(None, description="The record that you read, as far as the history has it.")


@dataclass(eq=False)
class Problem(Exception):
    """A problem on its way out.

    Args:
        kind: one of `KINDS`.
        detail: what was wrong this time; a sentence.
        more: further members of the body.
        headers: to be sent along.
    """

    kind: str
    detail: str
    more: dict[str, Any] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)

    def body(self, request_id: str) -> dict[str, Any]:
        """The problem's members."""
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
        """The problem as an answer."""
        return JSONResponse(self.body(request_id), KINDS[self.kind].status, self.headers, MEDIA_TYPE)

    @classmethod
    def of(cls, error: DescriberError) -> "Problem":
        """The problem that an error of the app is to the caller."""
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
                return cls("declined", _sentence(error))
            case Transient():
                wait = {"retry-after": str(math.ceil(error.retry_after or RETRY_SECONDS))}
                return cls("busy" if isinstance(error, Busy) else "unavailable", _sentence(error), headers=wait)
            case Misconfigured():
                detail = "What the app needs is missing or refuses it."  # which, is the operators' to know
                return cls("misconfigured", detail, headers={"retry-after": str(RETRY_SECONDS)})
            case _:
                return cls("internal", "An error that nobody thought of.")

    @classmethod
    def of_status(cls, status: Status, reason: str) -> "Problem":
        """The problem of a picture that has no description."""
        name = f"picture-{status.replace('_', '-')}"
        return cls(name, reason or KINDS[name].title, {"outcome": status})

    @classmethod
    def invalid(cls, faults: Mapping[str, str]) -> "Problem":
        """The problem of fields that are faulty, by name."""
        errors = [{"field": name, "message": message} for name, message in faults.items()]
        return cls(
            "invalid", "; ".join(f"{name}: {message}" for name, message in faults.items())[:1000], {"errors": errors}
        )


def _sentence(error: DescriberError) -> str:
    text = str(error)
    return f"{text[:1].upper()}{text[1:].removesuffix('.')}."
