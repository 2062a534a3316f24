"""Where large texts are unpacked: one at a time, in a thread of its own.

Parsing JSON of 50 MB holds the interpreter's lock for some 30 ms. Several at once would each make the event loop wait
for as long, one after the other.
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
    """Return what `work` returns or raises; it runs when its turn has come."""
    call: partial[Any] = partial(work, *args, **kwargs)
    result: T = await asyncio.get_running_loop().run_in_executor(_thread(), call)
    return result
