"""The managed-identity endpoint answers as App Service does."""

import base64
import json
import time
from collections.abc import Iterator

import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.identity.aio import ManagedIdentityCredential

from local.identity import STORAGE, Identity, mint
from local.storage import Storage

ENDPOINT = Identity(secret="s3cret", client_id="its-id")
GOOD = f"/msi/token?api-version=2019-08-01&resource={STORAGE}&client_id=its-id"


@pytest.fixture
def as_the_app(storage: Storage) -> Iterator[None]:
    """Set the endpoint in this process's environment, as the platform does for an app."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in storage.environment.items():
            patch.setenv(name, value)
        yield


def claims(token: str) -> dict[str, object]:
    body = token.split(".")[1]
    decoded: dict[str, object] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return decoded


def test_a_good_request_gets_a_token_for_the_audience_asked_for() -> None:
    status, body = ENDPOINT.answer(GOOD, "s3cret")
    assert status == 200
    assert claims(str(body["access_token"]))["aud"] == STORAGE
    assert isinstance(body["expires_on"], str)  # the platform sends the seconds as text
    assert int(body["expires_on"]) > time.time() + 3000
    assert body["token_type"] == "Bearer"


@pytest.mark.parametrize(
    ("target", "header", "status"),
    [
        (GOOD, None, 401),
        (GOOD, "guessed", 401),
        (GOOD.replace("2019-08-01", "2017-09-01"), "s3cret", 400),
        (GOOD.replace("resource", "scope"), "s3cret", 400),
        (GOOD.replace("its-id", "another"), "s3cret", 400),
        (GOOD.replace("&client_id=its-id", ""), "s3cret", 400),
        (GOOD.replace("/msi/", "/metadata/"), "s3cret", 404),
    ],
)
def test_a_faulty_request_gets_no_token(target: str, header: str | None, status: int) -> None:
    given, body = ENDPOINT.answer(target, header)
    assert given == status
    assert "access_token" not in body


def test_a_token_can_be_made_that_has_expired() -> None:
    token, expires = mint(lifetime=-60)
    assert expires < time.time()
    assert claims(token)["exp"] == expires


@pytest.mark.usefixtures("as_the_app")
async def test_azure_identity_gets_a_token(storage: Storage) -> None:
    async with ManagedIdentityCredential(client_id=storage.identity.client_id) as credential:
        token = await credential.get_token(f"{STORAGE}/.default")
    assert claims(token.token)["aud"] == STORAGE
    assert claims(token.token)["appid"] == storage.identity.client_id
    assert token.expires_on > time.time() + 3000


@pytest.mark.usefixtures("as_the_app")
async def test_azure_identity_is_refused_another_identity() -> None:
    async with ManagedIdentityCredential(client_id="99999999-0000-0000-0000-000000000000") as credential:
        with pytest.raises(ClientAuthenticationError):
            await credential.get_token(f"{STORAGE}/.default")
