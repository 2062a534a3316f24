"""Checks the signed-in identity."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError

from describer.pipeline.ports import ProbeResult, Verdict

STORAGE_SCOPE: Final = "https://storage.azure.com/.default"

_ADVICE: Final = {
    True: "Give the app the user-assigned identity that the setting …__clientId names; off Azure leave …__credential "
    "empty, so that your own login is used.",
    False: "Run `az login`; on Azure give the app an identity, and name a user-assigned one in AZURE_CLIENT_ID.",
}


@dataclass(frozen=True, slots=True)
class IdentityProbe:
    """Requests a token and reports whose it is.

    Args:
        purpose: the token's purpose: `storage` or `model`.
        managed: whether the settings require a managed identity.
    """

    purpose: str
    credential: AsyncTokenCredential
    scope: str
    managed: bool

    @property
    def name(self) -> str:
        """The check's name, such as `identity: storage`."""
        return f"identity: {self.purpose}"

    async def check(self) -> ProbeResult:
        """Get one token, which may come from the credential's cache."""
        try:
            token = await self.credential.get_token(self.scope)
        except ClientAuthenticationError as error:
            # The SDK's message lists every sign-in method that it tried, over twenty lines.
            said = error.message.removeprefix("(None) ").strip().partition("\n")[0]
            return ProbeResult(Verdict.FAILED, f"No token for {self.scope}: {said}", _ADVICE[self.managed])
        except AzureError as error:
            why = f"No token for {self.scope}: the identity service cannot be reached ({type(error).__name__})."
            return ProbeResult(Verdict.FAILED, why, _ADVICE[self.managed])
        return ProbeResult(Verdict.OK, f"Signed in as {_bearer(token.token)} by {type(self.credential).__name__}.")


def _bearer(token: str) -> str:
    """Return the identity that an Entra token names. Its claims are meant for its audience, so each may be missing."""
    claims = _claims(token)
    tenant = f" of tenant {claims['tid']}" if "tid" in claims else ""
    if resource := claims.get("xms_mirid"):
        return f"the managed identity {str(resource).rpartition('/')[2]}{tenant}"
    if user := claims.get("upn") or claims.get("unique_name"):
        return f"{user}{tenant}"
    if app := claims.get("appid") or claims.get("azp"):
        return f"the application {app}{tenant}"
    return "an identity that the token does not name"


def _claims(token: str) -> Mapping[str, Any]:
    _, _, rest = token.partition(".")
    body = rest.partition(".")[0]
    try:
        claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
