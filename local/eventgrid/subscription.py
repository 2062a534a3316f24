"""Filters events, delivers them and retries."""

import asyncio
import itertools
from collections.abc import Collection
from dataclasses import dataclass, field

from local.accesslog import Change
from local.eventgrid import events
from local.eventgrid.destinations import Destination, Json, Refused, Undelivered
from local.eventgrid.events import Event, Schema

DELAYS = (0.5, 1, 2, 5, 10)  # seconds before each retry, then LONGEST
LONGEST = 30.0
TRIES = 30


@dataclass(frozen=True, slots=True)
class Subscription:
    """Delivers the events that pass its filter.

    Args:
        destination: receives them.
        schema: of the events.
        types: of events to deliver.
        prefixes: a subject must begin with one of them: `subjectBeginsWith`, or for several the advanced filter
            `StringBeginsWith` on `subject`.
        retries: tasks of failed events that wait for their next try.

    """

    destination: Destination
    schema: Schema
    types: Collection[str]
    prefixes: tuple[str, ...]
    retries: set[asyncio.Task[None]] = field(default_factory=set)

    def wants(self, change: Change) -> bool:
        """Return whether the event of this change passes the filter."""
        subject = events.subject(change.container, change.name)
        return events.type_of(change) in self.types and subject.startswith(self.prefixes)

    async def deliver(self, event: Event) -> None:
        """Deliver an event; retries run in the background, so that later events do not wait."""
        shaped = event.in_schema(self.schema)
        if not await self._try(shaped, 0):
            task = asyncio.create_task(self._retry(shaped))
            self.retries.add(task)
            task.add_done_callback(self.retries.discard)

    async def _retry(self, event: Json) -> None:
        delays = itertools.chain(DELAYS, itertools.repeat(LONGEST))
        for tried, delay in zip(range(1, TRIES), delays, strict=False):
            await asyncio.sleep(delay)
            if await self._try(event, tried):
                return
        print(f"GIVEN UP after {TRIES} tries: {event['subject']}")

    async def _try(self, event: Json, tried: int) -> bool:
        """Try to deliver; return False if it must be retried."""
        try:
            said = await self.destination.deliver(event, tried)
        except Undelivered as error:
            print(f"{error}: {event['subject']}")
            return False
        except Refused as error:
            print(f"DROPPED, {error} is never tried again: {event['subject']}")
            return True
        print(f"{said}: {event['subject']}")
        return True
