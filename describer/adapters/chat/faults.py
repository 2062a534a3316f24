"""What each error of the model's server means: one table, read from the top, judged by status and code.

A message's words are never judged; they are shown to whoever asked, cut and cleaned.
"""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any, Final

from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError

from describer.adapters import retry_after
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
    """What a fault speaks of, and so what brings it to an end."""

    FILTERED = auto()
    """This picture; ended at once. So are the next three."""
    UNSUPPORTED = auto()
    CORRUPT = auto()
    TOO_LARGE = auto()
    PASSING = auto()
    """Nobody knows; tried again until the longest time has passed (MAX_WAIT_DAYS)."""
    STUMBLE = auto()
    """Perhaps this picture; tried again at once and later, and each later try counts (MAX_ATTEMPTS)."""
    DECLINED = auto()
    """Perhaps this picture; not tried again at once, and each later try counts."""
    BLOCKED = auto()
    """This picture or all of them: what others meet tells; see gateway.py."""
    INSTALLATION = auto()
    """All pictures; waits for an operator."""


class Blocked(Misconfigured):
    """A gateway may have stopped this picture, or every one.

    Args:
        status: of HTTP.
        message, quoting: as for any other.
    """

    def __init__(self, status: int, message: str, *, quoting: str = "") -> None:
        super().__init__(message, quoting=quoting)
        self.status = status

    def of_one_picture(self) -> ImageRejected:
        """The end of a picture that is stopped while others are answered."""
        if self.status == _FAILED_DEPENDENCY:
            return NoUsableAnswer(f"The model's server fails over this picture, and not over others ({self.status}).")
        return Filtered(f"A gateway in front of the model stops this picture, and not others ({self.status}).")


@dataclass(frozen=True, slots=True)
class Row:
    """Faults that mean the same.

    Args:
        meaning: what they mean.
        statuses: of HTTP; empty: all.
        codes: of the error; empty: all, and none.
        parameter: only where the fault lies in what is sent with every picture; see `_is_parameter`.
    """

    meaning: Meaning
    statuses: frozenset[int] = frozenset()
    codes: frozenset[str] = frozenset()
    parameter: bool = False

    def fits(self, status: int, code: str, param: str) -> bool:
        """Whether an error is one of these."""
        return (
            (not self.statuses or status in self.statuses)
            and (not self.codes or code in self.codes)
            and (not self.parameter or _is_parameter(param))
        )


def _row(meaning: Meaning, *codes: str, on: frozenset[int] = frozenset(), parameter: bool = False) -> Row:
    return Row(meaning, on, frozenset(codes), parameter)


_FAILED_DEPENDENCY: Final = 424
_UNREAD: Final = frozenset({400, 422})
"""The request was understood to be for this deployment, and something in it was not."""

TABLE: Final = (
    # Codes that speak of this picture: OpenAI's and Azure OpenAI's error references.
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
    # Codes that speak of what is sent with every picture, of what it is sent to, or of an account without money.
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
    # Azure's own words for who may not: a role, a firewall, a resource that is blocked for its use.
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
    # A 500 may come of this picture; a gateway's 502 to 504 and the rest do not.
    _row(Meaning.STUMBLE, on=frozenset({500})),
    _row(Meaning.INSTALLATION, on=frozenset({501, 505})),
    _row(Meaning.PASSING, on=frozenset(range(502, 600))),
    _row(Meaning.BLOCKED, on=frozenset({403, _FAILED_DEPENDENCY, 451})),
    _row(Meaning.INSTALLATION, on=_UNREAD, parameter=True),
    _row(Meaning.DECLINED, on=_UNREAD),
    _row(Meaning.INSTALLATION),
)
"""The first row that fits counts."""

