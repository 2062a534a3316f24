"""Queues in Queue Storage."""

import math
from dataclasses import dataclass

from azure.storage.queue.aio import QueueClient

from describer.adapters.storage import storage_errors


@dataclass(frozen=True, slots=True)
class StorageQueue:
    """Implements the port `Queue`; the client determines whether messages are base64."""

    client: QueueClient

    async def send(self, message: str, *, delay: float) -> None:
        """Send one PUT; the message does not expire."""
        with storage_errors(f"The queue {self.client.queue_name!r}"):
            await self.client.send_message(message, visibility_timeout=math.ceil(delay), time_to_live=-1)
