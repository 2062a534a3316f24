"""The shapes of events, in and out: a picture's way in is an event, and deferred work is one too.

Both of Event Grid's schemas are read (its own, and CloudEvents 1.0), and our own messages on `image-work`, which are
CloudEvents whose extension attributes count the tries.
"""

import json
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Self

from describer.domain.image_ref import ImageRef
from describer.domain.record import Usage
from describer.pipeline import messages
from describer.pipeline.messages import Unreadable

_RENAMED: Final = "Microsoft.Storage.BlobRenamed"
_DEFERRED: Final = "ImageDescriber.ImageDeferred"
_SOURCE: Final = "/image-describer"
CHUNK: Final = re.compile(r"[0-9]{8}T[0-9]{6}-[0-9a-f]{8}/[0-9]{6,}")
"""How a sweep calls the pictures that it queued together."""
_DIGITS: Final = 9
_TIMES: Final = ("firstseen", "time", "eventTime")
"""When the event happened; for measurement only."""
_COUNTS: Final = ("attempts", "deferrals", "interruptions")
_SPENT: Final = {name.replace("_", ""): name for name in Usage.model_fields}
"""What was paid, by CloudEvents' names of attributes, which have no underscores."""


@dataclass(frozen=True, slots=True)
class Work:
    """One picture to work on, and what was tried before.

    Args:
        ref: the picture.
        attempts: tries that failed in a way that the picture itself may have caused.
        deferrals: how often it was put off, for whatever reason; decides the next delay.
        interruptions: tries that came to no end: the app was stopped, or killed, meanwhile.
        first_seen: when its event arrived.
        anew: whether another answer is wanted, whatever is stored.
        chunk: where a sweep is told of the picture's end; empty if none queued it.
        prepaid: whether a batch has answered for the chunk.
        spent: what the model was paid for it so far, for answers of which there is no record.
        waiting_since: since when each try was put off for what neither the picture nor the installation is known to
            have caused; None if the last one was not.
    """

    ref: ImageRef
    first_seen: datetime
    attempts: int = 0
    deferrals: int = 0
    interruptions: int = 0
    anew: bool = False
    chunk: str = ""
    spent: Usage = field(default_factory=Usage)
    waiting_since: datetime | None = None
    prepaid: bool = False

    @classmethod
    def first(cls, ref: ImageRef) -> Self:
        """Return work that has just arrived."""
        return cls(ref, datetime.now(UTC))

    @classmethod
    def look_again(cls, ref: ImageRef, seconds: float) -> Self:
        """Work that arrives in so many seconds."""
        return cls(ref, datetime.now(UTC) + timedelta(seconds=seconds))

    def next_attempt(self, spent: Usage, *, counts_as_attempt: bool, cause_unknown: bool = False) -> Self:
        """Return the same work, put off once more; `spent` is what this try cost."""
        since = (self.waiting_since or datetime.now(UTC)) if cause_unknown else None
        attempts, deferrals = self.attempts + counts_as_attempt, self.deferrals + 1
        put_off = replace(self, attempts=attempts, deferrals=deferrals, waiting_since=since)
        return replace(put_off, spent=self.spent.plus(spent))

    def interrupted(self) -> Self:
        """Return the same work, after a try of which nobody knows the end."""
        return replace(self, interruptions=self.interruptions + 1, deferrals=self.deferrals + 1)

    def to_message(self) -> str:
        """Return the work as a CloudEvent in JSON: what goes on `image-work`."""
        return json.dumps(
            {
                "specversion": "1.0",
                "type": _DEFERRED,
                "source": _SOURCE,
                "id": str(uuid.uuid4()),
                "subject": self.ref.subject,
                "time": datetime.now(UTC).isoformat(),
                "attempts": self.attempts,
                "deferrals": self.deferrals,
                "interruptions": self.interruptions,
                "firstseen": self.first_seen.isoformat(),
                "again": self.anew,
                "chunk": self.chunk,
                "prepaid": self.prepaid,
                **{name: getattr(self.spent, of) for name, of in _SPENT.items()},
                **({"waitingsince": self.waiting_since.isoformat()} if self.waiting_since else {}),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_message(cls, body: bytes) -> list[Self]:
        """Read a message of `image-work`: ours, or an event that Event Grid delivered in either of its schemas.

        Raises:
            Unreadable: it is none of these; the sentence says what was wrong.
        """
        event = messages.read(body)
        subject, kind = event.get("subject"), str(event.get("type") or event.get("eventType"))
        if not isinstance(subject, str):
            raise Unreadable("the message is no event: expected a JSON object with a subject")
        first_seen = _moment(event, *_TIMES) or datetime.now(UTC)
        anew = str(event.get("again")).lower() == "true"
        waiting_since, chunk = _moment(event, "waitingsince"), event.get("chunk")
        chunk = chunk if isinstance(chunk, str) and CHUNK.fullmatch(chunk) else ""
        attempts, deferrals, interruptions = (_count(event, name) for name in _COUNTS)
        spent = Usage.model_validate({of: _count(event, name) for name, of in _SPENT.items()})
        try:
            named = refs(kind, subject, event.get("data"))
        except ValueError as error:
            raise Unreadable(str(error)) from error
        counts = attempts, deferrals, interruptions
        prepaid = str(event.get("prepaid")).lower() == "true"
        return [cls(ref, first_seen, *counts, anew, chunk, spent, waiting_since, prepaid) for ref in named]


def refs(kind: str, subject: str, data: object) -> list[ImageRef]:
    """Return the pictures that an event names. The kind of change is ignored: the pipeline looks at what is there now.

    Args:
        kind: the event's type. A rename (hierarchical namespaces) speaks of two blobs, the new name first: what the old
            one's record knows is there until then.
        subject: the blob, as Event Grid names it.
        data: the event's data; a rename has `sourceUrl` there.

    Raises:
        ValueError: the subject names no blob.
    """
    named = ImageRef.from_subject(subject)
    url = data.get("sourceUrl") if isinstance(data, Mapping) and kind == _RENAMED else None
    return [named, ImageRef.from_url(url)] if isinstance(url, str) else [named]


def _moment(event: Mapping[str, Any], *names: str) -> datetime | None:
    """Return the first of these times that can be read; a faulty one keeps no picture from its turn."""
    for name in names:
        with suppress(KeyError, TypeError, ValueError):
            seen = datetime.fromisoformat(event[name])
            return seen if seen.tzinfo else seen.replace(tzinfo=UTC)
    return None


def _count(event: Mapping[str, Any], name: str) -> int:
    """Return a whole number, also as text: libraries for CloudEvents write extension attributes so."""
    match event.get(name, 0):
        case int(value) if value >= 0:
            return value
        case str(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
            return int(text)
        case _:
            raise Unreadable(f"{name} is no whole number")
