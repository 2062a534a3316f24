"""Listens to one storage queue as the Functions host does."""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient

from local.host.options import QueueOptions

log = logging.getLogger("host.listener")

HIDDEN = 600.0  # seconds that a message stays hidden while it is worked; renewed at half of it
SHORTEST = 0.1  # seconds between two looks at a queue that had something; doubled while it stays empty


class Undecodable(Exception):
    """The message is not what the trigger takes; it goes to poison at once, as it is."""


@dataclass(slots=True, eq=False)
class QueueListener:
    """Takes messages in batches and works them beside each other.

    Args:
        queue: what is listened to; it need not exist yet.
        poison: where a message goes that failed too often; the queue is made when first needed.
        work: runs the function for one message; whatever it raises is a failed try.
        options: batches, tries and pauses.
        hidden: seconds that a message stays hidden from others; renewed while it is worked.

    """

    queue: QueueClient
    poison: Callable[[QueueMessage], Awaitable[QueueClient]]
    work: Callable[[QueueMessage], Awaitable[None]]
    options: QueueOptions
    hidden: float = HIDDEN
    _working: set[asyncio.Task[None]] = field(default_factory=set)
    _look: asyncio.Event = field(default_factory=asyncio.Event)
    _stopped: bool = False
    _unreadable: bool = False

    def look_now(self) -> None:
        """Something was put into the queue, or there is room for more: do not wait for the next look."""
        self._look.set()

    async def run(self) -> None:
        """Listen until stopped."""
        pause = SHORTEST
        while not self._stopped:
            self._look.clear()
            if len(self._working) > self.options.new_batch_threshold:
                await self._look.wait()
                continue
            messages = await self._receive()
            for message in messages:
                task = asyncio.create_task(self._try(message))
                self._working.add(task)
                task.add_done_callback(self._worked)
            pause = SHORTEST if messages else min(pause * 2, self.options.max_polling_interval)
            if not messages:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(pause):
                        await self._look.wait()

    def take_no_more(self) -> None:
        """End `run` after the look at the queue that is under way."""
        self._stopped = True
        self.look_now()

    async def finish(self, within: float) -> None:
        """Let what is being worked end within so many seconds, and cancel the rest.

        What is cancelled comes back when its hiding ends, as after the death of an instance.
        """
        if self._working:
            _, late = await asyncio.wait(self._working, timeout=within)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    def _worked(self, task: asyncio.Task[None]) -> None:
        self._working.discard(task)
        self.look_now()

    async def _receive(self) -> list[QueueMessage]:
        size = self.options.batch_size
        try:
            pages = self.queue.receive_messages(
                messages_per_page=size, max_messages=size, visibility_timeout=int(self.hidden)
            )
            messages = [message async for message in pages]
        except ResourceNotFoundError:
            messages = []  # not there yet
        except AzureError as error:
            if not self._unreadable:
                log.warning("Queue %s cannot be read: %s", self.queue.queue_name, str(error).splitlines()[0])
            self._unreadable = True
            return []
        self._unreadable = False
        return messages

    async def _try(self, message: QueueMessage) -> None:
        try:
            await self._settle(message)
        except AzureError as error:
            # It comes back when its hiding ends: at least once, like the host.
            log.warning("Message %s of %s cannot be settled: %s", message.id, self.queue.queue_name, error)

    async def _settle(self, message: QueueMessage) -> None:
        tries, most = message.dequeue_count or 1, self.options.max_dequeue_count
        if tries > most:
            await self._to_poison(message)
            return
        try:
            await self._work_hidden(message)
        except Undecodable as error:
            log.warning("Message %s of %s goes to poison: %s", message.id, self.queue.queue_name, error)
            await self._to_poison(message)
        except Exception as error:  # noqa: BLE001 - whatever the function raises is a failed try
            log.warning("Message %s of %s, try %d of %d: %s", message.id, self.queue.queue_name, tries, most, error)
            log.debug("%s", getattr(error, "trace", ""))
            if tries >= most:
                await self._to_poison(message)
            else:
                await self.queue.update_message(message, visibility_timeout=int(self.options.visibility_timeout))
                self.look_now()
        else:
            await self._delete(message)

    async def _work_hidden(self, message: QueueMessage) -> None:
        done = asyncio.Event()
        renewal = asyncio.create_task(self._keep_hidden(message, done))
        try:
            await self.work(message)
        finally:
            done.set()  # not cancelled: an answer that got lost would leave us with a stale pop receipt
            await renewal

    async def _keep_hidden(self, message: QueueMessage, done: asyncio.Event) -> None:
        while not done.is_set():
            try:
                async with asyncio.timeout(self.hidden / 2):
                    await done.wait()
            except TimeoutError:
                with contextlib.suppress(AzureError):
                    renewed = await self.queue.update_message(message, visibility_timeout=int(self.hidden))
                    message.pop_receipt = renewed.pop_receipt

    async def _to_poison(self, message: QueueMessage) -> None:
        await put(await self.poison(message), message.content)
        await self._delete(message)

    async def _delete(self, message: QueueMessage) -> None:
        with contextlib.suppress(ResourceNotFoundError):
            await self.queue.delete_message(message)


async def put(queue: QueueClient, text: str) -> None:
    """Send a message as it is, into a queue that is made if it is not there."""
    try:
        await queue.send_message(text)
    except ResourceNotFoundError:
        with contextlib.suppress(ResourceExistsError):
            await queue.create_queue()
        await queue.send_message(text)
