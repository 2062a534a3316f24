"""Authenticates callers: an Entra token for the right audience, or the resource's key."""

import hmac
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local import bearer
from local.azure_openai import faults
from local.azure_openai.answers import Fault

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
        """Return a 401 if these headers do not authenticate the caller, or None."""
        token = bearer.token(headers.get("authorization", ""))
        for key in (headers.get("api-key"), token):
            if key and self.api_key and hmac.compare_digest(key.encode(), self.api_key.encode()):
                return None
        if token is None:
            return faults.wrong_key()
        return None if bearer.is_valid(token, AUDIENCES, self.clock()) else faults.unauthorized()
