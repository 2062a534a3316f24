"""Polls one storage queue: when, how many messages at once, and which faults end the host."""

import asyncio
import contextlib
import logging
import random
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage

from local.extensions.messages import HIDDEN, Messages
from local.extensions.options import QueueOptions
from local.extensions.storage import ask, is_not_there, is_waited_for

log = logging.getLogger("Microsoft.Azure.WebJobs.Extensions.Storage.Common.Listeners.QueueListener")

SHORTEST = 0.1  # seconds until the next poll of a queue that has just become empty


def pauses(longest: float) -> list[float]:
    """Return the seconds between polls of a queue that stays empty; the last value repeats."""
    waits, wait = [SHORTEST], 0.0
    while wait < longest:
        factor = random.uniform(0.8, 1.2)  # noqa: S311 - no secret
        wait = min(SHORTEST + SHORTEST * 2 ** len(waits[1:]) * factor, longest)
        waits.append(wait)
    return waits


@dataclass(slots=True, eq=False)
class QueueListener:
    """Receives messages in batches and processes them concurrently.

    Args:
        messages: settles each message; its queue may not exist yet.
        options: batch size and polling interval.

    """

    messages: Messages
    options: QueueOptions
    _working: set[asyncio.Task[None]] = field(default_factory=set)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: bool = False
    _is_there: bool = False

    @property
    def queue_name(self) -> str:
        """The queue's name."""
        return self.messages.queue.queue_name

    def look_now(self) -> None:
        """Poll now: a message was added to the queue."""
        self._wake.set()

    async def run(self) -> None:
        """Poll until stopped.

        Raises:
            AzureError: storage's answer to a poll; this ends the host.

        """
        waits = pauses(self.options.max_polling_interval)
        while not self._stopped:
            self._wake.clear()
            readable = [message for message in await self._look() if await self.messages.is_readable(message)]
            for message in readable:
                self._begin(message)
            if readable:
                waits = pauses(self.options.max_polling_interval)
                await self._wait_for_slot()
            else:
                await self._pause(waits.pop(0) if len(waits) > 1 else waits[0])

    def take_no_more(self) -> None:
        """End `run` after the current poll."""
        self._stopped = True
        self.look_now()

    async def finish(self, within: float) -> None:
        """Wait so many seconds for running calls; messages of unfinished calls stay hidden, as after a kill."""
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _look(self) -> list[QueueMessage]:
        queue = self.messages.queue
        try:
            if not self._is_there:
                await ask(queue.get_queue_properties)
                self._is_there = True
            return await ask(self._receive)
        except AzureError as error:
            if not is_waited_for(error):
                raise
            self._is_there = self._is_there and not is_not_there(error)
            log.debug("Queue '%s' is waited for: %s", queue.queue_name, str(error).splitlines()[0])
            return []

    async def _receive(self) -> list[QueueMessage]:
        size = self.options.batch_size
        received = self.messages.queue.receive_messages(messages_per_page=size, visibility_timeout=int(HIDDEN))
        async for page in received.by_page():
            return [message async for message in page]
        return []

    def _begin(self, message: QueueMessage) -> None:
        task = asyncio.create_task(self.messages.work(message))
        self._working.add(task)
        task.add_done_callback(self._working.discard)

    async def _wait_for_slot(self) -> None:
        while len(self._working) > self.options.new_batch_threshold and not self._stopped:
            woken = asyncio.create_task(self._wake.wait())
            await asyncio.wait({*self._working, woken}, return_when=asyncio.FIRST_COMPLETED)
            woken.cancel()
            self._wake.clear()

    async def _pause(self, seconds: float) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
