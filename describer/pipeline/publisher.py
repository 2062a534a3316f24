"""Publishes outcomes; an event that cannot be published waits in the queue `unpublished-events`."""

import json
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from describer.domain.errors import NotNow
from describer.domain.image_blob import StoredRecord
from describer.pipeline import messages
from describer.pipeline.backoff import Backoff
from describer.pipeline.messages import Unreadable
from describer.pipeline.outcome_event import OutcomeEvent
from describer.pipeline.ports import Publisher, Queue

_DEFERRALS: Final = "deferrals"
"""Counts the tries of a waiting event; not part of the published event."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class OutcomePublisher:
    """Implements the port `Topic` with a publisher and a retry queue.

    Args:
        queue: `unpublished-events`.
        source: the pictures' blob service.
        languages: languages of the texts in events; `all`: every language.
    """

    publisher: Publisher
    queue: Queue
    backoff: Backoff
    source: str
    languages: Sequence[str] = ()

    async def publish(self, stored: StoredRecord) -> None:
        """Publish an outcome now, or queue it for later."""
        event = OutcomeEvent.of(stored, self.source, self.languages)
        await self._publish(event.model_dump(mode="json"), deferrals=0)

    async def republish(self, body: bytes) -> None:
        """Publish a message of `unpublished-events`. Raises Unreadable: it is not an event of ours."""
        event = messages.read(body)
        match event.pop(_DEFERRALS, None):
            case int(deferrals):
                await self._publish(event, deferrals=deferrals)
            case other:
                raise Unreadable(f"The message is not an unpublished event: {_DEFERRALS} is {other!r}")

    async def _publish(self, event: dict[str, Any], *, deferrals: int) -> None:
        try:
            await self.publisher.publish(event)
        except NotNow as fault:
            delay = self.backoff.delay(deferrals + 1, fault)
            await self.queue.send(json.dumps(event | {_DEFERRALS: deferrals + 1}), delay=delay)
            facts = {"deferrals": deferrals + 1, "delay": delay, "reason": fault.message}
            _log.log(fault.level, "event.deferred", extra=facts)