_REJECTED: Final[Mapping[Meaning, type[ImageRejected]]] = {
    Meaning.FILTERED: Filtered,
    Meaning.UNSUPPORTED: Unsupported,
    Meaning.CORRUPT: Corrupt,
    Meaning.TOO_LARGE: TooLarge,
}
_SAID: Final = 500
_KEY: Final = re.compile(r"\b(sk-|Bearer )?[A-Za-z0-9_-]{32,}")
"""What looks like a key: such a message is shown without it."""
OF_NETWORK: Final = re.compile(
    r"firewall|virtual network|vnet|private endpoint|public (network )?access", re.IGNORECASE
)
"""How a service says that it lets no call through from here, whatever the picture; its code may be a number."""
_OF_SDK: Final = re.compile(r"^Error code: \d+( - )?")
_WORD: Final = re.compile(r"[\w.\[\]-]{1,64}")
"""A code, or what in a request is at fault, such as `max_tokens`: words of the protocol, which may be logged."""


def fault(error: APIError) -> DescriberError:
    """The meaning of an error that the SDK raised."""
    if isinstance(error, APITimeoutError):
        return Transient("the model's server took too long", counts_as_attempt=True)
    if isinstance(error, APIConnectionError):
        return Transient("the model's server cannot be reached", quoting=_where(error))
    if not isinstance(error, APIStatusError):
        return Transient(f"the model's server answered something else than agreed ({type(error).__name__})")
    return _of_status(error)


def reason(error: APIConnectionError) -> str:
    """Why a server is not reached, as the operating system says it; empty if it says nothing."""
    cause: BaseException | None = error
    while cause and not (isinstance(cause, OSError) and cause.errno):
        cause = cause.__cause__ or cause.__context__
    if not isinstance(cause, OSError) or not cause.errno:
        return ""
    return os.strerror(cause.errno) if cause.errno > 0 else str(cause.strerror)


def _where(error: APIConnectionError) -> str:
    """The server's address and why it is not reached, for whoever asked."""
    url, why = error.request.url, reason(error)
    address = f"{url.scheme}://{url.host}{f':{url.port}' if url.port else ''}"
    return f"{address}{f' ({why})' if why else ''}; `describer doctor --only model` says more"


def meaning(status: int, code: str = "", param: str = "") -> Meaning:
    """What an error means, by the table; `code` and `param` are empty where the server gave none in words."""
    return next(row.meaning for row in TABLE if row.fits(status, code, param))


def _of_status(error: APIStatusError) -> DescriberError:
    status, code, param = error.status_code, _code(error), _text(error.param)
    words = [word for word in (code, param) if _WORD.fullmatch(word) and word != str(status)]
    answered, said = " ".join([f"the model's server answered {status}", *words]), clean(error.message)
    match meaning(status, code, param):
        case Meaning.PASSING | Meaning.STUMBLE as kind:
            wait = retry_after.seconds(error.response.headers)
            return Transient(answered, retry_after=wait, counts_as_attempt=kind is Meaning.STUMBLE)
        case Meaning.DECLINED:
            return Declined(answered, quoting=said)
        case Meaning.BLOCKED if not OF_NETWORK.search(said):
            return Blocked(status, answered, quoting=said)
        case Meaning.BLOCKED | Meaning.INSTALLATION:
            return Misconfigured(answered, quoting=said)
        case kind:
            named = " ".join([str(status), *words[:1]])
            return _REJECTED[kind](f"The model's service does not take this picture ({named}).")


def _is_parameter(param: str) -> bool:
    """Whether `param` names something that is sent with every picture.

    Outside of the messages it is a parameter of ours; a part's `type` is one that a model without eyes does not know,
    and its `detail` is a setting.
    """
    ours = bool(param) and not param.startswith(("messages", "prompt"))
    return ours or param.endswith((".type", ".detail"))


def _code(error: APIStatusError) -> str:
    """The code of an error, or of what Azure says is inside of it; of servers that give a number, none."""
    body = _map(error.body)
    inner = _map(body.get("innererror") or body.get("inner_error"))
    return "content_filter" if _text(inner.get("code")) == "ResponsibleAIPolicyViolation" else _text(error.code)


def clean(message: object) -> str:
    """What a server said, fit for a terminal: short, without control characters and without keys that it echoed."""
    said = _OF_SDK.sub("", str(message))[:_SAID]
    printable = "".join(sign if sign.isprintable() else " " for sign in said)
    return _KEY.sub("…", printable)


def _map(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
