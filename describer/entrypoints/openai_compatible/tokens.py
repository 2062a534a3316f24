"""Authenticates callers by tokens of Microsoft Entra: signature, tenant, audience, times, and a role or an identity."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import jwt

from describer.entrypoints.openai_compatible.errors import Refusal

_LONGEST: Final = 16_384
_LEEWAY: Final = 60
"""Seconds by which clocks may differ."""
_REQUIRED: Final = ("exp", "iss", "aud", "tid", "oid")
_ISSUERS: Final = ("https://login.microsoftonline.com/{}/v2.0", "https://sts.windows.net/{}/")
"""Of tokens of version 2 and version 1."""


class Keys(Protocol):
    """The public keys of a tenant."""

    async def key(self, name: str) -> Any:
        """Return the key of this name (`kid`), or None. Raises Transient."""


@dataclass(frozen=True, slots=True)
class EntraTokens:
    """The accepted tokens of a tenant.

    Args:
        audiences: the app's registration: its id, or its application id URI.
        roles: app roles that may call.
        objects: object ids of identities that may call without a role.
    """

    tenant: str
    audiences: Sequence[str]
    roles: frozenset[str]
    objects: frozenset[str]
    keys: Keys

    async def caller(self, token: str) -> str:
        claims = await self._claims(token)
        roles, identity = claims.get("roles"), str(claims["oid"]).lower()
        held = {role for role in roles if isinstance(role, str)} if isinstance(roles, list) else set()
        if identity not in self.objects and not held & self.roles:
            sentence = "The token is valid, but neither its `roles` nor its `oid` may call here. Ask the operator."
            raise Refusal(403, sentence, kind="permission_error", code="insufficient_permissions")
        return f"entra-{identity}"

    async def _claims(self, token: str) -> dict[str, Any]:
        key = await self.keys.key(_key_name(token))
        if key is None:
            raise _refused("its key (`kid`) is not one of the tenant's")
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                audience=self.audiences,
                issuer=[issuer.format(self.tenant) for issuer in _ISSUERS],
                leeway=_LEEWAY,
                options={"require": list(_REQUIRED)},
            )
        except jwt.InvalidTokenError as error:
            raise _refused(_fault(error)) from error
        if claims["tid"] != self.tenant:
            raise _refused("`tid` is another tenant")
        return claims


def _key_name(token: str) -> str:
    if len(token) > _LONGEST:
        raise _refused(f"it is longer than {_LONGEST:,} characters")
    try:
        header = jwt.get_unverified_header(token)
    except jwt.InvalidTokenError as error:
        raise _refused("it is no JSON Web Token") from error
    if header.get("alg") != "RS256":
        raise _refused("its `alg` is not RS256")
    return str(header.get("kid", ""))


def _fault(error: jwt.InvalidTokenError) -> str:
    """Return what is wrong, by the name of the claim and without its value."""
    match error:
        case jwt.MissingRequiredClaimError():
            return f"`{error.claim}` is missing"
        case jwt.ExpiredSignatureError():
            return "it has expired (`exp`)"
        case jwt.ImmatureSignatureError():
            return "it is not valid yet (`nbf`, `iat`)"
        case jwt.InvalidAudienceError():
            return "it is for another application (`aud`)"
        case jwt.InvalidIssuerError():
            return "it is from another tenant (`iss`)"
        case jwt.InvalidSignatureError():
            return "its signature is wrong"
        case _:
            return "a claim has a wrong type"


def _refused(why: str) -> Refusal:
    return Refusal(
        401,
        f"The Entra token is not accepted: {why}.",
        kind="authentication_error",
        code="invalid_token",
        headers={"www-authenticate": 'Bearer error="invalid_token"'},
    )
