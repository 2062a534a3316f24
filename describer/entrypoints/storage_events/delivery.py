"""Delivers pictures to the pipeline at least once: work that must wait is re-queued with a delay, never dropped.

This is the only module that counts tries. The blob trigger would retry five times without a pause and then give up;
instead, deferred work becomes a message on `image-work`. There are five kinds of failed tries:

- a fault of the installation (a missing role, a wrong setting): retried until an operator fixes it;
- a rate limit or a spent daily budget: retried for as long as it lasts;
- an unknown cause (an outage): retried for `max_wait`, then recorded as `failed`;
- a fault that may be the picture's: counted; the last attempt is recorded as `failed`;
- an interrupted try, recognized because its message is received again: the app was stopped (scaled in, deployed,
  or restarted) or killed (out of memory). Ten are not chance and are recorded as `failed` too.
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
from describer.pipeline.backfill.backfiller import report
from describer.pipeline.backfill.library import Progress
from describer.pipeline.backoff import Backoff
from describer.pipeline.call_context import UPLOAD_SECONDS, current, entered
from describer.pipeline.events import Work, refs
from describer.pipeline.ports import ImagePipeline, Queue
from describer.pipeline.weighted_semaphore import Priority
from describer.pipeline.work_log import WorkLog, outcome
from describer.vision.brief import Brief

MAX_INTERRUPTIONS: Final = 10
"""Maximum number of interrupted tries. A stop interrupts only work that takes longer than the host's ten seconds, so
that a picture may be interrupted twice by chance, but ten times only by its own fault.
"""
SUSPECT: Final = 2
"""Number of interrupted tries from which on a picture is not processed beside another such picture."""

_log = logging.getLogger(__name__)


def _no_price(_spent: Usage) -> float:
    return 0.0


@dataclass(frozen=True, slots=True)
class Delivery:
    """Delivers pictures to the pipeline and re-queues them if it raises NotNow.

    Args:
        pipeline: the pipeline.
        queue: `image-work`.
        brief: the request for uploaded pictures.
        max_attempts: maximum number of tries that the picture may have caused to fail.
        backoff: the delays of deferred work.
        max_wait: how long a picture is deferred in a row for unknown causes.
        deferral: returns the error to defer new work with, if the model's quota is used up for longer than work may
            wait.
        work_log: observes each step.
        progress: gets the outcomes of pictures that a backfill queued.
        price: returns the cost of tokens in US dollars; 0 if there is no list price.
    """

    pipeline: ImagePipeline
    queue: Queue
    brief: Brief
    max_attempts: int
    backoff: Backoff
    max_wait: timedelta = timedelta(days=14)
    deferral: Callable[[], Transient | None] = lambda: None
    work_log: WorkLog = field(default_factory=WorkLog)
    progress: Progress | None = None
    price: Callable[[Usage], float] = _no_price
    _exclusive: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def handle_upload(self, container: str, name: str) -> None:
        """Handle an upload."""
        await self._work(Work.first(ImageRef(container, name)))

    async def handle_message(self, body: bytes, received: int = 1) -> None:
        """Handle a message of `image-work` that was received so many times.

        Raises:
            Unreadable: it names no picture.
        """
        works = Work.from_message(body)
        priority = Priority.LIBRARY if any(work.chunk for work in works) else Priority.BACKGROUND
        with entered(UPLOAD_SECONDS, priority) as call:
            for work in works:  # a rename names two pictures, which one invocation processes
                call.deferred = work.deferrals > 0
                self.work_log.taken(work)
                if received > 1:
                    await self._interrupted(work)
                elif work.interruptions < SUSPECT:
                    await self._work(work)
                else:
                    await self._work_exclusively(work)

    async def handle_event(self, kind: str, subject: str, data: Mapping[str, Any]) -> None:
        """Queue the pictures of an Event Grid event, which must be answered within seconds."""
        for ref in refs(kind, subject, data):
            await self.queue.send(Work.first(ref).to_message(), delay=0)

    async def _work(self, work: Work) -> None:
        if shut := self.deferral():
            await self._defer(work, shut, Usage())
            return
        with entered() as call:
            call.prepaid = work.chunk if work.prepaid else ""
            try:
                end = await self.pipeline.describe(work.ref, replace(self.brief, again=work.again))
                self.work_log.done(work, end)
                await self._report(work, outcome(end))
                await self._remember(work, end)
            except NotNow as fault:
                await self._defer(work, fault, call.spent)
            except Exception as error:  # noqa: BLE001 - a bug: the host would retry five times at once and then give up
                _log.error("picture.unexpected", extra={"picture": work.ref, **bugs.facts(error)})
                ours = Transient(f"An unexpected {type(error).__name__}; the log says where", counts_as_attempt=True)
                await self._defer(work, ours, call.spent)

    async def _work_exclusively(self, work: Work) -> None:
        """Process an interrupted picture, one such at a time, so that if it kills the app, no other is interrupted."""
        if self._exclusive.locked():
            await self.queue.send(work.to_message(), delay=self.backoff.spread(1))
            return
        async with self._exclusive:
            await self._work(work)

    async def _interrupted(self, work: Work) -> None:
        """Re-queue an interrupted try: the app was stopped, or was killed by this picture or another.

        It is not processed at once. Everything that was in progress returns at the same time, and a picture that kills
        the app would interrupt the others again each time. So each returns after its own delay.
        """
        later = work.interrupted()
        times = later.interruptions
        why = f"Interrupted {times} times: each time the app was stopped, was killed or failed during the work"
        fault = Transient(why, retry_after=self.backoff.spread(times))
        await self._end_or_send(later, fault, why if times >= MAX_INTERRUPTIONS else "")

    async def _defer(self, work: Work, fault: NotNow, spent: Usage) -> None:
        counts_as_attempt = fault.counts_as_attempt
        unknown = isinstance(fault, Transient) and not (counts_as_attempt or isinstance(fault, Throttled))
        later = work.next_attempt(spent, counts_as_attempt=counts_as_attempt, cause_unknown=unknown)
        why = ""
        if counts_as_attempt and later.attempts >= self.max_attempts:
            why = f"Tried {later.attempts} times; last error: {fault.message}"
        elif later.waiting_since and datetime.now(UTC) - later.waiting_since >= self.max_wait:
            why = f"Waited for {self.max_wait.days} days; last error: {fault.message}"
        await self._end_or_send(later, fault, why)

    async def _end_or_send(self, later: Work, fault: NotNow, why: str) -> None:
        """Give the picture up if `why` is given; otherwise, or if that fails, queue a later try."""
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
        with suppress(NotNow):  # the only effect is that the backfill queues its next pictures a little later
            await self._report(later, "")

    async def _remember(self, work: Work, end: Record | Skip) -> None:
        """Record that a backfill's blob is not a picture, since such a blob gets no record."""
        if self.progress and work.chunk and isinstance(end, Skip) and end.reason is SkipReason.NOT_A_PICTURE:
            with suppress(NotNow):  # the next backfill then examines it again
                await self.progress.remember_no_picture(work.ref, end.etag)

    async def _report(self, work: Work, outcome: str) -> None:
        """Report the picture's outcome and this call's cost to the backfill that queued it."""
        if self.progress and work.chunk:
            spent = current().spent
            line = report(work.ref, outcome, self.price(spent), spent.prompt_tokens + spent.completion_tokens)
            await self.progress.report(work.chunk, line)
