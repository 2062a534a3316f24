"""Azure Storage and its identity on one machine: Azurite and the identity endpoint, started together."""

import http
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueServiceClient

from local import azurite, children, clients, ports, tls
from local.children import Child
from local.clients import StandInIdentity
from local.environment import CLIENT_ID
from local.identity import STORAGE

HOUR = 3600.0
API_VERSION = "2025-01-05"  # of the storage service; any with OAuth


@dataclass(frozen=True, slots=True)
class Storage:
    """The addresses of the two accounts, and what opens them.

    Args:
        base: `https://127.0.0.1:PORT` of the blob and of the queue service; accounts follow as the first path segment.
        identity: the endpoint's address, its secret, and its client id.
        certificate: what to trust.
        access_log: Azurite's, which shows all writes.

    """

    base: Mapping[Literal["blob", "queue"], str]
    identity: StandInIdentity
    certificate: tls.Certificate
    access_log: Path

    images: str = azurite.IMAGES
    host: str = azurite.HOST

    @property
    def blob_url(self) -> str:
        """The blob service of the account with the pictures."""
        return self.url("blob", self.images)

    @property
    def queue_url(self) -> str:
        """The queue service of the account with the pictures."""
        return self.url("queue", self.images)

    def url(self, service: Literal["blob", "queue"], account: str) -> str:
        """Return a service's URL as Azurite writes it, path-style."""
        return f"{self.base[service]}/{account}"

    @property
    def environment(self) -> dict[str, str]:
        """The environment in which another process's azure-identity and SDKs use these stand-ins."""
        return {
            "IDENTITY_ENDPOINT": self.identity.endpoint,
            "IDENTITY_HEADER": self.identity.secret,
            "AZURE_CLIENT_ID": self.identity.client_id,
            "AZURE_TOKEN_CREDENTIALS": "ManagedIdentityCredential",
            "REQUESTS_CA_BUNDLE": str(self.certificate.ca),  # requests: the synchronous clients
            "SSL_CERT_FILE": str(self.certificate.ca),  # OpenSSL: aiohttp and httpx
        }

    def connection(self, name: str, account: str) -> dict[str, str]:
        """Return the app settings of a connection by managed identity, as the storage extension reads them."""
        return {
            f"{name}__blobServiceUri": self.url("blob", account),
            f"{name}__queueServiceUri": self.url("queue", account),
            f"{name}__credential": "managedidentity",
            f"{name}__clientId": self.identity.client_id,
        }

    def blob_service(self, account: str = azurite.IMAGES) -> BlobServiceClient:
        """Open an asynchronous SDK client with the stand-in identity; close it (`async with`)."""
        return clients.blob_service(self.url("blob", account), self.identity, self.certificate)

    def queue_service(self, account: str = azurite.HOST) -> QueueServiceClient:
        """Open an asynchronous SDK client with the stand-in identity; close it (`async with`)."""
        return clients.queue_service(self.url("queue", account), self.identity, self.certificate)

    def create_container(self, name: str, account: str = azurite.IMAGES) -> None:
        """Create a container, as Bicep would, unless it exists."""
        self._put(f"{self.url('blob', account)}/{name}?restype=container")

    def create_queue(self, name: str, account: str = azurite.HOST) -> None:
        """Create a queue, as Bicep would, unless it exists."""
        self._put(f"{self.url('queue', account)}/{name}")

    def _put(self, url: str) -> None:
        token = self.identity.token(STORAGE).token
        headers = {"Authorization": f"Bearer {token}", "x-ms-version": API_VERSION, "Content-Length": "0"}
        opener = children.opener(self.certificate.certificate)
        try:
            opener.open(urllib.request.Request(url, method="PUT", headers=headers), timeout=30).close()
        except urllib.error.HTTPError as error:
            error.close()
            if error.code != http.HTTPStatus.CONFLICT:
                raise


def start(
    state: Path,
    environment: Mapping[str, str],
    at: tuple[int, int, int, int],
    *,
    accounts: Sequence[str] = (azurite.IMAGES, azurite.HOST),
    preload: Sequence[Path] = (),
    tokens_live: float = HOUR,
) -> tuple[Storage, list[Child]]:
    """Start both, without waiting; certificates go to `state`/tls, logs to `state`/logs.

    Args:
        state: this stack's own folder.
        environment: of the two processes, see environment.clean.
        at: the ports of blob, queue, table and identity.
        accounts: the names of the storage accounts.
        preload: scripts that Node runs before Azurite.
        tokens_live: lifetime of a token in seconds.

    """
    blob, queue, table, identity = at
    certificate = tls.make(state / "tls")
    known = StandInIdentity(f"http://127.0.0.1:{identity}/msi/token", children.secret(), CLIENT_ID)
    log = state / "logs/azurite.log"
    emulator = azurite.start(
        blob_port=blob,
        queue_port=queue,
        table_port=table,
        certificate=certificate,
        log=log,
        environment=environment,
        accounts=accounts,
        preload=preload,
    )
    endpoint = Child(
        "identity",
        children.module(
            "local.identity", *("--port", str(identity), "--client-id", CLIENT_ID, "--lifetime", str(tokens_live))
        ),
        environment={**environment, "IDENTITY_HEADER": known.secret},
        log=state / "logs/identity.log",
        ready=children.answers(f"http://127.0.0.1:{identity}/healthz"),
        grace=0.5,
    )
    base: Mapping[Literal["blob", "queue"], str] = {
        "blob": f"https://127.0.0.1:{blob}",
        "queue": f"https://127.0.0.1:{queue}",
    }
    return Storage(base, known, certificate, log), [emulator, endpoint]


@contextmanager
def running(
    state: Path,
    environment: Mapping[str, str],
    *,
    accounts: Sequence[str] = (azurite.IMAGES, azurite.HOST),
    preload: Sequence[Path] = (),
    tokens_live: float = HOUR,
) -> Iterator[Storage]:
    """Start both on free ports (see `start`), wait until they are ready, and end them at the end of the block."""

    def ready() -> tuple[Storage, list[Child]]:
        blob, queue, table, identity = ports.free_ports(4)
        at = (blob, queue, table, identity)
        storage, started = start(state, environment, at, accounts=accounts, preload=preload, tokens_live=tokens_live)
        try:
            for child in started:
                child.wait_until_ready()
        except BaseException:
            children.end(started)
            raise
        return storage, started

    storage, started = children.on_free_ports(ready)
    try:
        yield storage
    finally:
        children.end(started)
