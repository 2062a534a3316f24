"""Runs the work of a command so that Ctrl-C and SIGTERM end it tidily, with connections closed and results printed."""

import asyncio
import signal
import threading
from collections.abc import Coroutine
from typing import Any


class Terminated(BaseException):
    """The process was asked to end by SIGTERM, as `docker stop` and `timeout` do."""


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run `work` to its end; Ctrl-C and SIGTERM cancel it, so that its `finally` blocks run.

    Raises:
        KeyboardInterrupt: on Ctrl-C.
        Terminated: on SIGTERM.
    """
    if threading.current_thread() is not threading.main_thread():
        return asyncio.run(work)  # only the main thread receives signals
    received = False

    async def whole() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def end(*_: object) -> None:
            nonlocal received
            received = True
            if task:
                loop.call_soon_threadsafe(task.cancel)

        before = signal.getsignal(signal.SIGTERM)
        if before is signal.SIG_DFL:  # whoever had it ignored wants it to be
            signal.signal(signal.SIGTERM, end)
        try:
            return await work
        finally:
            signal.signal(signal.SIGTERM, before)

    try:
        return asyncio.run(whole())
    except asyncio.CancelledError:
        if received:
            raise Terminated from None
        raise
