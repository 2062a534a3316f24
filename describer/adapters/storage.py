"""Storage accounts: how they are reached, and what their errors mean, judged by code and never by status alone."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.blob.aio import BlobServiceClient, ExponentialRetry
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from describer.errors import Archived, Misconfigured, Superseded, Transient
from describer.settings import Account

NO_NAME: Final = frozenset({"InvalidUri", "InvalidResourceName", "OutOfRangeInput"})
"""Of names that no blob can have; those of containers are checked with the settings."""
METADATA: Final = frozenset({"MetadataTooLarge", "InvalidMetadata"})
"""Of metadata that this blob cannot have."""
_RACES: Final = frozenset({"ConditionNotMet", "BlobAlreadyExists", "BlobNotFound"})
_PASSING: Final = frozenset({408, 429})
_RETRIES: Final = 2
_NOWHERE: Final = "https://not-configured.invalid"
"""An account that is not configured. The command line may do without one; whoever asks it is not answered."""

_credentials: Final[dict[str | None, AsyncTokenCredential]] = {}
"""By the client id of a managed identity (empty: the app's only one); under None whoever is signed in."""


def blob_service(account: Account, *, retries: int = _RETRIES) -> BlobServiceClient:
    """A client for the account's blobs, to be shared: it keeps its connections.

    Raises:
        Misconfigured: the connection string is none.
    """
    retry = _retry(retries)
    if not account.connection_string:
        return BlobServiceClient(account.blob_uri or _NOWHERE, _credential(account), retry_policy=retry)
    with _connection_strings():
        return BlobServiceClient.from_connection_string(account.connection_string, retry_policy=retry)


def queue_client(account: Account, name: str, *, base64: bool = True, retries: int | None = None) -> QueueClient:
    """A client for one queue.

    Args:
        account: where it is.
        name: of the queue.
        base64: how messages are sent, so that any text can be; otherwise as they are.
        retries: of each request; None: as the SDK does.

    Raises:
        Misconfigured: the connection string is none.
    """
    options: dict[str, Any] = {"message_encode_policy": TextBase64EncodePolicy() if base64 else None}
    if retries is not None:
        options["retry_policy"] = _retry(retries)
    if not account.connection_string:
        return QueueClient(account.queue_uri or _NOWHERE, name, _credential(account), **options)
    with _connection_strings():
        return QueueClient.from_connection_string(account.connection_string, name, **options)


@contextmanager
def _connection_strings() -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # the SDK's sentence may quote the string, and with it the key
        raise Misconfigured("IMAGES or AzureWebJobsStorage is no connection string of a storage account") from error


def _credential(account: Account) -> AsyncTokenCredential:
    return credential(managed=account.managed, client_id=account.client_id)


def credential(*, managed: bool, client_id: str) -> AsyncTokenCredential:
    """One credential per identity, so that its tokens are fetched once."""
    identity = client_id if managed else None
    if identity not in _credentials:
        _credentials[identity] = (
            DefaultAzureCredential() if identity is None else ManagedIdentityCredential(client_id=identity or None)
        )
    return _credentials[identity]


async def sign_out() -> None:
    """Forgets and closes the credentials."""
    while _credentials:
        await _credentials.popitem()[1].close()


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Turns the SDK's errors into ours; `what` begins the sentence, such as "the sidecar", and names no blob.

    Raises:
        Superseded: somebody else was faster.
        Archived: the blob must be rehydrated before it can be read.
        Transient: a lease, an outage, too many requests; with the picture to blame, what storage takes of no such blob.
        Misconfigured: a role, a container or a queue is missing.
    """
    try:
        yield
    except HttpResponseError as error:
        raise _meaning(what, error) from error
    except AzureError as error:  # no answer at all: name resolution, connection, a broken body
        raise Transient(f"{what}: no answer from storage ({type(error).__name__})") from error


@contextmanager
def absent_is_fine() -> Iterator[None]:
    """Passes over a blob that is not there; a container that is missing is still an error."""
    try:
        yield
    except ResourceNotFoundError as error:
        if code_of(error) != "BlobNotFound":
            raise


def code_of(error: HttpResponseError) -> str:
    """The service's error code, such as `BlobNotFound`; empty where the answer has none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _meaning(what: str, error: HttpResponseError) -> Superseded | Archived | Transient | Misconfigured:
    if isinstance(error, ClientAuthenticationError) and error.response is None:
        return Misconfigured(f"{what}: nobody is signed in; run `az login`, or give the app an identity")
    code = code_of(error)
    sentence = f"{what}: storage answered {error.status_code} {code or error.reason}"
    if code in _RACES:
        return Superseded(sentence)
    if code == "BlobArchived":
        return Archived("The blob is in the archive tier; move it to another tier to have it described.")
    if code == "LeaseIdMissing":
        return Transient(f"{sentence}; somebody holds a lease on it")
    if isinstance(error, ClientAuthenticationError) or error.status_code in {401, 403}:
        return Misconfigured(f"{sentence}; the app's identity lacks a role on this account, or its token was refused")
    if error.status_code is None or error.status_code >= 500 or error.status_code in _PASSING:
        return Transient(sentence)
    if code in NO_NAME | METADATA:
        return Transient(sentence, blames_picture=True)
    return Misconfigured(sentence)


def _retry(retries: int) -> ExponentialRetry:
    """Quick tries against passing faults; the SDK's own default would hold an invocation for minutes."""
    return ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=retries)
