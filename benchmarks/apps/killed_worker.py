"""Runs workers of the queue `image-work` that are killed repeatedly: the app's code, without the Functions host.

`python -m benchmarks.apps.killed_worker` imports everything once, and forks a worker for each line on its standard
input: after how many finished messages, and how many seconds later, the worker is killed with SIGKILL, which is
reported; or `end`, for a last worker that runs until the input is closed. So workers die in their work on slow machines
too.
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

import describer.entrypoints.on_demand.service  # imported here, so that workers spend no time on it
import describer.pipeline.pipeline
import describer.vision.imaging.preparer  # noqa: F401
from describer.adapters.chat.client import connect  # noqa: F401
from describer.adapters.storage import queue_client
from describer.app import WORK_QUEUE, App

AT_ONCE: Final = 8
HIDDEN: Final = 12
"""Seconds until a killed worker's message is received again; the host's own lease lasts ten minutes."""


LONGEST_WAIT: Final = 30.0
"""Seconds to wait for that many messages; fewer may be visible in the queue."""


@dataclass(frozen=True, slots=True)
class Received:
    """A message in the inbox's form."""

    message: QueueMessage

    @property
    def dequeue_count(self) -> int | None:
        """The number of receives."""
        return self.message.dequeue_count

    def get_body(self) -> bytes:
        """Return its text."""
        return base64.b64decode(self.message.content)


async def work(ended: int) -> None:
    """Work without end; report each finished message through the pipe `ended`."""
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
        print(f"message: {type(error).__name__}: {error}", file=sys.stderr)  # the message is received again


def forked() -> tuple[int, int]:
    """Start a worker; return its process id and the pipe that reports its messages."""
    reports, ended = os.pipe()
    if pid := os.fork():
        os.close(ended)
        return pid, reports
    try:
        os.close(0)  # the input is the parent's
        asyncio.run(work(ended))
    finally:
        os._exit(1)


def wait_for(reports: int, count: int) -> None:
    """Wait until so many bytes have come through a pipe, or for the timeout."""
    ends = time.monotonic() + LONGEST_WAIT
    while count > 0 and (left := ends - time.monotonic()) > 0:
        if select.select([reports], [], [], left)[0]:
            count -= len(os.read(reports, count))


def main() -> None:
    """Fork and kill workers by the input."""
    for line in sys.stdin:
        worker, reports = forked()
        if line.strip() == "end":
            sys.stdin.read()
        else:
            count, seconds = line.split()
            wait_for(reports, int(count))
            time.sleep(float(seconds))
        os.kill(worker, signal.SIGKILL)
        os.waitpid(worker, 0)
        os.close(reports)
        print("killed", flush=True)


if __name__ == "__main__":
    main()
