"""Runs all triggers of an app: starts them together, ends on one fault, stops within a time."""

import asyncio
import logging
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

from starlette.routing import BaseRoute

from local.extensions import announced, functions, queues, webhooks
from local.extensions.blobs import BlobMessages
from local.extensions.connections import Connections
from local.extensions.eventgrid import EventGridTriggers
from local.extensions.functions import Function
from local.extensions.invocation import Invoker, Worker
from local.extensions.listener import QueueListener
from local.extensions.messages import Messages
from local.extensions.options import Options
from local.extensions.storage import put

log = logging.getLogger("Microsoft.Azure.WebJobs.Hosting.WebJobsExceptionHandler")

STOP_WITHIN = 10.0  # seconds that the host gives running calls


class Extensions:
    """The triggers of one app; they listen within `async with`.

    Args:
        waiting: the enabled functions.
        options: host.json.
        worker: runs the functions.

    """

    def __init__(self, waiting: Sequence[Function], options: Options, worker: Worker) -> None:
        self._waiting, self._options, self._invoker = waiting, options, Invoker(worker)
        self._closing = AsyncExitStack()
        self._connections = Connections(self._closing)
        self._listeners: list[QueueListener] = []
        self._looking: list[asyncio.Task[None]] = []
        self._ended = asyncio.get_running_loop().create_future()

    async def __aenter__(self) -> Self:
        """Start listening."""
        for function in functions.of_type(self._enabled, functions.QUEUE):
            self._listeners.append(await self._queue_listener(function))
        blobs = functions.of_type(self._enabled, functions.BLOB)
        if blobs:
            self._listeners.append(await self._blob_listener(blobs))
        for listener in self._listeners:
            task = asyncio.create_task(listener.run())
            task.add_done_callback(self._looked)
            self._looking.append(task)
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the clients; call `stop` first."""
        await self._closing.aclose()

    def routes(self, key: str) -> list[BaseRoute]:
        """Return the webhooks; `key` opens them."""
        grid = {function.name: function for function in functions.of_type(self._enabled, functions.EVENT_GRID)}
        triggers = EventGridTriggers(grid, self._invoker)
        return webhooks.routes(self._announce, triggers, key)

    async def until_it_ends(self) -> None:
        """Wait until a fault ends it; the fault is logged."""
        await asyncio.wait([self._ended])

    async def stop(self, within: float = STOP_WITHIN) -> None:
        """Start nothing new, and wait so many seconds for running calls; messages of the rest stay hidden."""
        for listener in self._listeners:
            listener.take_no_more()
        await asyncio.gather(*self._looking, return_exceptions=True)
        await asyncio.gather(*(listener.finish(within) for listener in self._listeners))

    @property
    def _enabled(self) -> list[Function]:
        return [function for function in self._waiting if not function.disabled]

    async def _announce(self, function_id: str, event: Any) -> None:
        queue = (await self._connections.queue(functions.HOST_STORAGE)).get_queue_client(self._internal_queue)
        await put(queue, announced.message(function_id, event))
        self._wake(self._internal_queue)

    @property
    def _internal_queue(self) -> str:
        return announced.QUEUE.format(self._connections.settings.get(announced.HOST_ID, "local"))

    def _wake(self, queue: str) -> None:
        for listener in self._listeners:
            if listener.queue_name == queue:
                listener.look_now()

    async def _queue_listener(self, function: Function) -> QueueListener:
        service = await self._connections.queue(function.connection)
        options = self._options.queues
        messages = Messages(
            queue=service.get_queue_client(function.queue),
            poison=queues.poison_of(function.queue, service),
            call=queues.caller(function, self._invoker, options),
            unreadable=queues.unreadable(options),
            options=options,
            fault=self._end,
            moved=self._wake,
        )
        return QueueListener(messages, options)

    async def _blob_listener(self, blobs: Sequence[Function]) -> QueueListener:
        service = await self._connections.queue(functions.HOST_STORAGE)
        of_blobs = BlobMessages({function.id: function for function in blobs}, self._connections, self._invoker)
        messages = Messages(
            queue=service.get_queue_client(self._internal_queue),
            poison=of_blobs.poison,
            call=of_blobs.call,
            unreadable=of_blobs.unreadable,
            options=self._options.blobs,
            fault=self._end,
            moved=lambda _queue: None,  # the two kinds of triggers do not notify each other
        )
        return QueueListener(messages, self._options.blobs)

    def _looked(self, task: asyncio.Task[None]) -> None:
        if not task.cancelled() and (error := task.exception()):
            self._end(error)

    def _end(self, error: BaseException) -> None:
        if not self._ended.done():
            log.error("An unhandled exception has occurred. Host is shutting down. %s", str(error).splitlines()[:1])
            log.debug("It was:", exc_info=error)
            self._ended.set_result(None)
