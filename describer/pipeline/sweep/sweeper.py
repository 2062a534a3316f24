"""Queues a sweep's pictures as fast as the app describes them, until all are described or a limit is reached.

Each step reads new outcomes, queues as many pictures as there is room for, and writes the state. New uploads wait for
at most that many: a sweep's pictures have a lower priority for memory and the model, and at most `QUEUED_AT_MOST` are
in the queue.
"""

import asyncio
import json
import math
import re
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import batched
from typing import Any, Final

from describer.domain.errors import AlreadyRunning, Busy, Conflict, InvalidRequest, Misconfigured, NotFound
from describer.domain.image_ref import ImageRef
from describer.pipeline.catalogue import listable
from describer.pipeline.events import Work
from describer.pipeline.ports import Page, Queue
from describer.pipeline.sweep.batches import MOST_HELD, Batching
from describer.pipeline.sweep.counted import Counted, Preview
from describer.pipeline.sweep.library import Library, Listed, Sweeps
from describer.pipeline.sweep.preview import Asking, priced, with_next_page
from describer.pipeline.sweep.selection import Judgement, Selection
from describer.pipeline.sweep.state import BATCH_CHUNK, CHUNK, ID, Chunk, End, Sweep, SweepOptions, Tally, digest_of

QUEUED_AT_MOST: Final = 2000
"""Maximum number of a sweep's queued pictures that were never deferred."""
QUEUED_AT_LEAST: Final = CHUNK
"""Number of pictures to queue before the app's speed is known."""
STEPS_AHEAD: Final = 3
"""Number of steps for which pictures are queued in advance, so that the app never waits."""
MAX_CHUNKS: Final = 50
"""Maximum number of unfinished chunks: in an outage a sweep pauses instead of deferring all pictures."""
PAUSE: Final = 2.0
"""Seconds between two steps."""
BATCH_PAUSE: Final = 20.0
"""The same where batches are waited for, which take hours."""
_TRIES: Final = 5
"""Maximum attempts to stop a sweep while another process writes its state."""
_AT_ONCE: Final = 16
"""Number of messages sent concurrently."""


