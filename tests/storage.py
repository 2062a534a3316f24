"""Helpers for tests that use Azurite: wait for a condition, make names, read a queue."""

import asyncio
import base64
import json
import uuid
from collections.abc import Awaitable, Callable
from typing import Any

from azure.core.exceptions import ResourceNotFoundError
from azure.storage.queue.aio import QueueClient

WITHIN = 60.0  # seconds; a condition that takes longer has failed: long, as machines may be busy


def unique(prefix: str) -> str:
    """Make a name that no other test uses, valid for containers, queues and hosts."""
    return f"{prefix}-{uuid.uuid4().hex[:12]}"


async def until[T](condition: Callable[[], T]) -> T:
    """Wait until the condition returns a true value, and return it."""

    async def ask() -> T:
        return condition()

    return await until_async(ask)


async def until_async[T](condition: Callable[[], Awaitable[T]]) -> T:
    """Wait until the asynchronous condition returns a true value, and return it."""
    async with asyncio.timeout(WITHIN):
        while not (value := await condition()):
            await asyncio.sleep(0.02)
        return value


async def texts(queue: QueueClient) -> list[str]:
    """Return the texts of a queue's visible messages without receiving them; none if there is no queue."""
    try:
        return [message.content for message in await queue.peek_messages(max_messages=32)]
    except ResourceNotFoundError:
        return []


def encoded(value: str | dict[str, Any]) -> str:
    """Encode a message for the queue trigger."""
    text = value if isinstance(value, str) else json.dumps(value)
    return base64.b64encode(text.encode()).decode()


def plain(text: str) -> str:
    """Decode a message in base64; return any other unchanged."""
    try:
        return base64.b64decode(text, validate=True).decode()
    except ValueError:
        return text
