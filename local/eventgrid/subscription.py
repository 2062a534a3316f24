"""What a subscription delivers, and when it tries again."""

import asyncio
import itertools
from collections.abc import Collection
from dataclasses import dataclass, field

from local.accesslog import Change
from local.eventgrid import events
from local.eventgrid.destinations import Destination, Json, Refused, Undelivered
from local.eventgrid.events import Event, Schema

DELAYS = (0.5, 1, 2, 5, 10)  # seconds before each new try, then LONGEST
LONGEST = 30.0
TRIES = 30


@dataclass(frozen=True, slots=True)
class Subscription:
    """Delivers the events that pass its filter.

    Args:
        destination: where to.
        schema: in which shape.
        types: of which events.
        prefixes: what a subject must begin with, one of them: `subjectBeginsWith`, or for several the advanced filter
            `StringBeginsWith` on `subject`.
        retries: the events that failed, each waiting for its next try.

    """

    destination: Destination
    schema: Schema
    types: Collection[str]
    prefixes: tuple[str, ...]
    retries: set[asyncio.Task[None]] = field(default_factory=set)

    def wants(self, change: Change) -> bool:
        """Whether the event of this change passes the filter."""
        subject = events.subject(change.container, change.name)
        return events.type_of(change) in self.types and subject.startswith(self.prefixes)

    async def deliver(self, event: Event) -> None:
        """Try once; a failure is tried again beside the events that follow, so that it holds none of them up."""
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
        """Try; False if it is worth another one."""
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
