"""Fetches the public keys with which Microsoft Entra signs a tenant's tokens, and keeps them for a day."""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from describer.domain.errors import DescriberError, Transient
from describer.pipeline.ports import Web

AUTHORITY: Final = "https://login.microsoftonline.com"
MAX_BYTES: Final = 2**18
_MOST: Final = 50
_KEPT: Final = 86_400.0
_RECHECK: Final = 300.0
"""Seconds before keys are fetched again for an unknown name: anybody can make up names."""
_RETRY: Final = 10.0
"""Seconds before they are fetched again after a failure."""
_SMALLEST: Final = 2048

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class EntraKeys:
    """The signing keys of a tenant. `web`: fetches them by the app's own rules: https, public addresses, MAX_BYTES."""

    tenant: str
    web: Web
    clock: Callable[[], float] = time.monotonic
    _keys: dict[str, RSAPublicKey] = field(default_factory=dict, init=False)
    _stale: float = field(default=0.0, init=False)
    _next: float = field(default=float("-inf"), init=False)
    _fetching: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    @property
    def url(self) -> str:
        return f"{AUTHORITY}/{self.tenant}/discovery/v2.0/keys"

    async def key(self, name: str) -> RSAPublicKey | None:
        """Return the key of this name (`kid`), or None. Raises Transient if no keys could be fetched yet."""
        if self._due(name):
            async with self._fetching:
                if self._due(name):
                    await self._fetch()
        if not self._keys:
            raise Transient("The signing keys of Microsoft Entra cannot be fetched")
        return self._keys.get(name)

    async def fetched(self) -> int:
        """Fetch the keys and return their number. Raises DescriberError."""
        self._keys = dict(_read(await self.web.fetch(self.url, lambda _size: None)))
        return len(self._keys)

    def _due(self, name: str) -> bool:
        now = self.clock()
        return now >= self._next and (name not in self._keys or now >= self._stale)

    async def _fetch(self) -> None:
        before = self._keys
        try:
            found = await self.fetched()
        except DescriberError as error:
            _log.warning("entra.no_keys", extra={"error": type(error).__name__})
            found = 0
        if found:
            self._stale, self._next = self.clock() + _KEPT, self.clock() + _RECHECK
        else:  # the former keys stay valid until others can be had
            self._keys, self._next = before, self.clock() + _RETRY


def _read(data: bytes) -> Iterator[tuple[str, RSAPublicKey]]:
    """Yield the names and keys of a JSON Web Key Set. Raises Transient."""
    try:
        listed = json.loads(data)["keys"]
    except (ValueError, RecursionError, TypeError, KeyError) as error:
        raise Transient("The answer of Microsoft Entra holds no keys") from error
    for entry in listed[:_MOST] if isinstance(listed, list) else ():
        key = _key(entry)
        if key is not None and key.key_size >= _SMALLEST:
            yield entry["kid"], key


def _key(entry: Any) -> RSAPublicKey | None:
    if not isinstance(entry, dict) or not isinstance(entry.get("kid"), str) or entry.get("kty") != "RSA":
        return None
    try:
        key = jwt.PyJWK(entry, "RS256").key
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    return key if isinstance(key, RSAPublicKey) else None
