"""Queues a backfill's pictures as fast as the app describes them, until all are described or a limit is reached.

Each step reads new outcomes, queues as many pictures as there is room for, and writes the state. New uploads wait for
at most that many: a backfill's pictures have a lower priority for memory and the model, and at most `QUEUED_AT_MOST`
are in the queue.
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
from describer.pipeline.backfill.batches import MOST_HELD, Batching
from describer.pipeline.backfill.counted import Counted, Preview
from describer.pipeline.backfill.library import Backfills, Library, Listed
from describer.pipeline.backfill.preview import Asking, priced, with_next_page
from describer.pipeline.backfill.selection import Judgement, Selection
from describer.pipeline.backfill.state import (
    BATCH_CHUNK,
    CHUNK,
    ID,
    Backfill,
    BackfillOptions,
    Chunk,
    End,
    Tally,
    digest_of,
)
from describer.pipeline.catalogue import listable
from describer.pipeline.events import Work
from describer.pipeline.ports import Page, Queue

QUEUED_AT_MOST: Final = 2000
"""Maximum number of a backfill's queued pictures that were never deferred."""
QUEUED_AT_LEAST: Final = CHUNK
"""Number of pictures to queue before the app's speed is known."""
STEPS_AHEAD: Final = 3
"""Number of steps for which pictures are queued in advance, so that the app never waits."""
MAX_CHUNKS: Final = 50
"""Maximum number of unfinished chunks: in an outage a backfill pauses instead of deferring all pictures."""
PAUSE: Final = 2.0
"""Seconds between two steps."""
BATCH_PAUSE: Final = 20.0
"""The same while waiting for batches, which take hours."""
_TRIES: Final = 5
"""Maximum attempts to stop a backfill while another process writes its state."""
_AT_ONCE: Final = 16
"""Number of messages sent concurrently."""


