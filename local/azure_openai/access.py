"""Who may call: an Entra token for the right audience, or the resource's key.

The signature is not checked, because there is nobody here to have signed: the audience and the times are, since those
are what a wrong scope or a stale cache gets wrong.
"""

import base64
import binascii
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.azure_openai import faults
from local.azure_openai.answers import Fault, Json

AUDIENCES = frozenset({"https://ai.azure.com", "https://cognitiveservices.azure.com"})


@dataclass(frozen=True, slots=True)
class Access:
    """The rules of one resource.

    Args:
        api_key: accepted in `api-key` and, as Azure's v1 API does, as a bearer token; None where keys are disabled.
        clock: seconds since the epoch.
    """

    api_key: str | None = None
    clock: Callable[[], float] = time.time

    def check(self, headers: Mapping[str, str]) -> Fault | None:
        """Return the 401 that these headers earn, or None."""
        bearer = _bearer(headers.get("authorization", ""))
        for key in (headers.get("api-key"), bearer):
            if key and self.api_key and hmac.compare_digest(key.encode(), self.api_key.encode()):
                return None
        if bearer is None:
            return faults.wrong_key()
        return None if self._is_valid(_claims(bearer)) else faults.unauthorized()

    def _is_valid(self, claims: Json) -> bool:
        now, audience = self.clock(), claims.get("aud")
        try:
            in_time = float(claims.get("nbf", 0)) <= now < float(claims.get("exp", 0))
        except (TypeError, ValueError):
            return False
        return in_time and isinstance(audience, str) and audience.rstrip("/") in AUDIENCES


def _bearer(authorization: str) -> str | None:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None


def _claims(token: str) -> Json:
    """Return the claims of a JWT, or none for anything that is not one."""
    parts = token.split(".")
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (binascii.Error, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}
