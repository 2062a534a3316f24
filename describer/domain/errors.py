"""What can go wrong, split by what the caller must do.

The tree:

    DescriberError
    ├── ImageRejected    record it: trying again with the same bytes gives the same end; carries its `status`
    │   ├── Unsupported      not a picture, or a format that is not read
    │   ├── Corrupt          a picture by its first bytes that cannot be decoded
    │   ├── TooLarge         over the limit of bytes or of memory
    │   ├── Filtered         stopped by the content filter of the model's service
    │   ├── Archived         in the archive tier
    │   ├── Encrypted        with a key that only its owner's programs have
    │   └── NoUsableAnswer   the model gave no usable answer, however often it is asked
    ├── InvalidRequest   tell whoever asked what to ask instead; carries the `field` that is at fault
    │   ├── AlreadyRunning   there may be one such at a time
    │   └── InvalidName      no blob can have this name; a `ValueError` too, for whoever parses an event
    ├── Excluded         tell whoever asked: this blob is kept from the model
    ├── NotFound         tell whoever asked: there is no such blob, or no record of it
    ├── FetchFailed      tell whoever gave the URL: nothing can be had from it; carries its `code`
    ├── Outdated         tell whoever asked: the record has changed since they read it; carries both versions' facts
    ├── NotNow           keep the work, try again later; carries `retry_after` and whether the picture may be at fault
    │   ├── Transient        it passes by itself
    │   │   ├── Declined         the model's server refuses this very request
    │   │   ├── Throttled        the other side lets no more through for now; waits for as long as that lasts
    │   │   │   └── OverBudget       the day's budget is used up; waits until midnight UTC
    │   │   └── Busy             the memory for pictures is used up
    │   └── Misconfigured    an operator has to act: a role, a deployment or a setting is wrong
    │       ├── Newer            a later version of the app wrote this record: leave it alone
    │       ├── NotOurs          a file of somebody else's lies where a sidecar belongs
    │       ├── RecordUnreadable a sidecar is archived, or encrypted with a customer's key
    │       └── Protected        a policy or a legal hold forbids the change
    └── Conflict         the picture or its record changed meanwhile: start again from the first step
"""

import logging
from collections.abc import Mapping
from enum import StrEnum
from typing import ClassVar

from describer.domain.status import Status


class DescriberError(Exception):
    """Base of all errors that this package raises on purpose. Its text is a sentence for people.

    Args:
        message: what is wrong and what to do. That of `NotNow` is logged, so it holds no name, address or text that
            comes from a caller, a picture or a server.
        quoting: words of others, for whoever asked and never for a log; they end the text.
    """

    def __init__(self, message: str, *, quoting: str = "") -> None:
        super().__init__(f"{message}: {quoting}" if quoting else message)
        self.message = message


class ImageRejected(DescriberError):
    """This picture cannot be described; trying again will not help.

    Args:
        message: what is wrong and what its owner can do.
        facts: what is known of the picture all the same: `format`, and its sides upright, `width` and `height`.
    """

    status: ClassVar[Status]

    def __init__(self, message: str, facts: Mapping[str, str | int] | None = None) -> None:
        super().__init__(message)
        self.facts = dict(facts or {})


class Unsupported(ImageRejected):
    """Not a picture, or a format that is not read."""

    status = Status.UNSUPPORTED


class Corrupt(ImageRejected):
    """A picture by its first bytes that cannot be decoded, or a blob without bytes."""

    status = Status.CORRUPT


class TooLarge(ImageRejected):
    """Over the limit of bytes, or decoding needs more memory than allowed."""

    status = Status.TOO_LARGE


class Filtered(ImageRejected):
    """Stopped by the content filter of the model's service."""

    status = Status.FILTERED


class Archived(ImageRejected):
    """The blob lies in the archive tier; its owner must rehydrate it first."""

    status = Status.ARCHIVED


class Encrypted(ImageRejected):
    """The blob is encrypted with a key that its owner provides with each request."""

    status = Status.UNSUPPORTED


class NoUsableAnswer(ImageRejected):
    """The model gave no usable answer: cut off twice, or not in the form that was asked for."""

    status = Status.FAILED


class InvalidRequest(DescriberError):
    """What was asked for cannot be done, by anybody's picture.

    Args:
        message: what was wrong and what would be right.
        field: the name of the option at fault.
    """

    def __init__(self, message: str, *, field: str) -> None:
        super().__init__(message)
        self.field = field


