"""Maps errors of the model's server to the app's: one table, read from the top, matched by status and code.

The words of an error message are never matched. They are shown to the caller, shortened and cleaned.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from describer.adapters import retry_after
from describer.adapters.chat import json_values
from describer.domain.errors import (
    Corrupt,
    Declined,
    DescriberError,
    Filtered,
    ImageRejected,
    Misconfigured,
    NoUsableAnswer,
    TooLarge,
    Transient,
    Unsupported,
)


class Meaning(Enum):
    """The cause of an error, which decides whether the app ends or retries the work."""

    FILTERED = auto()
    """This picture. Recorded at once, as are the next three."""
    UNSUPPORTED = auto()
    CORRUPT = auto()
    TOO_LARGE = auto()
    PASSING = auto()
    """Unknown. Retried until MAX_WAIT_DAYS have passed."""
    SERVER_FAULT = auto()
    """Perhaps this picture. Retried at once and later; each later try counts towards MAX_ATTEMPTS."""
    DECLINED = auto()
    """Perhaps this picture. Not retried at once; each later try counts towards MAX_ATTEMPTS."""
    BLOCKED = auto()
    """This picture or all pictures. gateway.py compares with other pictures' outcomes."""
    INSTALLATION = auto()
    """All pictures. Deferred until an operator fixes the installation."""


class Blocked(Misconfigured):
    """A gateway may have blocked this picture or every picture."""

    def __init__(self, status: int, message: str, *, quoting: str = "") -> None:
        super().__init__(message, quoting=quoting)
        self.status = status

    def as_rejection(self) -> ImageRejected:
        """Return the rejection to record if other pictures are answered."""
        if self.status == _FAILED_DEPENDENCY:
            return NoUsableAnswer(f"The model's server fails for this picture but not for others ({self.status}).")
        return Filtered(f"A gateway in front of the model blocks this picture but not others ({self.status}).")


@dataclass(frozen=True, slots=True)
class Row:
    """A set of errors with the same meaning.

    Args:
        statuses: HTTP statuses; empty: any.
        codes: error codes; empty: any or none.
        parameter: match only if the error is about something that is sent with every picture; see `_is_parameter`.
    """

    meaning: Meaning
    statuses: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    parameter: bool = False

    def fits(self, status: int, code: str, param: str) -> bool:
        """Return whether the row matches an error."""
        return (
            (not self.statuses or status in self.statuses)
            and (not self.codes or code in self.codes)
            and (not self.parameter or _is_parameter(param))
        )


def _row(meaning: Meaning, *codes: str, on: frozenset[int] = frozenset(), parameter: bool = False) -> Row:
    return Row(meaning, on, frozenset(codes), parameter)


_FAILED_DEPENDENCY: Final = 424
_BAD_REQUEST: Final = frozenset({400, 422})
"""The server reached the deployment and rejected the request's content."""

TABLE: Final = (
    # Codes for this picture: the error references of OpenAI and Azure OpenAI.
    _row(Meaning.FILTERED, "content_filter", "content_policy_violation", "image_content_policy_violation"),
    _row(Meaning.TOO_LARGE, "image_too_large", "image_file_too_large"),
    _row(Meaning.UNSUPPORTED, "image_too_small", "unsupported_image_media_type", "invalid_image_format"),
    _row(
        Meaning.CORRUPT,
        "invalid_image",
        "invalid_image_url",
        "invalid_base64_image",
        "image_parse_error",
        "empty_image_file",
    ),
    _row(Meaning.TOO_LARGE, on=frozenset({413})),
    # Codes for something sent with every picture, for the deployment, or for an account without credit.
    _row(
        Meaning.INSTALLATION,
        "unsupported_parameter",
        "unsupported_value",
        "unknown_parameter",
        "invalid_parameter",
        "missing_required_parameter",
        "model_not_found",
        "unsupported_api_version",
        "OperationNotSupported",
        "DeploymentNotFound",
        "insufficient_quota",
        "billing_hard_limit_reached",
        "billing_not_active",
        "account_deactivated",
    ),
    # Azure's codes for missing access: no role, a firewall, a resource blocked for its use.
    _row(
        Meaning.INSTALLATION,
        "PermissionDenied",
        "AuthorizationFailed",
        "AuthenticationFailed",
        "AccessDenied",
        "Forbidden",
        "PublicNetworkAccessDisabled",
        on=frozenset({401, 403}),
    ),
    _row(Meaning.PASSING, on=frozenset({408, 409, 425, 429})),
    # This picture may cause a 500. It does not cause a gateway's 502 to 504 or the other 5xx.
    _row(Meaning.SERVER_FAULT, on=frozenset({500})),
    _row(Meaning.INSTALLATION, on=frozenset({501, 505})),
    _row(Meaning.PASSING, on=frozenset(range(502, 600))),
    _row(Meaning.BLOCKED, on=frozenset({403, _FAILED_DEPENDENCY, 451})),
    _row(Meaning.INSTALLATION, on=_BAD_REQUEST, parameter=True),
    _row(Meaning.DECLINED, on=_BAD_REQUEST),
    _row(Meaning.INSTALLATION),
)
"""The first row that matches decides."""

