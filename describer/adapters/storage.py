"""Clients for storage accounts, and the meaning of their errors by code, never by status alone."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob.aio import BlobServiceClient, ExponentialRetry
from azure.storage.queue import TextBase64EncodePolicy
from azure.storage.queue.aio import QueueClient

from describer.adapters import retry_after
from describer.adapters.credentials import credential
from describer.adapters.transport import Transport
from describer.domain.errors import (
    Archived,
    Conflict,
    DescriberError,
    Encrypted,
    Misconfigured,
    Protected,
    Transient,
)
from describer.settings import Account

NO_NAME: Final = frozenset({"InvalidUri", "InvalidResourceName", "OutOfRangeInput"})
"""Codes for impossible blob names; containers' names are checked with the settings."""
METADATA: Final = frozenset({"MetadataTooLarge", "InvalidMetadata"})
"""Codes for metadata that the blob cannot have."""
PROTECTED: Final = frozenset({"BlobImmutableDueToPolicy", "BlobImmutableDueToLegalHold"})
"""Codes for blobs that a policy or a legal hold protects from changes."""
RACES: Final = frozenset(
    {"ConditionNotMet", "BlobAlreadyExists", "BlobNotFound", "BlobModifiedWhileReading", "BlobHasBeenModified"}
)
"""Codes for blobs that another process has written or deleted."""
ENCRYPTED: Final = frozenset({"BlobUsesCustomerSpecifiedEncryption", "BlobCustomerSpecifiedEncryptionMismatch"})
"""Codes for blobs that only programs with their owner's key can read."""
KEPT_CLIENTS: Final = 64
"""Maximum number of clients of single blobs to keep; the SDK computes half a millisecond for each new one."""
WAITING: Final = {
    "LeaseIdMissing": "another client holds a lease on it",
    "PendingCopyOperation": "a copy to it is in progress",
    "BlobBeingRehydrated": "it is being moved out of the archive tier",
}
"""States that end by themselves."""
_MISSING: Final = frozenset(
    {
        *("ContainerNotFound", "ContainerBeingDeleted", "ContainerDisabled"),
        *("QueueNotFound", "QueueBeingDeleted", "QueueDisabled", "ResourceNotFound"),
    }
)
_TRANSPORT: Final = {"connection_timeout": 20, "read_timeout": 60, "connection_data_block_size": 256 * 1024}
"""Seconds, and bytes read at a time, as the SDK sets them for its own transport; azure-core would read 4 KiB."""
_PASSING: Final = frozenset({408, 429})
_RETRIES: Final = 2
_UNCONFIGURED: Final = "https://not-configured.invalid"
"""Placeholder for an account that is not configured, which the command line allows; requests to it fail."""

_log = logging.getLogger(__name__)


def blob_service(account: Account, *, retries: int = _RETRIES) -> BlobServiceClient:
    """Return a client for the account's blobs, to be shared: it keeps its connections. Raises Misconfigured."""
    options: dict[str, Any] = {"retry_policy": _retry(retries), "transport": Transport(**_TRANSPORT)}
    if not account.connection_string:
        return BlobServiceClient(account.blob_uri or _UNCONFIGURED, _credential(account), **options)
    with _connection_strings():
        return BlobServiceClient.from_connection_string(account.connection_string, **options)


def queue_client(account: Account, name: str, *, base64: bool = True, retries: int | None = None) -> QueueClient:
    """Return a client for one queue, with the SDK's own number of retries by default.

    Messages are sent in base64, which allows any text, or else as they are.

    Raises:
        Misconfigured: the connection string is invalid.
    """
    policy = TextBase64EncodePolicy() if base64 else None
    options: dict[str, Any] = {"message_encode_policy": policy, "transport": Transport(**_TRANSPORT)}
    if retries is not None:
        options["retry_policy"] = _retry(retries)
    if not account.connection_string:
        return QueueClient(account.queue_uri or _UNCONFIGURED, name, _credential(account), **options)
    with _connection_strings():
        return QueueClient.from_connection_string(account.connection_string, name, **options)


