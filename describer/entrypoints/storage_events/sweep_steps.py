"""Runs sweeps in the app: a message of the queue `sweeps` runs one for a minute and sends the next message."""

from dataclasses import dataclass
from typing import Final

from describer.domain.errors import Busy, NotFound
from describer.pipeline import messages
from describer.pipeline.messages import Unreadable
from describer.pipeline.ports import Queue
from describer.pipeline.sweep.state import End, Sweep
from describer.pipeline.sweep.sweeper import PAUSE, Sweeper

SECONDS: Final = 60.0
"""Seconds that one message runs a sweep, far below an invocation's limit, so that a stop interrupts little."""


@dataclass(frozen=True, slots=True)
class SweepSteps:
    """Handles the queue `sweeps`.

    Args:
        sweeper: runs sweeps.
        queue: `sweeps`.
    """

    sweeper: Sweeper
    queue: Queue

    async def send(self, sweep: Sweep, delay: float = 0) -> None:
        """Let the app run a sweep."""
        await self.queue.send(f'{{"sweep": "{sweep.id}"}}', delay=delay)

    async def handle_message(self, body: bytes) -> None:
        """Run the sweep that a message names.

        Raises:
            Unreadable: it names none.
        """
        match messages.read(body):
            case {"sweep": str(sweep_id)} if sweep_id:
                await self._drive(sweep_id)
            case _:
                raise Unreadable('the message does not name a sweep: expected {"sweep": "ID"}')

    async def _drive(self, sweep_id: str) -> None:
        try:
            sweep = await self.sweeper.find(sweep_id)
        except NotFound as error:
            raise Unreadable(str(error)) from error
        try:
            sweep = await self.sweeper.drive(sweep, lambda _: None, SECONDS)
        except Busy as busy:
            await self.send(sweep, busy.retry_after or PAUSE)
            return
        if sweep.state is End.RUNNING:
            await self.send(sweep)
