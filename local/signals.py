"""Handles Ctrl-C and SIGTERM: the work ends in order, once, even while nobody reads its output."""

import asyncio
import os
import select
import signal
from collections.abc import Coroutine
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM)
_OUTPUTS = (1, 2)


class Ended(SystemExit):
    """A signal ended the work; the code is 128 plus the signal's number."""


def end_on_signals() -> None:
    """Raise Ended on the first signal, and ignore further ones."""
    for number in _ENDING:
        signal.signal(number, _end)


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run like asyncio.run; a signal cancels the work and then raises Ended."""
    came: list[int] = []

    async def main() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel(number: int, _frame: object) -> None:
            drop_unread_output()
            came.append(number)
            if task is not None and len(came) == 1:
                loop.call_soon_threadsafe(task.cancel)

        for number in _ENDING:
            signal.signal(number, cancel)
        if came:
            work.close()
            raise asyncio.CancelledError
        return await work

    for number in _ENDING:  # an exception while the loop is created would leave half a loop
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if not came:
            raise
        raise Ended(128 + came[0]) from None
    finally:
        for number in _ENDING:
            signal.signal(number, _ignore if came else _end)


def drop_unread_output() -> None:
    """Send further output to /dev/null, where a pipe or a terminal accepts none now.

    Python repeats a write that a signal interrupts, and writes what it has buffered when it ends. Both would wait for
    a reader for ever.
    """
    waiting = select.poll()
    for output in _OUTPUTS:
        waiting.register(output, select.POLLOUT)
    writable = {output for output, event in waiting.poll(0) if event & select.POLLOUT and not event & select.POLLERR}
    for output in set(_OUTPUTS) - writable:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, output)
        os.close(nowhere)


def _end(number: int, _frame: object) -> None:
    for each in _ENDING:
        signal.signal(each, _ignore)
    drop_unread_output()
    raise Ended(128 + number)


def _ignore(_number: int, _frame: object) -> None:
    drop_unread_output()  # if it was writable at the first signal
