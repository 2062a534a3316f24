"""Reads Entra's tokens for the services that stand in for Azure's.

Audience and times are checked, since a wrong scope or a stale cache makes these wrong. The signature is not: no
authority here signs.
"""

import base64
import binascii
import json
from collections.abc import Collection
from typing import Any


def token(authorization: str) -> str | None:
    """Return the token of an `Authorization` header, or None."""
    scheme, _, found = authorization.partition(" ")
    return found.strip() if scheme.lower() == "bearer" and found.strip() else None


def is_valid(bearer: str, audiences: Collection[str], now: float) -> bool:
    """Return whether a token is for one of these audiences and not expired; `now` in seconds since 1970."""
    claims = _claims(bearer)
    audience = claims.get("aud")
    try:
        in_time = float(claims.get("nbf", 0)) <= now < float(claims.get("exp", 0))
    except (TypeError, ValueError):
        return False
    return in_time and isinstance(audience, str) and audience.rstrip("/") in audiences


def _claims(bearer: str) -> dict[str, Any]:
    """Return a JWT's claims; none for anything else."""
    parts = bearer.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