_REJECTED: Final[Mapping[Meaning, type[ImageRejected]]] = {
    Meaning.FILTERED: Filtered,
    Meaning.UNSUPPORTED: Unsupported,
    Meaning.CORRUPT: Corrupt,
    Meaning.TOO_LARGE: TooLarge,
}
_MAX_QUOTED: Final = 500
_KEY: Final = re.compile(r"\b(sk-|Bearer )?[A-Za-z0-9_-]{32,}")
"""Text that looks like a key; it is removed from messages before they are shown."""
OF_NETWORK: Final = re.compile(
    r"firewall|virtual network|vnet|private endpoint|public (network )?access", re.IGNORECASE
)
"""A network rule named in a service's message: it rejects every call from here; its code may be a number."""
_OF_SDK: Final = re.compile(r"^Error code: \d+( - )?")
_WORD: Final = re.compile(r"[\w.\[\]-]{1,64}")
"""An error code or parameter name, such as `max_tokens`: a term of the protocol, which may be logged."""


def fault(error: APIError) -> DescriberError:
    """Return the error of ours for an error of the SDK's."""
    if isinstance(error, APITimeoutError):
        return Transient("The model's server took too long", counts_as_attempt=True)
    if isinstance(error, APIConnectionError):
        return Transient("The model's server cannot be reached", quoting=_where(error))
    if not isinstance(error, APIStatusError):
        return Transient(f"The model's server sent something unexpected ({type(error).__name__})")
    return _of_status(error)


def reason(error: APIConnectionError) -> str:
    """Return the operating system's reason why a server is unreachable; empty if it gave none."""
    cause: BaseException | None = error
    while cause and not (isinstance(cause, OSError) and cause.errno):
        cause = cause.__cause__ or cause.__context__
    if not isinstance(cause, OSError) or not cause.errno:
        return ""
    return os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)


def _where(error: APIConnectionError) -> str:
    """Return the server's address and why it is unreachable, to be shown to the caller."""
    url, why = error.request.url, reason(error)
    address = f"{url.scheme}://{url.host}{f':{url.port}' if url.port else ''}"
    return f"{address}{f' ({why})' if why else ''}; `describer doctor --only model` says more"


def meaning(status: int, code: str = "", param: str = "") -> Meaning:
    """Return an error's meaning by the table; `code` and `param` are empty if the server did not send them as text."""
    return next(row.meaning for row in TABLE if row.fits(status, code, param))


def _of_status(error: APIStatusError) -> DescriberError:
    status, code, param = error.status_code, _code(error), json_values.text(error.param)
    words = [word for word in (code, param) if _WORD.fullmatch(word) and word != str(status)]
    answered, said = " ".join([f"The model's server answered {status}", *words]), clean(error.message)
    match meaning(status, code, param):
        case Meaning.PASSING | Meaning.SERVER_FAULT as kind:
            wait = retry_after.seconds(error.response.headers)
            return Transient(answered, retry_after=wait, counts_as_attempt=kind is Meaning.SERVER_FAULT)
        case Meaning.DECLINED:
            return Declined(answered, quoting=said)
        case Meaning.BLOCKED if not OF_NETWORK.search(said):
            return Blocked(status, answered, quoting=said)
        case Meaning.BLOCKED | Meaning.INSTALLATION:
            return Misconfigured(answered, quoting=said)
        case kind:
            named = " ".join([str(status), *words[:1]])
            return _REJECTED[kind](f"The model's service does not accept this picture ({named}).")


def _is_parameter(param: str) -> bool:
    """Return whether `param` names something that is sent with every picture.

    A parameter outside of `messages` is. Inside of them, a part's `type` is wrong for every picture if the model does
    not take images, and its `detail` is a setting.
    """
    ours = bool(param) and not param.startswith(("messages", "prompt"))
    return ours or param.endswith((".type", ".detail"))


def _code(error: APIStatusError) -> str:
    """Return an error's code, or the one of Azure's inner error; empty if the server sent a number."""
    body = json_values.mapping(error.body)
    inner = json_values.mapping(body.get("innererror") or body.get("inner_error"))
    return (
        "content_filter"
        if json_values.text(inner.get("code")) == "ResponsibleAIPolicyViolation"
        else json_values.text(error.code)
    )


def clean(message: object) -> str:
    """Return a server's message fit for a terminal: short, without control characters and without keys."""
    said = _OF_SDK.sub("", str(message))[:_MAX_QUOTED]
    printable = "".join(sign if sign.isprintable() else " " for sign in said)
    return _KEY.sub("…", printable)
