"""Handles Ctrl-C and SIGTERM: the work ends in order, once, and the exit code names the signal."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM)


def end_on_signals() -> None:
    """Raise SystemExit with 128 plus the number on a signal, and ignore further ones."""
    for number in _ENDING:
        signal.signal(number, _end)


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run like asyncio.run; a signal cancels the work and then raises SystemExit."""
    came: list[int] = []

    async def main() -> T:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def cancel(number: int) -> None:
            came.append(number)
            if task is not None and len(came) == 1:
                task.cancel()

        for number in _ENDING:
            loop.add_signal_handler(number, cancel, number)
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
        raise SystemExit(128 + came[0]) from None
    finally:  # the loop has restored the default handlers
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN if came else _end)


def _end(number: int, _frame: object) -> None:
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)
