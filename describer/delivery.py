"""At least once: what cannot be done now is put off, never dropped. The only module that counts attempts.

The blob trigger tries five times at once and then gives up, so it is never left to it: deferred work becomes a message
on `image-work`, with a delay. Faults that are not the picture's (rate limits, outages, a missing role) wait as long as
they last; those that may be the picture's count, and the last attempt is recorded as `failed`.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from describer.backoff import Backoff
from describer.brief import Brief
from describer.errors import Misconfigured, Transient
from describer.events import ImageRef, Work, refs
from describer.outcome import Skip
from describer.pipeline import Pipeline
from describer.ports import Queue
from describer.record import Record

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
    """

    pipeline: Pipeline
    queue: Queue
    brief: Brief
    max_attempts: int
    backoff: Backoff

    async def arrived(self, container: str, name: str) -> None:
        """A picture has landed."""
        await self._work(Work.first(ImageRef(container, name)))

    async def again(self, message: bytes) -> None:
        """A message of `image-work`.

        Raises:
            ValueError: it names no picture; the host then moves it to the poison queue, where it can be read.
        """
        for work in Work.from_message(message):
            await self._work(work)

    async def noticed(self, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """An event of Event Grid's, which wants an answer within seconds: its pictures are queued, not worked on."""
        for ref in refs(kind, subject, data):
            await self.queue.send(Work.first(ref).to_message(), delay=0)

    async def _work(self, work: Work) -> None:
        try:
            self._report(work, await self.pipeline.describe(work.ref, self.brief))
        except (Transient, Misconfigured) as fault:
            await self._put_off(work, fault)

    async def _put_off(self, work: Work, fault: Transient | Misconfigured) -> None:
        blames_picture = isinstance(fault, Transient) and fault.blames_picture
        later = work.again(blames_picture=blames_picture)
        if blames_picture and later.attempts >= self.max_attempts:
            try:
                why = f"Tried {later.attempts} times; the last time: {fault}"
                self._report(later, await self.pipeline.give_up(work.ref, self.brief, why))
            except (Transient, Misconfigured) as still:
                fault = still
            else:
                return
        asked = fault.retry_after if isinstance(fault, Transient) else None
        delay = self.backoff.delay(later.deferrals, asked)
        await self.queue.send(later.to_message(), delay=delay)
        level = logging.ERROR if isinstance(fault, Misconfigured) else logging.WARNING
        _log.log(level, "picture.deferred", extra=_facts(later) | {"delay": round(delay, 1), "reason": str(fault)})

    @staticmethod
    def _report(work: Work, end: Record | Skip) -> None:
        outcome = end.reason if isinstance(end, Skip) else end.status
        _log.info("picture.done", extra=_facts(work) | {"outcome": str(outcome)})


def _facts(work: Work) -> dict[str, object]:
    return {"picture": work.ref.subject, "attempts": work.attempts, "deferrals": work.deferrals}
