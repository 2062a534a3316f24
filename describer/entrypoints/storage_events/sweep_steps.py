"""A sweep goes on in the app: a message of the queue `sweeps` drives it for a minute and sends the next one."""

from dataclasses import dataclass
from typing import Final

from describer.domain.errors import Busy, NotFound
from describer.pipeline import messages
from describer.pipeline.messages import Unreadable
from describer.pipeline.ports import Queue
from describer.pipeline.sweep.state import End, Sweep
from describer.pipeline.sweep.sweeper import PAUSE, Sweeper

SECONDS: Final = 60.0
"""How long one message drives. It is far below the limit of an invocation, so that a stop cuts off little."""


@dataclass(frozen=True, slots=True)
class SweepSteps:
    """Reads the queue `sweeps`.

    Args:
        sweeper: drives.
        queue: `sweeps`.
    """

    sweeper: Sweeper
    queue: Queue

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
            sweep = await self.sweeper.drive(sweep, lambda _: None, SECONDS)
        except Busy as busy:
            await self.send(sweep, busy.retry_after or PAUSE)
            return
        if sweep.state is End.RUNNING:
            await self.send(sweep)
