"""Runs backfills in the app: a message of the queue `backfills` runs one for a minute and sends the next message."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from describer.domain.errors import AlreadyRunning, Busy, NotFound
from describer.pipeline import messages
from describer.pipeline.backfill.backfiller import PAUSE, Backfiller
from describer.pipeline.backfill.state import Backfill, BackfillOptions
from describer.pipeline.messages import Unreadable
from describer.pipeline.ports import Queue

SECONDS: Final = 60.0
"""Seconds that one message runs a backfill, far below an invocation's limit, so that a stop interrupts little."""
BEGUN: Final = "backfill.begun"
STILL_RUNNING: Final = "backfill.still_running"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class BackfillSteps:
    """Handles the queue `backfills`."""

    backfiller: Backfiller
    queue: Queue

    async def begin(self, options: BackfillOptions, *, dry_run: bool) -> Backfill:
        """Begin a backfill, or only its estimate, and queue its first step; raises the errors of `Backfiller.begin`."""
        backfill = await self.backfiller.begin(options, dry_run=dry_run)
        await self.send(backfill)
        return backfill

    async def begin_nightly(self, backfills: Sequence[BackfillOptions], today: date | None = None) -> None:
        """Begin tonight's backfill, unless one still runs; containers take turns, since one runs at a time."""
        today = today or datetime.now(UTC).date()
        try:
            backfill = await self.begin(backfills[today.toordinal() % len(backfills)], dry_run=False)
        except AlreadyRunning:
            _log.info(STILL_RUNNING)
        else:
            _log.info(BEGUN, extra={"backfill": backfill.id})

    async def send(self, backfill: Backfill, delay: float = 0) -> None:
        """Let the app run a backfill."""
        await self.queue.send(f'{{"backfill": "{backfill.id}"}}', delay=delay)

    async def handle_message(self, body: bytes) -> None:
        """Run the backfill that a message names. Raises Unreadable: it names none."""
        match messages.read(body):
            case {"backfill": str(backfill_id)} if backfill_id:
                await self._drive(backfill_id)
            case _:
                raise Unreadable('The message does not name a backfill: expected {"backfill": "ID"}')

    async def _drive(self, backfill_id: str) -> None:
        try:
            backfill = await self.backfiller.find(backfill_id)
        except NotFound as error:
            raise Unreadable(str(error)) from error
        try:
            backfill = await self.backfiller.drive(backfill, lambda _: None, 1 if backfill.only_waits else SECONDS)
        except Busy as busy:
            await self.send(backfill, busy.retry_after or PAUSE)
            return
        if not backfill.state.is_over:
            await self.send(backfill, SECONDS if backfill.only_waits else 0)
