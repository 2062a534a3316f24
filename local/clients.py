"""SDK clients for the stand-ins, for tests and the demo, whose environment stays unchanged.

The app and the host do not need them: as in Azure, their environment names the stand-ins, and they use azure-identity.
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
        client_id: of the identity.

    """

    endpoint: str
    secret: str
    client_id: str

    def token(self, resource: str) -> AccessToken:
        """Request a token; `resource` is the audience, without `/.default`."""
        query = urllib.parse.urlencode({"api-version": VERSION, "resource": resource, "client_id": self.client_id})
        request = urllib.request.Request(f"{self.endpoint}?{query}", headers={"X-IDENTITY-HEADER": self.secret})
        with DIRECT.open(request, timeout=10) as answer:
            body = json.load(answer)
        return AccessToken(body["access_token"], int(body["expires_on"]))

    async def get_token(self, *scopes: str, **_options: Any) -> AccessToken:
        """Request a token for the first scope."""
        return await asyncio.to_thread(self.token, scopes[0].removesuffix("/.default"))

    async def close(self) -> None:
        """Do nothing: no connection is open."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None = None,
        error: BaseException | None = None,
        trace: TracebackType | None = None,
    ) -> None:
        """Do nothing: no connection is open."""


def blob_service(url: str, identity: StandInIdentity, certificate: Certificate, **options: Any) -> BlobServiceClient:
    """Open a client; call it within the running event loop, and close it (`async with`). `options` are the SDK's."""
    return BlobServiceClient(url, credential=identity, transport=_transport(certificate), **options)


def queue_service(url: str, identity: StandInIdentity, certificate: Certificate) -> QueueServiceClient:
    """Open a client; call it within the running event loop, and close it (`async with`)."""
    return QueueServiceClient(url, credential=identity, transport=_transport(certificate))


def _transport(certificate: Certificate) -> AioHttpTransport:
    # Its own session: given a path for verification, the SDK makes a new TLS context, and so a new connection, for
    # each request. Nor does this session read proxies from the environment.
    trust = ssl.create_default_context(cafile=certificate.certificate)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), auto_decompress=False)
    return AioHttpTransport(session=session, session_owner=True)