@dataclass(slots=True)
class Sweeper:
    """Runs sweeps.

    Args:
        library: lists the pictures.
        sweeps: stores the state.
        work: the queue `image-work`.
        selection: returns the rules for options.
        asking: the request and sizes for the estimate.
        batching: takes chunks through the model's Batch interface; None if it has none.
        batch_chunk: pictures in a file of a batch at most.
    """

    library: Library
    sweeps: Sweeps
    work: Queue
    selection: Callable[[SweepOptions], Selection]
    asking: Asking
    batching: Batching | None = None
    batch_chunk: int = BATCH_CHUNK
    _page: tuple[tuple[str, str, str], Page[Listed]] | None = field(default=None, init=False)

    async def selecting(self, options: SweepOptions) -> Selection:
        """Return the rules for these options, including the blobs that are known not to be pictures."""
        return replace(self.selection(options), no_pictures=await self.sweeps.no_pictures(options.container))

    async def begin(self, options: SweepOptions, seen: Preview | None = None, *, dry_run: bool = False) -> Sweep:
        """Begin a sweep. Its first steps make the estimate, unless `seen` is one; the next ones queue pictures.

        Args:
            options: the sweep's options.
            seen: an estimate that was already made.
            dry_run: only make the estimate; any number of dry runs may run beside a sweep.

        Raises:
            InvalidRequest: the prefix is not possible, or `max_usd` is set for a model without a list price.
            AlreadyRunning: another sweep is running or began at the same moment.
        """
        listable(options.prefix)
        if options.max_usd is not None and not self.asking.has_price:
            raise InvalidRequest("The model has no list price; limit the number of pictures instead.", field="max_usd")
        if options.batch and not self.batching:
            raise InvalidRequest("BATCH_DEPLOYMENT names no deployment that answers in batches.", field="batch")
        sweep = Sweep.new(options, seen, dry_run=dry_run)
        if dry_run:
            return await self.sweeps.write(sweep)
        latest = await self.sweeps.latest()
        if latest and not latest.state.is_over:
            raise AlreadyRunning(f"Sweep {latest.id} is {latest.state}; stop it or wait until it ends.")
        try:
            return await self.sweeps.begin(sweep)
        except Conflict as error:
            raise AlreadyRunning("Another sweep was begun at the same moment.") from error

    async def find(self, sweep_id: str) -> Sweep:
        """Return the sweep with this id, or the latest if it is empty.

        Raises:
            NotFound: it does not exist.
        """
        found = None
        if not sweep_id:
            found = await self.sweeps.latest()
        elif re.fullmatch(ID, sweep_id):  # it becomes part of a blob's name
            found = await self.sweeps.read(sweep_id)
        if found is None:
            raise NotFound(
                f"There is no sweep {sweep_id!r}." if sweep_id else "No backfill (sweep) has been started yet."
            )
        return found

    async def stop(self, sweep_id: str = "") -> Sweep:
        """Stop a sweep or its estimate; pictures that are already queued are still described.

        Args:
            sweep_id: the sweep's ID; empty: the latest.

        Raises:
            NotFound: it does not exist.
            Busy: another process wrote its state at each attempt.
        """
        for _ in range(_TRIES):
            sweep = await self.find(sweep_id)
            if sweep.state.is_over:
                return sweep
            with suppress(Conflict):
                return await self.sweeps.write(_now(sweep, state=End.STOPPED))
        raise Busy("The sweep is written all the time.", retry_after=PAUSE)

    async def resume(self, sweep: Sweep, caps: Mapping[str, Any]) -> Sweep:
        """Resume a sweep; `caps` replaces `max_pictures` or `max_usd`. Raises Conflict: read the sweep again."""
        latest = await self.find("")
        if latest.id != sweep.id:
            raise InvalidRequest(f"Only the latest sweep, {latest.id}, can be resumed; begin a new one.", field="sweep")
        options = SweepOptions.model_validate(sweep.options.model_dump() | dict(caps))
        state = sweep.state if sweep.state is End.FINISHED else End.PRICING if sweep.counted else End.RUNNING
        return await self.sweeps.write(_now(sweep, options=options, state=state))

    async def step(self, sweep: Sweep) -> Sweep:
        """Read outcomes, queue as many pictures as there is room for, and write the state; or count the next page.

        Raises:
            Conflict: another process has written the state; read it again.
        """
        if sweep.state is End.PRICING:
            return await self.sweeps.write(await self._priced_further(sweep))
        sweep, ended = await self._settled(sweep)
        for chunk in sweep.held:
            sweep = await self._further(sweep, chunk)
        limit = max(QUEUED_AT_LEAST, min(QUEUED_AT_MOST, STEPS_AHEAD * ended))
        while sweep.state is End.RUNNING and not sweep.listed and len(sweep.waiting) < MAX_CHUNKS:
            most = min(self._room(sweep, limit), sweep.allows())
            if most <= 0:
                break
            sweep = await self.sweeps.write(await self._queue_some(sweep, most))
        return await self.sweeps.write(_now(sweep, state=_state(sweep)))

    async def drive(
        self, sweep: Sweep, on_step: Callable[[Sweep], None], seconds: float = math.inf, max_wait: float = 0
    ) -> Sweep:
        """Take steps until the sweep ends or the time is over; `on_step` gets the state after each.

        Raises:
            Busy: another process has run a sweep for `max_wait` seconds.
        """
        ends = time.monotonic() + seconds
        async with nullcontext() if sweep.dry_run else self.sweeps.driving(max_wait):
            while not sweep.state.is_over and time.monotonic() < ends:
                try:
                    sweep = await self.step(sweep)
                except Conflict:  # a person stopped it or changed its limits
                    sweep = await self.find(sweep.id)
                on_step(sweep)
                if sweep.state is End.RUNNING:
                    await asyncio.sleep(BATCH_PAUSE if sweep.only_waits else PAUSE)
        return sweep

    def _room(self, sweep: Sweep, limit: int) -> int:
        """How many pictures may be taken now: so many beside those on the queue, or a file of a batch."""
        if not sweep.options.batch:
            return limit - sweep.fresh
        return self.batch_chunk if len(sweep.held) < MOST_HELD else 0

    async def _priced_further(self, sweep: Sweep) -> Sweep:
        """Count the next page; after the last one, make the estimate."""
        counted, selection = sweep.counted or Counted(), await self.selecting(sweep.options)
        if not counted.ended:
            return _now(sweep, counted=await with_next_page(self.library, selection, counted))
        seen = await priced(self.library, selection, counted, self.asking)
        return _now(sweep.priced(seen))

    async def _settled(self, sweep: Sweep) -> tuple[Sweep, int]:
        """Read the reports of all unfinished chunks; return the sweep and the number of newly processed pictures."""
        read = await asyncio.gather(*(self._read(sweep, chunk) for chunk in sweep.waiting))
        ended = sum((chunk.tally for chunk in read if not chunk.under_way), sweep.ended)
        settled = sweep.model_copy(update={"ended": ended, "waiting": tuple(c for c in read if c.under_way)})
        return settled, settled.tally.done - sweep.tally.done

    async def _read(self, sweep: Sweep, chunk: Chunk) -> Chunk:
        reports = [json.loads(line) for line in await self.sweeps.lines(sweep.chunk_name(chunk.number))]
        outcomes: dict[str, str] = {}
        for each in reports:  # the first end counts: a message that came twice finds the record there
            if each["outcome"]:
                outcomes.setdefault(each["picture"], each["outcome"])
        tally = Tally(
            outcomes=dict(Counter(outcomes.values())),
            usd=sum(report["usd"] for report in reports),
            tokens=sum(report["tokens"] for report in reports),
        )
        deferred = {report["picture"] for report in reports} - outcomes.keys()
        return chunk.model_copy(update={"tally": tally, "deferred": len(deferred)})

    async def _queue_some(self, sweep: Sweep, most: int) -> Sweep:
        """Queue up to `most` pictures of the current page and return the sweep's new state."""
        page, judge = await self._listing(sweep), await self.selecting(sweep.options)
        chosen: list[tuple[ImageRef, Judgement]] = []
        passed, after, looked = Counter(sweep.passed), sweep.after, 0
        for listed in _later(page.items, sweep.after):
            if len(chosen) == most:
                break
            judgement, ref, looked = judge.judge(listed), listed.picture.ref, looked + 1
            after = ref.name
            if judgement.is_queued:
                chosen.append((ref, judgement))
            else:
                passed[judgement.value] += 1
        number = sweep.chunks + 1
        chunk, pictures = sweep.chunk_name(number), [(ref, why is Judgement.REVIEW) for ref, why in chosen]
        if sweep.options.batch:
            await self._batches.keep(chunk, pictures)
        else:
            await self._send(chunk, pictures)
        made = Chunk(number=number, size=len(chosen), held=sweep.options.batch)
        at_end = not page.items or after == page.items[-1].picture.ref.name
        return _now(
            sweep,
            cursor=page.cursor if at_end else sweep.cursor,
            after="" if at_end else after,
            listed=at_end and not page.cursor,
            found=sweep.found + looked,
            passed=dict(passed),
            enqueued=sweep.enqueued + len(chosen),
            chunks=number if chosen else sweep.chunks,
            waiting=(*sweep.waiting, made) if chosen else sweep.waiting,
        )

    @property
    def _batches(self) -> Batching:
        if self.batching is None:  # the setting was taken away while a sweep was under way
            raise Misconfigured("BATCH_DEPLOYMENT names no deployment that answers in batches")
        return self.batching

    async def _further(self, sweep: Sweep, chunk: Chunk) -> Sweep:
        """Take a chunk that waits for a batch a step further; when that has ended, queue its pictures."""
        name = sweep.chunk_name(chunk.number)
        after = await self._batches.further(chunk, name)
        if after == chunk:
            return sweep
        if after.answered:
            await self._send(name, await self._batches.names(name), prepaid=True)
            after = after.model_copy(update={"held": False})
        waiting = tuple(after if each.number == chunk.number else each for each in sweep.waiting)
        return await self.sweeps.write(_now(sweep, waiting=waiting))

    async def _send(self, chunk: str, pictures: Sequence[tuple[ImageRef, bool]], *, prepaid: bool = False) -> None:
        for some in batched(pictures, _AT_ONCE, strict=False):
            work = (replace(Work.first(ref), chunk=chunk, again=again, prepaid=prepaid) for ref, again in some)
            await asyncio.gather(*(self.work.send(each.to_message(), delay=0) for each in work))

    async def _listing(self, sweep: Sweep) -> Page[Listed]:
        """Return the current page of the listing, cached while this process runs the sweep."""
        key = (sweep.options.container, sweep.options.prefix, sweep.cursor)
        if self._page is None or self._page[0] != key:
            self._page = None  # release the old page first: two pages would need twice the memory
            self._page = key, await self.library.page(*key)
        return self._page[1]


def report(ref: ImageRef, outcome: str, usd: float, tokens: int) -> str:
    """Return a line of a chunk's report with a picture's outcome; an empty outcome means deferred."""
    return json.dumps({"picture": digest_of(ref.name), "outcome": outcome, "usd": usd, "tokens": tokens})


def _later(pictures: Sequence[Listed], after: str) -> Sequence[Listed]:
    """Return the pictures after the one called `after`, which may have been deleted."""
    names = [listed.picture.ref.name for listed in pictures]
    if after in names:
        return pictures[names.index(after) + 1 :]
    return [listed for listed in pictures if listed.picture.ref.name.encode() > after.encode()]


def _state(sweep: Sweep) -> End:
    if sweep.state is not End.RUNNING or sweep.under_way:
        return sweep.state
    if sweep.listed:
        return End.FINISHED
    return End.RUNNING if sweep.allows() else End.CAPPED


def _now(sweep: Sweep, **update: Any) -> Sweep:
    return sweep.model_copy(update={**update, "updated": datetime.now(UTC)})
