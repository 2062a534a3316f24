"""Waits for conditions on a platform, with a moving clock or without."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from tests.realhost.platform import DEAD_LETTERS, WITHIN, Platform

UPLOADS = "webjobs-blobtrigger-poison"


async def until[T](condition: Callable[[], Awaitable[T]]) -> T:
    """Wait until the condition returns a true value, and return it."""
    async with asyncio.timeout(WITHIN):
        while not (value := await condition()):
            await asyncio.sleep(0.1)
        return value


async def as_time_passes(
    platform: Platform, condition: Callable[[], Awaitable[bool]], step: float = 61, within: float = 10 * WITHIN
) -> None:
    """Wait until the condition is true, and move the clock by so many seconds every four."""
    async with asyncio.timeout(within):
        for number in itertools.count(1):
            if await condition():
                return
            if number % 20 == 0:
                platform.forward(step)
            await asyncio.sleep(0.2)


async def left(platform: Platform) -> dict[str, int]:
    """Return the messages on our queues and on all poison queues."""
    names = {queue.name async for queue in platform.queues.list_queues()}
    assert {name for name in names if name.endswith("-poison")} == {UPLOADS}
    counts = {name: await platform.count(name) for name in names if name != DEAD_LETTERS}
    return {name: count for name, count in counts.items() if count}


async def is_empty(platform: Platform) -> bool:
    """Return whether all queues but the dead-letter queue are empty."""
    return await left(platform) == {}
