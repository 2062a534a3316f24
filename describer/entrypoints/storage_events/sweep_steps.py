"""A sweep goes on in the app: a message of the queue `sweeps` drives it for a minute and sends the next one."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Final

from describer.domain.errors import AlreadyRunning, Busy, NotFound
from describer.pipeline import messages
from describer.pipeline.messages import Unreadable
from describer.pipeline.ports import Queue
from describer.pipeline.sweep.state import Sweep, SweepOptions
from describer.pipeline.sweep.sweeper import PAUSE, Sweeper

SECONDS: Final = 60.0
"""How long one message drives. It is far below the limit of an invocation, so that a stop cuts off little."""
BEGUN: Final = "sweep.begun"
STILL_RUNNING: Final = "sweep.still_running"

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SweepSteps:
    """Reads the queue `sweeps`.

    Args:
        sweeper: drives.
        queue: `sweeps`.
    """

    sweeper: Sweeper
    queue: Queue

    async def begin(self, options: SweepOptions, *, dry_run: bool) -> Sweep:
        """Begin a sweep, or only its pricing, and have the app drive it; raises what `Sweeper.begin` raises."""
        sweep = await self.sweeper.begin(options, dry_run=dry_run)
        await self.send(sweep)
        return sweep

    async def begin_nightly(self, sweeps: Sequence[SweepOptions], today: date | None = None) -> None:
        """Begin tonight's sweep; containers take turns, as one sweep runs at a time. One that still runs goes on."""
        today = today or datetime.now(UTC).date()
        try:
            sweep = await self.begin(sweeps[today.toordinal() % len(sweeps)], dry_run=False)
        except AlreadyRunning:
            _log.info(STILL_RUNNING)
        else:
            _log.info(BEGUN, extra={"sweep": sweep.id})

    async def send(self, sweep: Sweep, delay: float = 0) -> None:
        """Have the app drive a sweep."""
        await self.queue.send(f'{{"sweep": "{sweep.id}"}}', delay=delay)

    async def handle_message(self, body: bytes) -> None:
        """Drive the sweep that a message names.

        Raises:
            Unreadable: it names none.
        """
        match messages.read(body):
            case {"sweep": str(sweep_id)} if sweep_id:
                await self._drive(sweep_id)
            case _:
                raise Unreadable('the message names no sweep: expected {"sweep": "ID"}')

    async def _drive(self, sweep_id: str) -> None:
        try:
            sweep = await self.sweeper.find(sweep_id)
        except NotFound as error:
            raise Unreadable(str(error)) from error
        try:
            sweep = await self.sweeper.drive(sweep, lambda _: None, 1 if sweep.only_waits else SECONDS)
        except Busy as busy:
            await self.send(sweep, busy.retry_after or PAUSE)
            return
        if not sweep.state.is_over:
            await self.send(sweep, SECONDS if sweep.only_waits else 0)
