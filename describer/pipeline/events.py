"""The formats of incoming events and of deferred work.

Both of Event Grid's schemas are read (its own, and CloudEvents 1.0), and the messages on `image-work`, which are
CloudEvents with the number of tries in extension attributes.
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
"""Format of the name of pictures that a backfill queued together."""
_DIGITS: Final = 9
_TIMES: Final = ("firstseen", "time", "eventTime")
"""Attributes with the event's time; used for measurement only."""
_COUNTS: Final = ("attempts", "deferrals", "interruptions")
_SPENT: Final = {name.replace("_", ""): name for name in Usage.model_fields}
"""The paid tokens, by CloudEvents attribute names, which have no underscores."""


@dataclass(frozen=True, slots=True)
class Work:
    """A picture to process and its earlier tries.

    Args:
        attempts: failed tries that the picture may have caused.
        deferrals: tries deferred for any reason; determines the next delay.
        interruptions: tries that did not end, because the app was stopped or killed.
        first_seen: when its event arrived.
        again: whether to ask for a new answer even if one is stored.
        chunk: where to report the picture's outcome to a backfill; empty if no backfill queued it.
        prepaid: whether a batch has answered for the chunk.
        spent: tokens paid so far for answers without a record.
        waiting_since: since when tries were deferred for a cause that is neither the picture's nor the installation's;
            None if the last try had another cause.
    """

    ref: ImageRef
    first_seen: datetime
    attempts: int = 0
    deferrals: int = 0
    interruptions: int = 0
    again: bool = False
    chunk: str = ""
    spent: Usage = field(default_factory=Usage)
    waiting_since: datetime | None = None
    prepaid: bool = False

    @classmethod
    def first(cls, ref: ImageRef) -> Self:
        """Return work that has just arrived."""
        return cls(ref, datetime.now(UTC))

    @classmethod
    def check_later(cls, ref: ImageRef, seconds: float) -> Self:
        """Return work that arrives in so many seconds."""
        return cls(ref, datetime.now(UTC) + timedelta(seconds=seconds))

    def next_attempt(self, spent: Usage, *, counts_as_attempt: bool, cause_unknown: bool = False) -> Self:
        """Return the work, deferred once more; `spent` is the cost of the last try."""
        since = (self.waiting_since or datetime.now(UTC)) if cause_unknown else None
        attempts, deferrals = self.attempts + counts_as_attempt, self.deferrals + 1
        deferred = replace(self, attempts=attempts, deferrals=deferrals, waiting_since=since)
        return replace(deferred, spent=self.spent.plus(spent))

    def interrupted(self) -> Self:
        """Return the work after an interrupted try."""
        return replace(self, interruptions=self.interruptions + 1, deferrals=self.deferrals + 1)

    def to_message(self) -> str:
        """Return the work as a CloudEvent in JSON, for `image-work`."""
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
                "again": self.again,
                "chunk": self.chunk,
                "prepaid": self.prepaid,
                **{name: getattr(self.spent, of) for name, of in _SPENT.items()},
                **({"waitingsince": self.waiting_since.isoformat()} if self.waiting_since else {}),
            },
            ensure_ascii=False,
        )

    @classmethod
    def from_message(cls, body: bytes) -> list[Self]:
        """Parse a message of `image-work`: ours, or an Event Grid event in either schema. Raises Unreadable."""
        event = messages.read(body)
        subject, kind = event.get("subject"), str(event.get("type") or event.get("eventType"))
        if not isinstance(subject, str):
            raise Unreadable("The message is not an event: expected a JSON object with a subject")
        first_seen = _moment(event, *_TIMES) or datetime.now(UTC)
        again = str(event.get("again")).lower() == "true"
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
        return [cls(ref, first_seen, *counts, again, chunk, spent, waiting_since, prepaid) for ref in named]


def refs(kind: str, subject: str, data: object) -> list[ImageRef]:
    """Return the pictures that an event names. The kind of change is ignored: the pipeline reads the current state.

    Args:
        kind: the event's type. A rename (hierarchical namespaces) names two blobs; the new name comes first, while the
            old one's record still exists.
        subject: the blob's subject.
        data: the event's data; a rename has `sourceUrl` there.

    Raises:
        ValueError: the subject does not name a blob.
    """
    named = ImageRef.from_subject(subject)
    url = data.get("sourceUrl") if isinstance(data, Mapping) and kind == _RENAMED else None
    return [named, ImageRef.from_url(url)] if isinstance(url, str) else [named]


def _moment(event: Mapping[str, Any], *names: str) -> datetime | None:
    """Return the first of these times that can be parsed; invalid ones are ignored."""
    for name in names:
        with suppress(KeyError, TypeError, ValueError):
            seen = datetime.fromisoformat(event[name])
            return seen if seen.tzinfo else seen.replace(tzinfo=UTC)
    return None


def _count(event: Mapping[str, Any], name: str) -> int:
    """Return an integer, possibly written as text: CloudEvents libraries write extension attributes as text."""
    match event.get(name, 0):
        case int(value) if value >= 0:
            return value
        case str(text) if text.isascii() and text.isdecimal() and len(text) <= _DIGITS:
            return int(text)
        case _:
            raise Unreadable(f"{name} is not a whole number")
