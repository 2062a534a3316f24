"""A worker of the queue `image-work` that is killed again and again: the app's own code, without the Functions host.

`python -m benchmarks.apps.killed_worker` imports everything once, and forks a worker for each line on its standard
input: how many messages the worker may end, and how many seconds later it is killed with SIGKILL, which is said; or
`end`, upon which the last worker goes on until the input is closed. So a slow machine is killed in its work too.
"""

import asyncio
import base64
import os
import select
import signal
import sys
import time
from dataclasses import dataclass
from typing import Final

from azure.storage.queue import QueueMessage

import describer.entrypoints.on_demand.service  # imported here, so that no worker takes its time for it
import describer.pipeline.pipeline
import describer.vision.imaging.preparer  # noqa: F401
from describer.adapters.chat.client import connect  # noqa: F401
from describer.adapters.storage import queue_client
from describer.app import WORK_QUEUE, App

AT_ONCE: Final = 8
HIDDEN: Final = 12
"""Seconds until a message is received again whose worker was killed; the host's own lease lasts ten minutes."""


LONGEST_WAIT: Final = 30.0
"""Seconds for that many messages; the queue may have no more that can be received."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message as the inbox wants it."""

    message: QueueMessage

    @property
    def dequeue_count(self) -> int | None:
        """How often it was received."""
        return self.message.dequeue_count

    def get_body(self) -> bytes:
        """Return its text."""
        return base64.b64decode(self.message.content)


async def work(ended: int) -> None:
    """Work for ever; tell through the pipe `ended` of each message that is."""
    app = App.from_environment()
    queue = queue_client(app.settings.host_account, WORK_QUEUE)
    free = asyncio.Semaphore(AT_ONCE)
    tasks: set[asyncio.Task[None]] = set()

    async def end(message: QueueMessage) -> None:
        received = Received(message)
        body, times = received.get_body(), received.dequeue_count or 1
        try:
            await app.inbox.take(WORK_QUEUE, received, lambda: app.delivery.handle_message(body, times))
            await queue.delete_message(message.id, message.pop_receipt)
            os.write(ended, b".")
        finally:
            free.release()

    while True:
        await free.acquire()
        try:
            message = await queue.receive_message(visibility_timeout=HIDDEN)
        except Exception as error:  # noqa: BLE001 - the storage is stopped; the host asks again too
            print(f"receive: {type(error).__name__}", file=sys.stderr)
            message = None
        if message is None:
            free.release()
            await asyncio.sleep(0.1)
            continue
        task = asyncio.create_task(end(message))
        tasks.add(task)
        task.add_done_callback(_done)
        task.add_done_callback(tasks.discard)


def _done(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()):
        print(f"message: {type(error).__name__}: {error}", file=sys.stderr)  # it is received again


def forked() -> tuple[int, int]:
    """Start a worker; return its process id, and where it tells of its messages."""
    told, ended = os.pipe()
    if pid := os.fork():
        os.close(ended)
        return pid, told
    try:
        os.close(0)  # the input is the parent's
        asyncio.run(work(ended))
    finally:
        os._exit(1)


def wait_for(told: int, count: int) -> None:
    """Wait until so many bytes have come through a pipe, or long enough."""
    ends = time.monotonic() + LONGEST_WAIT
    while count > 0 and (left := ends - time.monotonic()) > 0:
        if select.select([told], [], [], left)[0]:
            count -= len(os.read(told, count))


def main() -> None:
    """Fork and kill as the input says."""
    for line in sys.stdin:
        worker, told = forked()
        if line.strip() == "end":
            sys.stdin.read()
        else:
            count, seconds = line.split()
            wait_for(told, int(count))
            time.sleep(float(seconds))
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        os.close(told)
        print("killed", flush=True)


if __name__ == "__main__":
    main()
