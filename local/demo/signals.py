"""Ctrl-C and SIGTERM: whatever is going on ends in order, once, and the exit code says by which."""

import asyncio
import signal
from collections.abc import Coroutine
from typing import Any

_ENDING = (signal.SIGINT, signal.SIGTERM)


def end_on_signals() -> None:
    """From now on a signal raises SystemExit with 128 and its number; a second one is ignored, the end is under way."""
    for number in _ENDING:
        signal.signal(number, _end)


def run[T](work: Coroutine[Any, Any, T]) -> T:
    """Run to the end, like asyncio.run; a signal cancels the work, and raises SystemExit when it has ended."""
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

    for number in _ENDING:  # an exception while the loop is being made would leave half a loop
        signal.signal(number, lambda number, _frame: came.append(number))
    try:
        return asyncio.run(main())
    except asyncio.CancelledError:
        if not came:
            raise
        raise SystemExit(128 + came[0]) from None
    finally:  # the loop has put the default handlers back
        for number in _ENDING:
            signal.signal(number, signal.SIG_IGN if came else _end)


def _end(number: int, _frame: object) -> None:
    for each in _ENDING:
        signal.signal(each, signal.SIG_IGN)
    raise SystemExit(128 + number)