@dataclass(slots=True)
class Backfiller:
    """Runs backfills.

    Args:
        work: the queue `image-work`.
        batching: processes chunks by the model's Batch interface; None if that is not used.
        batch_chunk: maximum number of pictures in a batch's file.
    """

    library: Library
    backfills: Backfills
    work: Queue
    selection: Callable[[BackfillOptions], Selection]
    asking: Asking
    batching: Batching | None = None
    batch_chunk: int = BATCH_CHUNK
    _page: tuple[tuple[str, str, str], Page[Listed]] | None = field(default=None, init=False)

    async def selecting(self, options: BackfillOptions) -> Selection:
        """Return the rules for these options, including the blobs that are known not to be pictures."""
        return replace(self.selection(options), no_pictures=await self.backfills.no_pictures(options.container))

    async def begin(self, options: BackfillOptions, seen: Preview | None = None, *, dry_run: bool = False) -> Backfill:
        """Begin a backfill. Its first steps make the estimate, unless `seen` is one; the next ones queue pictures.

        A dry run only makes the estimate; any number of them may run beside a backfill.

        Raises:
            InvalidRequest: the prefix is not possible, or `max_usd` is set for a model without a list price.
            AlreadyRunning: another backfill is running or began at the same moment.
        """
        listable(options.prefix)
        if options.max_usd is not None and not self.asking.has_price:
            raise InvalidRequest("The model has no list price; limit the number of pictures instead.", field="max_usd")
        if options.batch and not self.batching:
            raise InvalidRequest("BATCH_DEPLOYMENT names no deployment that answers in batches.", field="batch")
        backfill = Backfill.new(options, seen, dry_run=dry_run)
        if dry_run:
            return await self.backfills.write(backfill)
        latest = await self.backfills.latest()
        if latest and not latest.state.is_over:
            raise AlreadyRunning(f"Backfill {latest.id} is {latest.state}; stop it or wait until it ends.")
        try:
            return await self.backfills.begin(backfill)
        except Conflict as error:
            raise AlreadyRunning("Another backfill was begun at the same moment.") from error

    async def find(self, backfill_id: str) -> Backfill:
        """Return the backfill with this id, or the latest if it is empty. Raises NotFound: it does not exist."""
        found = None
        if not backfill_id:
            found = await self.backfills.latest()
        elif re.fullmatch(ID, backfill_id):  # it becomes part of a blob's name
            found = await self.backfills.read(backfill_id)
        if found is None:
            raise NotFound(
                f"There is no backfill {backfill_id!r}." if backfill_id else "No backfill has been started yet."
            )
        return found

    async def stop(self, backfill_id: str = "") -> Backfill:
        """Stop a backfill, by default the latest, or its estimate; queued pictures are still described.

        Raises:
            NotFound: it does not exist.
            Busy: another process wrote its state at each attempt.
        """
        for _ in range(_TRIES):
            backfill = await self.find(backfill_id)
            if backfill.state.is_over:
                return backfill
            with suppress(Conflict):
                return await self.backfills.write(_now(backfill, state=End.STOPPED))
        raise Busy("The backfill is written all the time.", retry_after=PAUSE)

    async def resume(self, backfill: Backfill, caps: Mapping[str, Any]) -> Backfill:
        """Resume a backfill; `caps` replaces `max_pictures` or `max_usd`. Raises Conflict: read the backfill again."""
        latest = await self.find("")
        if latest.id != backfill.id:
            raise InvalidRequest(
                f"Only the latest backfill, {latest.id}, can be resumed; begin a new one.", field="backfill"
            )
        options = BackfillOptions.model_validate(backfill.options.model_dump() | dict(caps))
        state = backfill.state if backfill.state is End.FINISHED else End.PRICING if backfill.counted else End.RUNNING
        return await self.backfills.write(_now(backfill, options=options, state=state))

    async def step(self, backfill: Backfill) -> Backfill:
        """Read outcomes, queue as many pictures as there is room for, and write the state; or count the next page.

        Raises:
            Conflict: another process has written the state; read it again.
        """
        if backfill.state is End.PRICING:
            return await self.backfills.write(await self._priced_further(backfill))
        backfill, ended = await self._settled(backfill)
        for chunk in backfill.held:
            backfill = await self._further(backfill, chunk)
        limit = max(QUEUED_AT_LEAST, min(QUEUED_AT_MOST, STEPS_AHEAD * ended))
        while backfill.state is End.RUNNING and not backfill.listed and len(backfill.waiting) < MAX_CHUNKS:
            most = min(self._room(backfill, limit), backfill.allows())
            if most <= 0:
                break
            backfill = await self.backfills.write(await self._queue_some(backfill, most))
        return await self.backfills.write(_now(backfill, state=_state(backfill)))

    async def drive(
        self, backfill: Backfill, on_step: Callable[[Backfill], None], seconds: float = math.inf, max_wait: float = 0
    ) -> Backfill:
        """Take steps until the backfill ends or the time is over; `on_step` gets the state after each.

        Raises:
            Busy: another process has run a backfill for `max_wait` seconds.
        """
        ends = time.monotonic() + seconds
        async with nullcontext() if backfill.dry_run else self.backfills.driving(max_wait):
            while not backfill.state.is_over and time.monotonic() < ends:
                try:
                    backfill = await self.step(backfill)
                except Conflict:  # a person stopped it or changed its limits
                    backfill = await self.find(backfill.id)
                on_step(backfill)
                if backfill.state is End.RUNNING:
                    await asyncio.sleep(BATCH_PAUSE if backfill.only_waits else PAUSE)
        return backfill

    def _room(self, backfill: Backfill, limit: int) -> int:
        """Return the number of pictures to queue now: by the queue's length, or a batch's file."""
        if not backfill.options.batch:
            return limit - backfill.fresh
        return self.batch_chunk if len(backfill.held) < MOST_HELD else 0

    async def _priced_further(self, backfill: Backfill) -> Backfill:
        """Count the next page; after the last one, make the estimate."""
        counted, selection = backfill.counted or Counted(), await self.selecting(backfill.options)
        if not counted.ended:
            return _now(backfill, counted=await with_next_page(self.library, selection, counted))
        seen = await priced(self.library, selection, counted, self.asking)
        return _now(backfill.priced(seen))

    async def _settled(self, backfill: Backfill) -> tuple[Backfill, int]:
        """Read the reports of all unfinished chunks; return the backfill and the number of newly processed pictures."""
        read = await asyncio.gather(*(self._read(backfill, chunk) for chunk in backfill.waiting))
        ended = sum((chunk.tally for chunk in read if not chunk.under_way), backfill.ended)
        settled = backfill.model_copy(update={"ended": ended, "waiting": tuple(c for c in read if c.under_way)})
        return settled, settled.tally.done - backfill.tally.done

    async def _read(self, backfill: Backfill, chunk: Chunk) -> Chunk:
        reports = [json.loads(line) for line in await self.backfills.lines(backfill.chunk_name(chunk.number))]
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

    async def _queue_some(self, backfill: Backfill, most: int) -> Backfill:
        """Queue up to `most` pictures of the current page and return the backfill's new state."""
        page, judge = await self._listing(backfill), await self.selecting(backfill.options)
        chosen: list[tuple[ImageRef, Judgement]] = []
        passed, after, looked = Counter(backfill.passed), backfill.after, 0
        for listed in _later(page.items, backfill.after):
            if len(chosen) == most:
                break
            judgement, ref, looked = judge.judge(listed), listed.picture.ref, looked + 1
            after = ref.name
            if judgement.is_queued:
                chosen.append((ref, judgement))
            else:
                passed[judgement.value] += 1
        number = backfill.chunks + 1
        chunk, pictures = backfill.chunk_name(number), [(ref, why is Judgement.REVIEW) for ref, why in chosen]
        if backfill.options.batch:
            await self._batches.keep(chunk, pictures)
        else:
            await self._send(chunk, pictures)
        made = Chunk(number=number, size=len(chosen), held=backfill.options.batch)
        at_end = not page.items or after == page.items[-1].picture.ref.name
        return _now(
            backfill,
            cursor=page.cursor if at_end else backfill.cursor,
            after="" if at_end else after,
            listed=at_end and not page.cursor,
            found=backfill.found + looked,
            passed=dict(passed),
            enqueued=backfill.enqueued + len(chosen),
            chunks=number if chosen else backfill.chunks,
            waiting=(*backfill.waiting, made) if chosen else backfill.waiting,
        )

    @property
    def _batches(self) -> Batching:
        if self.batching is None:  # the setting was removed during the backfill
            raise Misconfigured("BATCH_DEPLOYMENT names no deployment that answers in batches")
        return self.batching

    async def _further(self, backfill: Backfill, chunk: Chunk) -> Backfill:
        """Process a chunk's batch by one step; when the batch has ended, queue the chunk's pictures."""
        name = backfill.chunk_name(chunk.number)
        after = await self._batches.further(chunk, name)
        if after == chunk:
            return backfill
        if after.answered:
            await self._send(name, await self._batches.names(name), prepaid=True)
            after = after.model_copy(update={"held": False})
        waiting = tuple(after if each.number == chunk.number else each for each in backfill.waiting)
        return await self.backfills.write(_now(backfill, waiting=waiting))

    async def _send(self, chunk: str, pictures: Sequence[tuple[ImageRef, bool]], *, prepaid: bool = False) -> None:
        for some in batched(pictures, _AT_ONCE, strict=False):
            work = (replace(Work.first(ref), chunk=chunk, again=again, prepaid=prepaid) for ref, again in some)
            await asyncio.gather(*(self.work.send(each.to_message(), delay=0) for each in work))

    async def _listing(self, backfill: Backfill) -> Page[Listed]:
        """Return the current page of the listing, cached while this process runs the backfill."""
        key = (backfill.options.container, backfill.options.prefix, backfill.cursor)
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


def _state(backfill: Backfill) -> End:
    if backfill.state is not End.RUNNING or backfill.under_way:
        return backfill.state
    if backfill.listed:
        return End.FINISHED
    return End.RUNNING if backfill.allows() else End.CAPPED


def _now(backfill: Backfill, **update: Any) -> Backfill:
    return backfill.model_copy(update={**update, "updated": datetime.now(UTC)})
