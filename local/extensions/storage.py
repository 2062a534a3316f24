"""Sends requests to storage as the extensions' clients do, and interprets the responses."""

import asyncio
import contextlib
import logging
import random
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError
from azure.storage.queue.aio import QueueClient

log = logging.getLogger("Azure.Core")

PAUSES = (0.8, 1.6, 3.2, 6.4, 12.8)
"""Seconds between tries, each times 0.8 to 1.2: six tries within about 25 s."""

TRIED_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
AWAY = frozenset({"QueueBeingDeleted", "QueueDisabled"})


async def ask[T](request: Callable[[], Awaitable[T]]) -> T:
    """Send a request; retry if storage is busy, fails, or cannot be reached.

    Raises:
        AzureError: the answer of the last try.

    """
    for pause in PAUSES:
        try:
            return await _once(request)
        except AzureError as error:
            if _status(error) not in {None, *TRIED_AGAIN}:
                raise
        await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - no secret
    return await _once(request)


async def _once[T](request: Callable[[], Awaitable[T]]) -> T:
    try:
        return await request()
    except HttpResponseError as error:
        if error.response is not None:
            log.warning("Error response [%s] %s", error.status_code, error.reason)
        raise


def _status(error: AzureError) -> int | None:
    """Return the status of the response, or None if neither storage nor the token endpoint answered."""
    return error.status_code if isinstance(error, HttpResponseError) and error.response is not None else None


def is_not_there(error: AzureError) -> bool:
    """Return whether the blob, the message, its queue or container does not exist."""
    return _status(error) == HTTPStatus.NOT_FOUND


def is_waited_for(error: AzureError) -> bool:
    """Return whether the queue may be polled again after this error."""
    status = _status(error)
    return status is not None and (is_not_there(error) or _is_away(error) or status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def is_settled_by_others(error: AzureError) -> bool:
    """Return whether a message can no longer be settled, because another receiver has it or it is gone."""
    return is_not_there(error) or _is_away(error) or _code(error) == "PopReceiptMismatch"


def _is_away(error: AzureError) -> bool:
    return _status(error) == HTTPStatus.CONFLICT and _code(error) in AWAY


def _code(error: AzureError) -> str:
    code = getattr(error, "error_code", "")
    return str(getattr(code, "value", code))


async def put(queue: QueueClient, text: str) -> None:
    """Send a message unchanged, to live for seven days; create the queue if it does not exist."""
    try:
        await ask(lambda: queue.send_message(text))
    except AzureError as error:
        if not is_not_there(error):
            raise
        with contextlib.suppress(ResourceExistsError):
            await ask(queue.create_queue)
        await ask(lambda: queue.send_message(text))
