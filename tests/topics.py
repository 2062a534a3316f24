"""Clients of azure-eventgrid for the stand-in topic."""

import ssl
from typing import Any, Self

import aiohttp
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AioHttpTransport
from azure.eventgrid.aio import EventGridPublisherClient

from local.sink import Topic
from local.storage import Storage


class Holder:
    """A credential that has one token."""

    def __init__(self, token: tuple[str, int]) -> None:
        self._token = AccessToken(*token)

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return self._token

    async def close(self) -> None: ...

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None: ...


def publisher(topic: Topic, storage: Storage, credential: Any = None) -> EventGridPublisherClient:
    """Open the SDK's own client; it tries once."""
    trust = ssl.create_default_context(cafile=storage.certificate.certificate)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), auto_decompress=False)
    transport = AioHttpTransport(session=session, session_owner=True)
    return EventGridPublisherClient(
        topic.endpoint, credential or storage.identity, transport=transport, retry_total=0, connection_timeout=5
    )