class AlreadyRunning(InvalidRequest):
    """There may be one sweep at a time, and one is running."""

    def __init__(self, message: str) -> None:
        super().__init__(message, field="sweep")


class InvalidName(InvalidRequest, ValueError):
    """No blob has this name, or not every program would open the same blob by it."""


class Excluded(DescriberError):
    """The blob lies outside of the watched containers, or is kept from the model by a pattern or its metadata."""


class NotFound(DescriberError):
    """There is no such blob, or no record of it."""


class Outdated(DescriberError):
    """The record is not the one that the caller saw.

    Args:
        message: what is wrong.
        current: of the record that stands: `etag`, `at`, `status`, `review`, `alt_text`.
        given: the same of the one that the caller saw, as far as it is known still; its `etag` in any case.
    """

    def __init__(self, message: str, *, current: Mapping[str, str], given: Mapping[str, str]) -> None:
        super().__init__(message)
        self.current, self.given = dict(current), dict(given)


class UrlFault(StrEnum):
    """Why nothing can be had from a URL; stable, so that programs may rely on it."""

    MALFORMED = "url_malformed"
    """Not a URL that every program reads alike, or a `data:` URL with faulty content."""
    SCHEME = "url_scheme"
    """Neither https nor `data:` (nor http, where that is allowed)."""
    HOST = "url_host"
    """Unknown, not public, or not allowed here; which of them is not told."""
    CERTIFICATE = "url_certificate"
    """The server does not prove that it is the one that the URL names."""
    REDIRECT = "url_redirect"
    """Redirected too often, or to nowhere."""
    STATUS = "url_status"
    """Answered, but not with a picture: absent, forbidden."""
    CONTENT = "url_content"
    """A web page, or compressed for transport."""


class FetchFailed(DescriberError):
    """The URL is refused, or fails however often it is asked.

    Args:
        message: names the host at most, never a resolved address or a query (which may hold a signature).
        code: why.
    """

    def __init__(self, message: str, *, code: UrlFault) -> None:
        super().__init__(message)
        self.code = code


class NotNow(DescriberError):
    """The work cannot be done now: keep it, and try again later.

    Args:
        message: what happened.
        retry_after: seconds that the other side asked us to wait, or None.
        counts_as_attempt: True if this picture may be the cause (a server error, a timeout, or an unheard-of answer
            while it was worked), so that the try counts towards giving up; False for rate limits and outages, which
            wait for MAX_WAIT_DAYS.
    """

    kind: ClassVar[str]
    """What telemetry calls it."""
    level: ClassVar[int] = logging.WARNING
    """At which it is logged."""

    def __init__(
        self, message: str, *, retry_after: float | None = None, counts_as_attempt: bool = False, quoting: str = ""
    ) -> None:
        super().__init__(message, quoting=quoting)
        self.retry_after = retry_after
        self.counts_as_attempt = counts_as_attempt


class Transient(NotNow):
    """It may work later, without anybody's doing."""

    kind = "transient"


class Declined(Transient):
    """The model's server does not take this very request, for a reason that only its words tell.

    Such as more pictures than it takes, or a context that is too long. A queue counts it and tries again later, since
    the server's settings may change meanwhile. Whoever waits for an answer is told that there is none.
    """

    def __init__(self, message: str, *, quoting: str = "") -> None:
        super().__init__(message, counts_as_attempt=True, quoting=quoting)


class Throttled(Transient):
    """The other side lets no more through for now: a quota is used up. Nothing is at fault, however long it takes."""


class OverBudget(Throttled):
    """The daily budget does not reach for it."""

    kind = "over_budget"


class Busy(Transient):
    """This instance holds as many pictures in memory as it may."""


class Misconfigured(NotNow):
    """The installation is at fault (a role, a deployment, a setting): nothing is lost, everything waits."""

    kind = "misconfigured"
    level = logging.ERROR


class Newer(Misconfigured):
    """A later version of the app wrote this record: only that one may change it."""


class NotOurs(Misconfigured):
    """A file of somebody else's lies where a sidecar belongs."""


class RecordUnreadable(Misconfigured):
    """A sidecar can be neither read nor replaced: it is in the archive tier, or encrypted with a key of somebody's.

    It may hold a person's text, so that nothing is written in its place.
    """


class Protected(Misconfigured):
    """An immutability policy or a legal hold forbids to change or delete a blob."""


class Conflict(DescriberError):
    """The picture or its record changed since it was read."""
