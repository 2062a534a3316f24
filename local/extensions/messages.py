"""Settles a message: call, delete, release, move to a poison queue, or leave hidden."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.extensions.options import QueueOptions
from local.extensions.storage import ask, is_settled_by_others, is_waited_for, put

log = logging.getLogger("Microsoft.Azure.WebJobs.Host.Queues.QueueProcessor")

HIDDEN = 600.0  # seconds that a received message stays hidden, regardless of host.json; renewed at half of it
RENEWED_AFTER_FAILURE = 60.0  # seconds

type Poison = Callable[[QueueMessage], Awaitable[QueueClient | None]]
type Caller = Callable[[QueueMessage], Awaitable[bool]]
type Unreadable = Callable[["Messages", QueueMessage], Awaitable[bool]]
type Fault = Callable[[BaseException], None]


@dataclass(frozen=True, slots=True)
class Messages:
    """Settles the messages of one queue.

    Args:
        queue: the queue.
        poison: queue for messages that failed too often; None: they stay hidden each time, until they expire.
        call: runs the function, and returns whether it succeeded.
        unreadable: removes a message that cannot be decoded, and returns True if it did.
        options: number of tries and the pause between them.
        fault: called with the fault that ends the host.
        moved: called with the name of the poison queue.

    """

    queue: QueueClient
    poison: Poison
    call: Caller
    unreadable: Unreadable
    options: QueueOptions
    fault: Fault
    moved: Callable[[str], None]
    hidden: float = HIDDEN

    async def is_readable(self, message: QueueMessage) -> bool:
        """Check a message when it is received: one that cannot be decoded is removed before others start."""
        return not await self.unreadable(self, message)

    async def work(self, message: QueueMessage) -> None:
        """Call the function and settle; any exception ends the host."""
        try:
            await self._work(message)
        except Exception as error:  # noqa: BLE001 - the function's own errors are not raised here
            self.fault(error)

    async def _work(self, message: QueueMessage) -> None:
        tries, most = message.dequeue_count or 1, self.options.max_dequeue_count
        poison = await self.poison(message)
        if poison and tries > most:
            await self.move(message, poison)
        elif await self._call_hidden(message):
            await self.delete(message)
        elif poison and tries >= most:
            await self.move(message, poison)
        elif poison:
            await self._settle(self._release(message))

    async def move(self, message: QueueMessage, poison: QueueClient) -> None:
        """Copy the message to the poison queue unchanged, and delete it."""
        most = self.options.max_dequeue_count
        log.warning("Message has reached MaxDequeueCount of %d. Moving message to queue '%s'.", most, poison.queue_name)
        await put(poison, message.content)
        self.moved(poison.queue_name)
        await self.delete(message)

    async def delete(self, message: QueueMessage) -> None:
        """Delete it; no error if another receiver has it by now."""
        await self._settle(ask(lambda: self.queue.delete_message(message)))

    async def _release(self, message: QueueMessage) -> None:
        pause = int(self.options.visibility_timeout)
        await ask(lambda: self.queue.update_message(message, visibility_timeout=pause))

    async def _settle(self, request: Awaitable[None]) -> None:
        try:
            await request
        except AzureError as error:
            if not is_settled_by_others(error):
                raise

    async def _call_hidden(self, message: QueueMessage) -> bool:
        done = asyncio.Event()
        renewal = asyncio.create_task(self._keep_hidden(message, done))
        try:
            return await self.call(message)
        finally:
            done.set()  # not cancelled: a lost answer would leave a stale pop receipt
            await renewal

    async def _keep_hidden(self, message: QueueMessage, done: asyncio.Event) -> None:
        pause = self.hidden / 2
        while not done.is_set():
            try:
                async with asyncio.timeout(pause):
                    await done.wait()
            except TimeoutError:
                pause = await self._renew(message)

    async def _renew(self, message: QueueMessage) -> float:
        """Extend its invisibility and return the seconds until the next time."""
        hidden = int(self.hidden)
        try:
            renewed = await ask(lambda: self.queue.update_message(message, visibility_timeout=hidden))
        except AzureError as error:
            if not is_settled_by_others(error) and not is_waited_for(error):
                self.fault(error)
            return RENEWED_AFTER_FAILURE
        message.pop_receipt = renewed.pop_receipt
        return self.hidden / 2
