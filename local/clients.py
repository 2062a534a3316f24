"""SDK clients that use the stand-ins, for a process whose own environment stays untouched (a test, the demo).

The app and the host need none of this: they are told of the stand-ins by environment, as in Azure, and use
azure-identity.
"""

import asyncio
import json
import ssl
import urllib.parse
import urllib.request
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self

import aiohttp
from azure.core.credentials import AccessToken
from azure.core.pipeline.transport import AioHttpTransport
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local.children import DIRECT
from local.identity import VERSION
from local.tls import Certificate


@dataclass(frozen=True, slots=True)
class StandInIdentity:
    """The stand-in identity as a credential of azure-core's asynchronous clients.

    Args:
        endpoint: IDENTITY_ENDPOINT.
        secret: IDENTITY_HEADER.
        client_id: which identity.

    """

    endpoint: str
    secret: str
    client_id: str

    def token(self, resource: str) -> AccessToken:
        """Ask for a token; `resource` is the audience, without `/.default`."""
        query = urllib.parse.urlencode({"api-version": VERSION, "resource": resource, "client_id": self.client_id})
        request = urllib.request.Request(f"{self.endpoint}?{query}", headers={"X-IDENTITY-HEADER": self.secret})
        with DIRECT.open(request, timeout=10) as answer:
            body = json.load(answer)
        return AccessToken(body["access_token"], int(body["expires_on"]))

    async def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        """Ask for a token of the first scope."""
        return await asyncio.to_thread(self.token, scopes[0].removesuffix("/.default"))

    async def close(self) -> None:
        """Nothing is held open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """Nothing is held open."""


def blob_service(url: str, identity: StandInIdentity, certificate: Certificate, **options: Any) -> BlobServiceClient:
    """Open a client; call it within the running event loop, and close it (`async with`). `options` are the SDK's."""
    return BlobServiceClient(url, credential=identity, transport=_transport(certificate), **options)


def queue_service(url: str, identity: StandInIdentity, certificate: Certificate) -> QueueServiceClient:
    """Open a client; call it within the running event loop, and close it (`async with`)."""
    return QueueServiceClient(url, credential=identity, transport=_transport(certificate))


def _transport(certificate: Certificate) -> AioHttpTransport:
    # A session of our own: given a path to verify with, the SDK makes a new TLS context, and so a new connection, for
    # each request. Nor does this session read proxies from the environment.
    trust = ssl.create_default_context(cafile=certificate.certificate)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), auto_decompress=False)
    return AioHttpTransport(session=session, session_owner=True)
