"""What reaches an answerer, and what it may give back: the seam between Azure's wire format and the texts.

The server owns the wire; an `Answerer` owns the texts. Tests plug in a script, the demo its vision stand-in.
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
        detail: `low`, `high`, `original` or `auto`; None where the caller sent none, which Azure reads as `auto`.
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
        schema: the JSON Schema that the answer must follow, or None for plain text.
        max_tokens: `max_completion_tokens` (or the older `max_tokens`), or None.
        body: the whole body, for what has no field of its own.
    """

    deployment: str
    prompts: tuple[str, ...]
    images: tuple[Image, ...]
    schema: Json | None
    max_tokens: int | None
    body: Json


@dataclass(frozen=True, slots=True)
class Answer:
    """A completion with status 200.

    Args:
        content: the text; None where the model refused or a filter took it away.
        finish_reason: `stop`, `length` or `content_filter`.
        refusal: the model's own words where it refused.
        delay: seconds that the model thinks before it answers.
        breaks_after: so many pieces of a streamed answer, or None where it comes to its end.
        broken: the error that is then told within the stream, or None where the connection just breaks.
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
    """Anything but a completion; `faults` has a named constructor for each that Azure is known to give.

    Args:
        status: HTTP status.
        body: a JSON object, or a string that is sent as it is.
        headers: sent along; those of this class win over the server's own.
        delay: seconds before anything is sent.
        dropped: True where the connection breaks off instead of completing the answer.
    """

    status: int
    body: Json | str
    headers: Mapping[str, str] = field(default_factory=dict)
    delay: float = 0.0
    dropped: bool = False


class Answerer(Protocol):
    """Gives the texts; it is called from worker threads and may block there."""

    @property
    def model(self) -> str | None:
        """The model's name in answers; None for the deployment's own."""

    @property
    def workers(self) -> int:
        """How many requests it can work on at once; the others wait."""

    def load(self) -> None:
        """Get ready, once, in a thread: requests wait until it returns."""

    def answer(self, request: Request) -> Answer | Fault:
        """Answer one request."""
