"""Waiting for what a platform comes to, while its clock moves or not."""

import asyncio
import itertools
from collections.abc import Awaitable, Callable

from tests.realhost.platform import DEAD_LETTERS, WITHIN, Platform

UPLOADS = "webjobs-blobtrigger-poison"


async def until[T](condition: Callable[[], Awaitable[T]]) -> T:
    """Wait until the condition gives something true, and give that."""
    async with asyncio.timeout(WITHIN):
        while not (value := await condition()):
            await asyncio.sleep(0.1)
        return value


async def as_time_passes(
    platform: Platform, condition: Callable[[], Awaitable[bool]], step: float = 61, within: float = 10 * WITHIN
) -> None:
    """Wait until the condition holds, and move the clock by so many seconds each four."""
    async with asyncio.timeout(within):
        for number in itertools.count(1):
            if await condition():
                return
            if number % 20 == 0:
                platform.forward(step)
            await asyncio.sleep(0.2)


async def left(platform: Platform) -> dict[str, int]:
    """What lies on the queues of ours, and on any poison queue that somebody has made."""
    names = {queue.name async for queue in platform.queues.list_queues()}
    assert {name for name in names if name.endswith("-poison")} == {UPLOADS}
    counts = {name: await platform.count(name) for name in names if name != DEAD_LETTERS}
    return {name: count for name, count in counts.items() if count}


async def is_empty(platform: Platform) -> bool:
    """Whether nothing is left on any queue but the dead letters'."""
    return await left(platform) == {}
