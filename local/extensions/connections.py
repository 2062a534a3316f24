"""Makes clients from app settings in the storage extension's forms.

A connection named IMAGES is either one setting `IMAGES` (a connection string) or `IMAGES__blobServiceUri`,
`IMAGES__queueServiceUri`, `IMAGES__credential` (`managedidentity`) and `IMAGES__clientId`.
"""

import logging
import os
from collections.abc import Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any, Final

from azure.identity.aio import ManagedIdentityCredential
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.extensions.functions import SettingMissing

_QUIET: Final = logging.getLogger(f"{__name__}.requests")
_QUIET.setLevel(logging.WARNING)
_AS_THE_EXTENSION: Final[dict[str, Any]] = {"retry_total": 0, "logger": _QUIET}
"""No retries, which are in storage.py, and no logging among the app's requests."""


@dataclass(frozen=True, slots=True)
class Connections:
    """Makes the clients of each connection once; `closing` ends them.

    Clients do not retry: storage.ask does.
    """

    closing: AsyncExitStack
    settings: Mapping[str, str] = field(default_factory=lambda: os.environ)
    blobs: dict[str, BlobServiceClient] = field(default_factory=dict)
    queues: dict[str, QueueServiceClient] = field(default_factory=dict)

    async def blob(self, name: str) -> BlobServiceClient:
        """Return the client of a connection's blob service."""
        if name not in self.blobs:
            client = (
                BlobServiceClient.from_connection_string(self.settings[name], **_AS_THE_EXTENSION)
                if name in self.settings
                else BlobServiceClient(
                    self._setting(name, "blobServiceUri"), credential=await self._credential(name), **_AS_THE_EXTENSION
                )
            )
            self.blobs[name] = await self.closing.enter_async_context(client)
        return self.blobs[name]

    async def queue(self, name: str) -> QueueServiceClient:
        """Return the client of a connection's queue service."""
        if name not in self.queues:
            client = (
                QueueServiceClient.from_connection_string(self.settings[name], **_AS_THE_EXTENSION)
                if name in self.settings
                else QueueServiceClient(
                    self._setting(name, "queueServiceUri"), credential=await self._credential(name), **_AS_THE_EXTENSION
                )
            )
            self.queues[name] = await self.closing.enter_async_context(client)
        return self.queues[name]

    async def _credential(self, name: str) -> ManagedIdentityCredential:
        kind = self.settings.get(f"{name}__credential", "managedidentity")
        if kind != "managedidentity":
            raise SettingMissing(f"{name}__credential is {kind!r}: only 'managedidentity' is known.")
        # Without a client id: the system-assigned identity.
        credential = ManagedIdentityCredential(client_id=self.settings.get(f"{name}__clientId"))
        return await self.closing.enter_async_context(credential)

    def _setting(self, name: str, part: str) -> str:
        try:
            return self.settings[f"{name}__{part}"]
        except KeyError:
            raise SettingMissing(f"Connection {name}: there is no app setting {name}__{part} (nor {name}).") from None
