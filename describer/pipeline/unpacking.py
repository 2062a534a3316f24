"""Parses large texts one at a time, in a thread of its own.

Parsing JSON of 50 MB holds the interpreter's lock for about 30 ms. Several at once would each block the event loop for
that time.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import cache, partial
from typing import Any


@cache
def _thread() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max_workers=1, thread_name_prefix="unpacking")


async def unpacked[**P, T](work: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
    """Run `work` in the thread and return its result."""
    call: partial[Any] = partial(work, *args, **kwargs)
    result: T = await asyncio.get_running_loop().run_in_executor(_thread(), call)
    return result
