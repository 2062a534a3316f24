"""Credentials of Microsoft Entra for all adapters."""

from typing import Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.identity.aio import DefaultAzureCredential, ManagedIdentityCredential

_credentials: Final[dict[str | None, AsyncTokenCredential]] = {}
"""Credentials by the client id of a managed identity (empty: the app's only one), or None for the default chain."""


def credential(*, managed: bool = False, client_id: str = "") -> AsyncTokenCredential:
    """Return one credential per identity, so that its tokens are fetched once; without `managed` the default chain."""
    identity = client_id if managed else None
    if identity not in _credentials:
        _credentials[identity] = (
            DefaultAzureCredential() if identity is None else ManagedIdentityCredential(client_id=identity or None)
        )
    return _credentials[identity]


async def close_credentials() -> None:
    while _credentials:
        await _credentials.popitem()[1].close()
