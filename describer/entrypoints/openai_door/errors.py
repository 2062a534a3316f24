"""Errors in OpenAI's own form, by which its clients know what to do."""

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
    TooLarge,
    Transient,
)

_COME_AGAIN = 5


class Refusal(Exception):
    """An answer that is an error.

    Args:
        status: of HTTP.
        message: a sentence for people.
        kind: OpenAI's `type`.
        param: what is at fault, such as `messages[0].content[1]`.
        code: OpenAI's.
        headers: to be sent along.
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
        """The error, as OpenAI writes one."""
        return {"error": {"message": str(self), "type": self.kind, "param": self.param, "code": self.code}}

    def response(self) -> Response:
        """It as an answer."""
        return JSONResponse(self.body, self.status, self.headers)


def refusal_of(error: DescriberError, param: str | None = None) -> Refusal:
    """Return what an error of the app is to the caller."""
    sentence = f"{str(error)[:1].upper()}{str(error)[1:].removesuffix('.')}."
    match error:
        case TooLarge():
            return Refusal(413, sentence, param=param, code="image_too_large")
        case ImageRejected():
            return Refusal(400, sentence, param=param, code="invalid_image")
        case FetchFailed():
            return Refusal(400, sentence, param=param, code="invalid_image_url")
        case InvalidRequest():
            return Refusal(400, sentence, param=param or error.field)
        case Transient():
            wait = {"retry-after": str(max(1, round(error.retry_after or _COME_AGAIN)))}
            busy = isinstance(error, Busy) or error.retry_after
            return (
                Refusal(429, sentence, kind="rate_limit_error", code="rate_limit_exceeded", headers=wait)
                if busy
                else Refusal(503, sentence, kind="server_error", headers=wait)
            )
        case Misconfigured():
            return Refusal(500, "What the app needs of the model is missing or refuses it.", kind="server_error")
        case _:
            return Refusal(500, "An error that nobody thought of.", kind="server_error")
