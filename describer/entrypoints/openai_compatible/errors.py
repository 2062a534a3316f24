"""Errors in OpenAI's form, which its clients understand."""

from collections.abc import Mapping
from typing import Any

from starlette.responses import JSONResponse, Response

from describer.domain.errors import (
    Busy,
    DescriberError,
    FetchFailed,
    ImageRejected,
    InvalidRequest,
    Misconfigured,
    NotNow,
    OverBudget,
    TooLarge,
    Transient,
)

_COME_AGAIN = 5


class Refusal(Exception):
    """An error answer.

    Args:
        kind: OpenAI's `type`.
        param: the invalid parameter, such as `messages[0].content[1]`.
        code: OpenAI's `code`.
    """

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status, self.kind, self.param, self.code, self.headers = status, kind, param, code, dict(headers or {})

    @property
    def body(self) -> dict[str, Any]:
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}}

    def response(self) -> Response:
        return JSONResponse(self.body, self.status, self.headers)


def refusal_of(error: DescriberError, param: str | None = None) -> Refusal:
    """Return the caller's error for an error of the app."""
    sentence = error.sentence
    seconds = error.retry_after if isinstance(error, NotNow) else None
    wait = {"retry-after": str(max(1, round(seconds or _COME_AGAIN)))}
    match error:
        case TooLarge():
            return Refusal(413, sentence, param=param, code="image_too_large")
        case ImageRejected():
            return Refusal(400, sentence, param=param, code="invalid_image")
        case FetchFailed():
            return Refusal(400, sentence, param=param, code="invalid_image_url")
        case InvalidRequest():
            return Refusal(400, sentence, param=param or error.field)
        case OverBudget():
            return Refusal(429, sentence, kind="insufficient_quota", code="insufficient_quota", headers=wait)
        case Transient() if isinstance(error, Busy) or seconds:
            return Refusal(429, sentence, kind="rate_limit_error", code="rate_limit_exceeded", headers=wait)
        case Transient():
            return Refusal(503, sentence, kind="server_error", headers=wait)
        case Misconfigured():
            sentence = "The model is missing or refuses the app's calls. Ask the operator to run `describer doctor`."
            return Refusal(500, sentence, kind="server_error")
        case _:
            return unexpected()


def unexpected() -> Refusal:
    """Return the error for a bug of the app."""
    sentence = "Unexpected error. Try again; if it persists, report it to the operator, who finds it in the log."
    return Refusal(500, sentence, kind="server_error")