@contextmanager
def _connection_strings() -> Iterator[None]:
    try:
        yield
    except ValueError as error:  # the SDK's message may quote the string and the key in it
        raise Misconfigured("IMAGES or AzureWebJobsStorage is not a storage account's connection string") from error


def _credential(account: Account) -> AsyncTokenCredential:
    return credential(managed=account.managed, client_id=account.client_id)


@contextmanager
def storage_errors(what: str) -> Iterator[None]:
    """Map the SDK's errors to ours; `what` begins the sentence, such as "The sidecar", and names no blob.

    Only an error that every blob would meet is the installation's fault. An unknown answer counts against the blob, so
    that a single odd blob neither alerts an operator nor is retried for ever. tests/cases has each answer with its
    source, docs/storage.md the table.

    Raises:
        Conflict: another process was faster.
        Archived: the blob must be rehydrated before it can be read.
        Encrypted: the blob can only be read with its owner's key.
        Transient: a lease, a copy in progress, an outage, too many requests, or a response that is not from storage;
            any other error counts as the blob's attempt.
        Misconfigured: a role, a container or a queue is missing.
        Protected: a policy or a legal hold forbids the operation.
    """
    try:
        yield
    except HttpResponseError as error:
        raise _meaning(what, error) from error
    except AzureError as error:  # no response: name resolution, connection, or a broken body
        raise Transient(f"{what}: no answer from storage ({type(error).__name__})") from error


@contextmanager
def absent_is_fine() -> Iterator[None]:
    """Ignore that a blob does not exist; a missing container is still an error."""
    try:
        yield
    except ResourceNotFoundError as error:
        if code_of(error) != "BlobNotFound":
            raise


@contextmanager
def protected_stays() -> Iterator[None]:
    """Log and ignore that a policy or a legal hold protects a blob from deletion."""
    try:
        yield
    except Protected as error:
        code = code_of(error.__cause__) if isinstance(error.__cause__, HttpResponseError) else ""
        _log.warning("storage.protected", extra={"reason": f"a blob was not deleted: {code}"})


def archived() -> Archived:
    """Return the error for a picture in the archive tier."""
    return Archived("The blob is in the archive tier; move it to another tier to have it described.")


def code_of(error: HttpResponseError) -> str:
    """Return the service's error code, such as `BlobNotFound`; empty if the response has none."""
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


def _meaning(what: str, error: HttpResponseError) -> DescriberError:
    if isinstance(error, ClientAuthenticationError) and error.response is None:
        return Misconfigured(f"{what}: no identity is signed in; run `az login`, or give the app an identity")
    code = code_of(error)
    sentence = f"{what}: storage answered {error.status_code} {code or error.reason}"
    if code in RACES:
        return Conflict(sentence)
    if code == "BlobArchived":
        return archived()
    if code in ENCRYPTED:
        return Encrypted(
            "The blob is encrypted with a key that clients send with each request; store it without one to describe it."
        )
    if code in PROTECTED:
        return Protected(f"{sentence}; an immutability policy or a legal hold protects it")
    if isinstance(error, ClientAuthenticationError) or error.status_code in {401, 403}:
        return Misconfigured(f"{sentence}; the app's identity lacks a role on this account, or its token was rejected")
    if code in _MISSING:
        return Misconfigured(sentence)
    return _for_now(sentence, code, error)


def _for_now(sentence: str, code: str, error: HttpResponseError) -> Transient:
    """Return the error to retry. One with a code counts as the blob's attempt, unless its state ends by itself."""
    if code in WAITING:
        return Transient(f"{sentence}; {WAITING[code]}")
    passing = error.status_code is None or error.status_code >= 500 or error.status_code in _PASSING
    wait = retry_after.seconds(getattr(error.response, "headers", {}))
    return Transient(sentence, retry_after=wait, counts_as_attempt=bool(code) and not passing)


def _retry(retries: int) -> ExponentialRetry:
    """Return a short retry policy; the SDK's default would hold an invocation for minutes."""
    return ExponentialRetry(initial_backoff=1, increment_base=2, retry_total=retries)
