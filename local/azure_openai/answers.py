"""The interface between the server, which owns Azure's wire format, and an answerer, which owns the texts.

Tests pass a script as the `Answerer`, the demo passes small vision models.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

type Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Image:
    """One picture of a request, decoded from its data: URL.

    Args:
        data: the file's bytes.
        media_type: as the caller declared it, such as `image/jpeg`.
        width: pixels, from the file's header, before any EXIF rotation.
        height: pixels, likewise.
        detail: `low`, `high`, `original` or `auto`; None if the caller sent none, which Azure reads as `auto`.
    """

    data: bytes
    media_type: str
    width: int
    height: int
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """One valid request, as it was received.

    Args:
        deployment: the body's `model`, which Azure reads as a deployment's name.
        prompts: the text parts of all messages, in order.
        images: the pictures of all messages, in order.
        schema: the JSON Schema that the answer must follow (that of `tool`, if there is one), or None for plain text.
        max_tokens: `max_completion_tokens` (or the older `max_tokens`), or None.
        body: the whole body, for everything without a field of its own.
        tool: the function that the answer calls, with its content as the arguments; None: it calls none.
    """

    deployment: str
    prompts: tuple[str, ...]
    images: tuple[Image, ...]
    schema: Json | None
    max_tokens: int | None
    body: Json
    tool: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion with status 200.

    Args:
        content: the text; None if the model refused or a filter removed it.
        finish_reason: `stop`, `length` or `content_filter`.
        refusal: the model's own words if it refused.
        delay: seconds that the model thinks before it answers.
        breaks_after: number of pieces after which a stream breaks, or None if it is complete.
        broken: the error that the stream then contains, or None if the connection just breaks.
        pause: seconds between two events of a stream.
    """

    content: str | None
    finish_reason: str = "stop"
    refusal: str | None = None
    delay: float = 0.0
    breaks_after: int | None = None
    broken: "Fault | None" = None
    pause: float = 0.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Any other response; `faults` has a named constructor for each that Azure is known to send.

    Args:
        status: HTTP status.
        body: a JSON object, or a string that is sent as it is.
        headers: additional headers, which replace the server's own.
        delay: seconds before anything is sent.
        dropped: whether the connection breaks before the answer is complete.
    """

    status: int
    body: Json | str
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    dropped: bool = False


class Answerer(Protocol):
    """Provides the texts; called from worker threads, where it may block."""

    @property
    def model(self) -> str | None:
        """The model's name in answers; None for the deployment's own."""

    @property
    def workers(self) -> int:
        """Maximum number of concurrent requests; others wait."""

    def load(self) -> None:
        """Load, once, in a thread; requests wait until it returns."""

    def answer(self, request: Request) -> Answer | Fault:
        """Answer one request."""
