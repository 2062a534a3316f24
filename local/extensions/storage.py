"""One request to storage as the extensions' clients make it, and what their answers mean."""

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
"""Seconds between tries, each times 0.8 to 1.2: six tries within 25 s or so."""

TRIED_AGAIN = frozenset({408, 429, 500, 502, 503, 504})
AWAY = frozenset({"QueueBeingDeleted", "QueueDisabled"})


async def ask[T](request: Callable[[], Awaitable[T]]) -> T:
    """Make a request; tries again where storage is busy, fails, or cannot be reached.

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
    """Return the status of storage's answer; None: there was none, neither from it nor from who gives tokens."""
    return error.status_code if isinstance(error, HttpResponseError) and error.response is not None else None


def is_not_there(error: AzureError) -> bool:
    """Whether the blob, the message, its queue or container is not there."""
    return _status(error) == HTTPStatus.NOT_FOUND


def is_waited_for(error: AzureError) -> bool:
    """Whether a queue that was looked at so may be looked at later."""
    status = _status(error)
    return status is not None and (is_not_there(error) or _is_away(error) or status >= HTTPStatus.INTERNAL_SERVER_ERROR)


def is_settled_by_others(error: AzureError) -> bool:
    """Whether a message can no longer be settled, because somebody else has it, or nobody."""
    return is_not_there(error) or _is_away(error) or _code(error) == "PopReceiptMismatch"


def _is_away(error: AzureError) -> bool:
    return _status(error) == HTTPStatus.CONFLICT and _code(error) in AWAY


def _code(error: AzureError) -> str:
    code = getattr(error, "error_code", "")
    return str(getattr(code, "value", code))


async def put(queue: QueueClient, text: str) -> None:
    """Send a message as it is, with seven days to live, into a queue that is made if it is not there."""
    try:
        await ask(lambda: queue.send_message(text))
    except AzureError as error:
        if not is_not_there(error):
            raise
        with contextlib.suppress(ResourceExistsError):
            await ask(queue.create_queue)
        await ask(lambda: queue.send_message(text))
