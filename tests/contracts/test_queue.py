"""The port `Queue`: a message arrives as it was sent, encoded as the Functions host wants it, and never expires."""

import base64

import pytest
from azure.storage.queue import TextBase64EncodePolicy

from describer.adapters.queue import StorageQueue
from describer.adapters.storage import queue_client
from describer.domain.errors import Misconfigured
from describer.settings import Account
from local.storage import Storage
from tests.storage import unique


async def test_a_message_is_base64_hidden_for_its_delay_and_lasting(storage: Storage) -> None:
    async with storage.queue_service() as service:
        name = unique("q")
        await service.create_queue(name)
        queue = StorageQueue(service.get_queue_client(name, message_encode_policy=TextBase64EncodePolicy()))
        await queue.send('{"subject": "ü 🙂"}', delay=0)
        await queue.send("later", delay=59.2)
        received = [message async for message in service.get_queue_client(name).receive_messages()]
        assert [base64.b64decode(message.content).decode() for message in received] == ['{"subject": "ü 🙂"}']
        assert received[0].expires_on is not None
        assert received[0].expires_on.year == 9999
        properties = await service.get_queue_client(name).get_queue_properties()
        assert properties.approximate_message_count == 2
        await service.delete_queue(name)


async def test_the_apps_own_client_encodes(storage: Storage) -> None:
    account = Account(queue_uri=storage.url("queue", storage.host), managed=False)
    async with queue_client(account, "image-work") as client:
        assert isinstance(client._message_encode_policy, TextBase64EncodePolicy)


async def test_an_absent_queue_is_the_operators_business(storage: Storage) -> None:
    async with storage.queue_service() as service:
        with pytest.raises(Misconfigured, match="QueueNotFound"):
            await StorageQueue(service.get_queue_client(unique("absent"))).send("x", delay=0)
