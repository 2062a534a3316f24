"""Azurite over HTTPS opens for tokens of the stand-in identity, and for nothing else."""

import ssl
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import (
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
)
from azure.storage.blob.aio import BlobServiceClient

from local import clients
from local.clients import StandInIdentity
from local.identity import mint
from local.storage import Storage
from tests.storage import unique


@dataclass(frozen=True, slots=True)
class Fixed(StandInIdentity):
    """An identity that always gives the same token."""

    given: AccessToken

    async def get_token(self, *_scopes: str, **_options: Any) -> AccessToken:
        return self.given


def with_token(storage: Storage, token: str, expires: int) -> BlobServiceClient:
    known = storage.identity
    identity = Fixed(known.endpoint, known.secret, known.client_id, AccessToken(token, expires))
    return clients.blob_service(storage.blob_url, identity, storage.certificate)


async def test_blobs_are_written_and_read(storage: Storage, container: str) -> None:
    async with storage.blob_service() as blobs:
        blob = blobs.get_blob_client(container, "ü #1.jpg")
        await blob.upload_blob(b"picture", metadata={"alt_text": "a cat"})
        assert await (await blob.download_blob()).readall() == b"picture"
        assert (await blob.get_blob_properties()).metadata == {"alt_text": "a cat"}


async def test_messages_are_sent_and_received(storage: Storage) -> None:
    async with storage.queue_service() as queues:
        queue = await queues.create_queue(unique("q"))
        await queue.send_message("hello")
        received = await queue.receive_message()
        assert received is not None
        assert received.content == "hello"


async def test_the_accounts_are_separate(storage: Storage, container: str) -> None:
    async with storage.blob_service(storage.host) as blobs:
        with pytest.raises(ResourceNotFoundError):
            await blobs.get_container_client(container).get_container_properties()


async def test_what_bicep_creates_may_exist_already(storage: Storage, container: str) -> None:
    storage.create_container(container)
    name = unique("q")
    storage.create_queue(name)
    storage.create_queue(name)
    async with storage.queue_service() as queues:
        assert name in [queue.name async for queue in queues.list_queues()]


async def test_a_token_for_another_audience_is_refused(storage: Storage) -> None:
    async with with_token(storage, *mint("https://cognitiveservices.azure.com")) as blobs:
        with pytest.raises(ClientAuthenticationError):
            await blobs.get_service_properties()


async def test_an_expired_token_is_refused(storage: Storage) -> None:
    async with with_token(storage, *mint(lifetime=-60)) as blobs:
        with pytest.raises(ClientAuthenticationError):
            await blobs.get_service_properties()


async def test_a_request_without_a_token_is_refused(storage: Storage, container: str) -> None:
    trust = ssl.create_default_context(cafile=storage.certificate.certificate)
    async with (
        aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust)) as http,
        http.get(f"{storage.blob_url}/{container}?restype=container&comp=list") as answer,
    ):
        assert answer.status in {401, 403, 404}


async def test_the_emulators_well_known_key_opens_nothing(storage: Storage) -> None:
    known = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
    account = {"account_name": storage.images, "account_key": known}
    url = storage.blob_url
    trust = str(storage.certificate.certificate)
    async with BlobServiceClient(url, credential=account, connection_verify=trust, retry_total=0) as blobs:
        with pytest.raises(HttpResponseError):
            await blobs.get_service_properties()


async def test_a_client_that_does_not_know_the_certificate_does_not_talk(storage: Storage) -> None:
    async with BlobServiceClient(storage.blob_url, credential=storage.identity, retry_total=0) as blobs:
        with pytest.raises(ServiceRequestError, match="CERTIFICATE_VERIFY_FAILED"):
            await blobs.get_service_properties()
