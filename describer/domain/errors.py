"""Errors, grouped by what the caller must do.

The tree:

    DescriberError
    ├── ImageRejected    record it: the same bytes fail again; carries its `status`
    │   ├── Unsupported      not a picture, or an unsupported format
    │   ├── Corrupt          a picture by its first bytes that cannot be decoded, or an empty blob
    │   ├── TooLarge         over the limit on bytes or memory
    │   ├── Filtered         blocked by the content filter of the model's service
    │   ├── Archived         in the archive tier; its owner must rehydrate it first
    │   ├── Encrypted        with a key that only its owner's programs have
    │   └── NoUsableAnswer   the model's answer is truncated twice, or not in the requested form
    ├── InvalidRequest   tell the caller what to ask instead; carries the invalid `field`
    │   ├── AlreadyRunning   another backfill is running; only one may
    │   └── InvalidName      not a possible blob name; a `ValueError` too, for code that parses events
    ├── Excluded         tell the caller: this blob is excluded from description
    ├── NotFound         tell the caller: the blob or its record does not exist
    ├── FetchFailed      tell the caller: the URL provides no picture; carries its `code`
    ├── Outdated         tell the caller: the record has changed since it was read; carries both versions' facts
    ├── NotNow           keep the work and retry later; carries `retry_after` and whether the picture may be the cause
    │   ├── Transient        the condition passes by itself
    │   │   ├── Declined         the model's server rejects this very request
    │   │   ├── Throttled        a quota is used up; retried for as long as that lasts
    │   │   │   └── OverBudget       the day's budget is used up; waits until midnight UTC
    │   │   └── Busy             the memory for pictures is used up
    │   └── Misconfigured    an operator must act: a role, a deployment or a setting is wrong
    │       ├── InvalidSettings  settings are missing or wrong: carries each fault
    │       ├── Newer            a later version of the app wrote this record: do not change it
    │       ├── NotOurs          another program's file is in a sidecar's place
    │       ├── RecordUnreadable a sidecar is archived, or encrypted with a customer's key
    │       └── Protected        a policy or a legal hold forbids the change
    └── Conflict         the picture or its record has changed: start again from the first step
"""

import logging
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import ClassVar

from describer.domain.status import Status


class DescriberError(Exception):
    """Base of all errors that this package raises deliberately. The text is a sentence for people.

    Args:
        message: the problem and the remedy, beginning with a capital or with a name as it is written, such as an
            option's. Messages of `NotNow` are logged, so they contain no name, address or text from a caller, a picture
            or a server.
        quoting: other programs' words, appended to the text for the caller; never logged.
    """

    def __init__(self, message: str, *, quoting: str = "") -> None:
        super().__init__(f"{message}: {quoting}" if quoting else message)
        self.message = message

    @property
    def sentence(self) -> str:
        """The text with a full stop."""
        text = str(self)
        return text if text.endswith((".", "?", "!")) else f"{text}."


class ImageRejected(DescriberError):
    """This picture cannot be described; a retry will not help.

    Args:
        message: the problem and what the picture's owner can do.
        facts: what is known of the picture: `format`, and upright `width` and `height`.
    """

    status: ClassVar[Status]

    def __init__(self, message: str, facts: Mapping[str, str | int] | None = None) -> None:
        super().__init__(message)
        self.facts = dict(facts or {})


class Unsupported(ImageRejected):
    status = Status.UNSUPPORTED


class Corrupt(ImageRejected):
    status = Status.CORRUPT


class TooLarge(ImageRejected):
    status = Status.TOO_LARGE


class Filtered(ImageRejected):
    status = Status.FILTERED


class Archived(ImageRejected):
    status = Status.ARCHIVED


class Encrypted(ImageRejected):
    status = Status.UNSUPPORTED


class NoUsableAnswer(ImageRejected):
    status = Status.FAILED


class InvalidRequest(DescriberError):
    """The request is invalid for any picture.

    Args:
        message: the problem and what would be valid.
        field: name of the invalid option.
    """

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class AlreadyRunning(InvalidRequest):
    def __init__(self, message: str) -> None:
        super().__init__(message, field="backfill")


class InvalidName(InvalidRequest, ValueError):
    """No blob has this name, or programs would disagree on the blob that it names."""


