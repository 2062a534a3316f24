"""At least once: what cannot be done now is put off, never dropped. The only module that counts a picture's tries.

The blob trigger tries five times at once and then gives up, so it is never left to it: deferred work becomes a message
on `image-work`, with a delay. Four kinds of tries are told apart:

- a fault of the installation (a missing role, a wrong setting) waits for an operator, for as long as it lasts;
- one of which nobody knows the cause (a rate limit, an outage) waits for `max_wait` and is then `failed`;
- one that may be the picture's counts, and the last attempt is recorded as `failed`;
- a try without an end, which the message tells by being received again: the app was stopped (it scaled in, was deployed
  or restarted) or killed (it ran out of memory). Ten such are no chance, and recorded as `failed` too.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from describer.domain import bugs
from describer.domain.errors import NotNow, Throttled, Transient
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record, Usage
from describer.domain.status import Skip, SkipReason
from describer.pipeline.backoff import Backoff
from describer.pipeline.call_context import UPLOAD_SECONDS, current, entered
from describer.pipeline.events import Work, refs
from describer.pipeline.ports import ImagePipeline, Queue
from describer.pipeline.sweep.library import Progress
from describer.pipeline.sweep.sweeper import report
from describer.pipeline.weighted_semaphore import Priority
from describer.pipeline.work_log import WorkLog, WorkObserver, outcome
from describer.vision.brief import Brief

MAX_INTERRUPTIONS: Final = 10
"""Tries without an end. A stop cuts off only what takes longer than the host waits (ten seconds), so that one picture
is cut off twice by chance and ten times by its own doing."""
SUSPECT: Final = 2
"""Tries without an end from which on a picture is worked beside no other such."""

_log = logging.getLogger(__name__)


def _no_price(_spent: Usage) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Brings pictures to the pipeline, and back to the queue where the pipeline says "not now".

    Args:
        pipeline: the pipeline.
        queue: `image-work`.
        brief: what is asked of uploaded pictures.
        max_attempts: tries at a picture that may itself be the cause.
        backoff: how long deferred work waits.
        max_wait: for how long a picture is put off in a row for what nobody knows the cause of.
        put_off: says when to come back, where the model's quota lets nothing through for longer than work may wait.
        work_log: hears of each step.
        progress: is told what became of pictures that a sweep queued.
        price: US dollars for what was used; 0 where no list price is known.
    """

    pipeline: ImagePipeline
    queue: Queue
    brief: Brief
    max_attempts: int
    backoff: Backoff
    max_wait: timedelta = timedelta(days=14)
    put_off: Callable[[], Transient | None] = lambda: None
    work_log: WorkObserver = field(default_factory=WorkLog)
    progress: Progress | None = None
    price: Callable[[Usage], float] = _no_price
    _alone: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def handle_upload(self, container: str, name: str) -> None:
        """A picture has landed."""
        await self._work(Work.first(ImageRef(container, name)))

    async def handle_message(self, body: bytes, received: int = 1) -> None:
        """A message of `image-work`, received so many times.

        Raises:
            Unreadable: it names no picture.
        """
        works = Work.from_message(body)
        priority = Priority.LIBRARY if any(work.chunk for work in works) else Priority.BACKGROUND
        with entered(UPLOAD_SECONDS, priority):  # a rename names two pictures, and one invocation works on both
            for work in works:
                self.work_log.taken(work)
                if received > 1:
                    await self._interrupted(work)
                elif work.interruptions < SUSPECT:
                    await self._work(work)
                else:
                    await self._work_alone(work)

    async def handle_event(self, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """An event of Event Grid's, which wants an answer within seconds: its pictures are queued, not worked on."""
        for ref in refs(kind, subject, data):
            await self.queue.send(Work.first(ref).to_message(), delay=0)

    async def _work(self, work: Work) -> None:
        if shut := self.put_off():
            await self._put_off(work, shut, Usage())
            return
        with entered() as call:
            call.prepaid = work.chunk if work.prepaid else ""
            try:
                end = await self.pipeline.describe(work.ref, replace(self.brief, again=work.anew))
                self.work_log.done(work, end)
                await self._report(work, outcome(end))
                await self._remember(work, end)
            except NotNow as fault:
                await self._put_off(work, fault, call.spent)
            except Exception as error:  # noqa: BLE001 - of ours: the host would try five times at once, and then nobody
                _log.error("picture.unexpected", extra={"picture": work.ref, **bugs.facts(error)})
                ours = Transient(f"an unexpected {type(error).__name__}; the log says where", counts_as_attempt=True)
                await self._put_off(work, ours, call.spent)

    async def _work_alone(self, work: Work) -> None:
        """Work on what was cut off before, one at a time: if the app is killed over it, no other such goes along."""
        if self._alone.locked():
            await self.queue.send(work.to_message(), delay=self.backoff.spread(1))
            return
        async with self._alone:
            await self._work(work)

    async def _interrupted(self, work: Work) -> None:
        """Go on with what was begun and came to no end: the app was stopped, or killed by this picture or another.

        It is not worked at once. What was under way at the same time comes back at the same time, and a picture over
        which the app is killed would take the others with it each time; so each comes back at a time of its own.
        """
        later = work.interrupted()
        times = later.interruptions
        why = f"Begun {times} times and never ended: each time the app was stopped, was killed or failed meanwhile"
        fault = Transient(why, retry_after=self.backoff.spread(times))
        await self._end_or_send(later, fault, why if times >= MAX_INTERRUPTIONS else "")

    async def _put_off(self, work: Work, fault: NotNow, spent: Usage) -> None:
        counts_as_attempt = fault.counts_as_attempt
        unknown = isinstance(fault, Transient) and not (counts_as_attempt or isinstance(fault, Throttled))
        later = work.next_attempt(spent, counts_as_attempt=counts_as_attempt, cause_unknown=unknown)
        why = ""
        if counts_as_attempt and later.attempts >= self.max_attempts:
            why = f"Tried {later.attempts} times; the last time: {fault.message}"
        elif later.waiting_since and datetime.now(UTC) - later.waiting_since >= self.max_wait:
            why = f"Waited for {self.max_wait.days} days; the last time: {fault.message}"
        await self._end_or_send(later, fault, why)

    async def _end_or_send(self, later: Work, fault: NotNow, why: str) -> None:
        """Record that the picture is given up, if `why` is given; otherwise, or if that fails, queue a later try."""
        if why:
            try:
                end = await self.pipeline.give_up(later.ref, self.brief, why, later.spent)
                self.work_log.done(later, end)
                await self._report(later, outcome(end))
            except NotNow as still:
                fault = still
            else:
                return
        delay = self.backoff.delay(later.deferrals, fault)
        await self.queue.send(later.to_message(), delay=delay)
        self.work_log.deferred(later, fault, delay)
        with suppress(NotNow):  # the sweep waits a little longer for its next pictures, no more
            await self._report(later, "")

    async def _remember(self, work: Work, end: Record | Skip) -> None:
        """Keep in mind what a sweep had looked at in vain: it has no record that would tell."""
        if self.progress and work.chunk and isinstance(end, Skip) and end.reason is SkipReason.NOT_A_PICTURE:
            with suppress(NotNow):  # it is looked at once more, then
                await self.progress.remember_no_picture(work.ref, end.etag)

    async def _report(self, work: Work, outcome: str) -> None:
        """Tell the sweep that queued the picture what became of it, and what this call paid for it."""
        if self.progress and work.chunk:
            spent = current().spent
            line = report(work.ref, outcome, self.price(spent), spent.prompt_tokens + spent.completion_tokens)
            await self.progress.report(work.chunk, line)
