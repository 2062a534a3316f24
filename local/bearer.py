"""Entra's tokens, as a service reads them that stands in for one of Azure's.

The signature is not checked, because there is nobody here to have signed: the audience and the times are, since those
are what a wrong scope or a stale cache gets wrong.
"""

import base64
import binascii
import json
from collections.abc import Collection
from typing import Any


def token(authorization: str) -> str | None:
    """Give the token of an `Authorization` header; None if it holds none."""
    scheme, _, found = authorization.partition(" ")
    return found.strip() if scheme.lower() == "bearer" and found.strip() else None


def is_valid(bearer: str, audiences: Collection[str], now: float) -> bool:
    """Whether a token is for one of these audiences and in time; `now` in seconds since 1970."""
    claims = _claims(bearer)
    audience = claims.get("aud")
    try:
        in_time = float(claims.get("nbf", 0)) <= now < float(claims.get("exp", 0))
    except (TypeError, ValueError):
        return False
    return in_time and isinstance(audience, str) and audience.rstrip("/") in audiences


def _claims(bearer: str) -> dict[str, Any]:
    """Give the claims of a JWT, or none for anything that is not one."""
    parts = bearer.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