class Excluded(DescriberError):
    """The blob is outside of the watched containers, or excluded by a pattern or its metadata."""


class NotFound(DescriberError):
    """The blob or its record does not exist."""


class Outdated(DescriberError):
    """The record is not the version that the caller saw.

    Args:
        current: facts of the current record: `etag`, `at`, `status`, `review`, `alt_text`.
        given: the same facts of the version that the caller saw, as far as they are known; always its `etag`.
    """

    def __init__(self, message: str, *, current: Mapping[str, str], given: Mapping[str, str]) -> None:
        super().__init__(message)
        self.current, self.given = dict(current), dict(given)


class UrlFault(StrEnum):
    """Why a URL provides no picture; the values are stable, for programs."""

    MALFORMED = "url_malformed"
    """Not a URL that every program parses alike, or a `data:` URL with invalid content."""
    SCHEME = "url_scheme"
    """Neither https nor `data:` (nor http, if that is allowed)."""
    HOST = "url_host"
    """Unknown, not public, or not allowed; the answer does not reveal which."""
    CERTIFICATE = "url_certificate"
    """The server's certificate is not valid for the URL."""
    REDIRECT = "url_redirect"
    """Too many redirects, or a redirect without a valid target."""
    STATUS = "url_status"
    """The server did not answer with a picture, for example because it is missing or forbidden."""
    CONTENT = "url_content"
    """A web page, or compressed for transport."""


class FetchFailed(DescriberError):
    """The URL is not allowed, or fails permanently.

    Args:
        message: names at most the host, never a resolved address or a query (which may hold a signature).
    """

    def __init__(self, message: str, *, code: UrlFault) -> None:
        super().__init__(message)
        self.code = code


class NotNow(DescriberError):
    """The work cannot be done now: keep it and retry later.

    Args:
        retry_after: seconds to wait, if the server stated them, or None.
        counts_as_attempt: True if this picture may be the cause (a server error, a timeout or an unexpected answer), so
            that the try counts towards MAX_ATTEMPTS; False for rate limits, outages and faults of the installation.
    """

    kind: ClassVar[str]
    """Its name in telemetry."""
    level: ClassVar[int] = logging.WARNING
    """Its log level."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, counts_as_attempt: bool = False, quoting: str = ""
    ) -> None:
        super().__init__(message, quoting=quoting)
        self.retry_after = retry_after
        self.counts_as_attempt = counts_as_attempt


class Transient(NotNow):
    kind = "transient"


class Declined(Transient):
    """The model's server rejects this very request, for a reason that only its message tells.

    Examples are too many pictures or too long a context. A queue counts the attempt and retries later, since the
    server's settings may change. A waiting caller gets an error at once.
    """

    def __init__(self, message: str, *, quoting: str = "") -> None:
        super().__init__(message, counts_as_attempt=True, quoting=quoting)


class Throttled(Transient):
    """A quota is used up. Neither the picture nor the installation is at fault, however long it lasts."""


class OverBudget(Throttled):
    kind = "over_budget"


class Busy(Transient):
    """This instance holds as many pictures in memory as allowed."""


class Misconfigured(NotNow):
    """The installation is at fault (a role, a deployment, a setting): all work is kept and waits."""

    kind = "misconfigured"
    level = logging.ERROR


class InvalidSettings(Misconfigured):
    """Settings are missing or wrong; `faults` has a sentence for each."""

    def __init__(self, faults: Sequence[str]) -> None:
        super().__init__("\n".join(["Configuration errors:", *(f"  - {fault}" for fault in faults)]))
        self.faults = tuple(faults)


class Newer(Misconfigured):
    """A later version of the app wrote this record; only that version may change it."""


class NotOurs(Misconfigured):
    """Another program's file is in a sidecar's place."""


class RecordUnreadable(Misconfigured):
    """A sidecar can be neither read nor replaced: it is in the archive tier, or encrypted with a customer's key.

    It may contain a person's text, so nothing is written in its place.
    """


class Protected(Misconfigured):
    """An immutability policy or a legal hold forbids changing or deleting a blob."""


class Conflict(DescriberError):
    """The picture or its record has changed since it was read."""
