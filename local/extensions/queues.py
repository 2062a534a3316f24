"""Queue triggers: unreadable messages, the poison queue, and the function's data."""

import base64
import binascii
import logging
import re
from datetime import datetime

from azure.storage.queue import QueueMessage
from azure.storage.queue.aio import QueueClient, QueueServiceClient

from local.extensions.functions import Function
from local.extensions.invocation import CallFailed, Invoker, Trigger, as_json
from local.extensions.messages import Caller, Messages, Poison, Unreadable
from local.extensions.options import QueueOptions

storage_log = logging.getLogger("Azure.Storage.Queues.QueueServiceClient")
causality_log = logging.getLogger("Microsoft.Azure.WebJobs.Extensions.Storage.Queues.QueueCausalityManager")

POISON = "-poison"
LONGEST_NAME = 63  # characters of a queue's name


class Undecodable(Exception):
    """A message is not base64."""


def decode(content: str) -> bytes:
    """Decode base64 as .NET does: white space is ignored, padding is required.

    Raises:
        Undecodable: it is not base64.

    """
    try:
        return base64.b64decode(re.sub(r"[ \t\r\n]", "", content), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Undecodable(str(error)) from None


def poison_of(name: str, queues: QueueServiceClient) -> Poison:
    """Return a queue's poison queue; none for a poison queue or if its name would be too long."""
    is_last = name.endswith(POISON) or len(name + POISON) > LONGEST_NAME
    poison = None if is_last else queues.get_queue_client(name + POISON)

    async def of(_message: QueueMessage) -> QueueClient | None:
        return poison

    return of


def unreadable(options: QueueOptions) -> Unreadable:
    """Return what moves unreadable messages to poison: raw, without a call, after any number of tries."""

    async def put_away(messages: Messages, message: QueueMessage) -> bool:
        if not options.base64 or _is_base64(message.content):
            return False
        storage_log.warning("Message decoding has failed! Check MessageEncoding settings. MessageId=%s.", message.id)
        poison = await messages.poison(message)
        if poison:
            await messages.move(message, poison)
        return True

    return put_away


def _is_base64(content: str) -> bool:
    try:
        decode(content)
    except Undecodable:
        return False
    return True


def caller(function: Function, invoker: Invoker, options: QueueOptions) -> Caller:
    """Return what calls the function with a message."""

    async def call(message: QueueMessage) -> bool:
        async def bind() -> Trigger:
            return _trigger(function, message, options)

        return await invoker.ran_well(function, f"New queue message detected on '{function.queue}'.", bind)

    return call


def _trigger(function: Function, message: QueueMessage, options: QueueOptions) -> Trigger:
    body = decode(message.content) if options.base64 else message.content.encode()
    facts = {
        "Id": message.id,
        "PopReceipt": message.pop_receipt,
        "DequeueCount": as_json(message.dequeue_count),
        "InsertionTime": as_json(_time(message.inserted_on)),
        "ExpirationTime": as_json(_time(message.expires_on)),
        "NextVisibleTime": as_json(_time(message.next_visible_on)),
    }
    try:
        text = body.decode()
    except UnicodeDecodeError as error:
        causality_log.warning(
            "Queue message's body cannot be converted to string because it contains non-UTF8 bytes, message id=%s",
            message.id,
        )
        if function.bind != "QueueMessage":
            raise CallFailed(f"Exception binding parameter 'trigger': {error}") from None
        raw = {"bytes": base64.b64encode(body).decode()}
        return Trigger(raw, {"QueueTrigger": raw, **facts})
    return Trigger(text, {"QueueTrigger": text, **facts})


def _time(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
