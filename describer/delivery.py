"""At least once: what cannot be done now is put off, never dropped. The only module that counts attempts.

The blob trigger tries five times at once and then gives up, so it is never left to it: deferred work becomes a message
on `image-work`, with a delay. Faults that are not the picture's (rate limits, outages, a missing role) wait as long as
they last; those that may be the picture's count, and the last attempt is recorded as `failed`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from describer import bugs
from describer.backoff import Backoff
from describer.brief import Brief
from describer.errors import Misconfigured, Transient
from describer.events import ImageRef, Work, refs
from describer.journal import Journal, LogJournal
from describer.ports import Line, Queue

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Delivery:
    """Brings pictures to the line, and back to the queue where the line says "not now".

    Args:
        pipeline: the line.
        queue: `image-work`.
        brief: what is asked of uploaded pictures.
        max_attempts: tries at a picture that may itself be the cause.
        backoff: how long deferred work waits.
        journal: hears of each step.
    """

    pipeline: Line
    queue: Queue
    brief: Brief
    max_attempts: int
    backoff: Backoff
    journal: Journal = field(default_factory=LogJournal)

    async def arrived(self, container: str, name: str) -> None:
        """A picture has landed."""
        await self._work(Work.first(ImageRef(container, name)))

    async def again(self, message: bytes) -> None:
        """A message of `image-work`.

        Raises:
            ValueError: it names no picture; the host then moves it to the poison queue, see poison.py.
        """
        for work in Work.from_message(message):
            self.journal.taken(work)
            await self._work(work)

    async def noticed(self, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """An event of Event Grid's, which wants an answer within seconds: its pictures are queued, not worked on."""
        for ref in refs(kind, subject, data):
            await self.queue.send(Work.first(ref).to_message(), delay=0)

    async def _work(self, work: Work) -> None:
        try:
            self.journal.done(work, await self.pipeline.describe(work.ref, self.brief))
        except (Transient, Misconfigured) as fault:
            await self._put_off(work, fault)
        except Exception as error:  # noqa: BLE001 - of ours: the host would try five times at once, and then nobody
            _log.error("picture.unexpected", extra={"picture": work.ref, **bugs.facts(error)})
            ours = Transient(f"an unexpected {type(error).__name__}; the log says where", blames_picture=True)
            await self._put_off(work, ours)

    async def _put_off(self, work: Work, fault: Transient | Misconfigured) -> None:
        blames_picture = isinstance(fault, Transient) and fault.blames_picture
        later = work.again(blames_picture=blames_picture)
        if blames_picture and later.attempts >= self.max_attempts:
            try:
                why = f"Tried {later.attempts} times; the last time: {fault.message}"
                self.journal.done(later, await self.pipeline.give_up(work.ref, self.brief, why))
            except (Transient, Misconfigured) as still:
                fault = still
            else:
                return
        delay = self.backoff.delay(later.deferrals, fault)
        await self.queue.send(later.to_message(), delay=delay)
        self.journal.deferred(later, fault, delay)
