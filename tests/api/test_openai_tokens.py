"""Callers with tokens of Microsoft Entra, signed with real keys, by openai's own client and beside keys."""

import asyncio
import base64
import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from openai import (
    APIStatusError,
    AsyncAzureOpenAI,
    AuthenticationError,
    InternalServerError,
    PermissionDeniedError,
    RateLimitError,
)

from describer.adapters.entra_keys import EntraKeys
from describer.domain.errors import Transient
from describer.entrypoints.openai_compatible.callers import Callers
from describer.entrypoints.openai_compatible.interface import asgi
from describer.entrypoints.openai_compatible.tokens import EntraTokens
from describer.operations.openai_compatible import OpenAiCompatibleProbe
from describer.pipeline.memory_budget import MemoryBudget
from describer.pipeline.ports import Verdict
from describer.settings import Settings
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import MIB, Limits
from tests.api.test_openai_compatible import KEY, MODEL, Setup, Upstream, asked, families
from tests.unit.test_settings import GOOD

TENANT = "11111111-2222-3333-4444-555555555555"
OTHER = "99999999-2222-3333-4444-555555555555"
APP = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"
CALLER = "cccccccc-bbbb-cccc-dddd-eeeeeeeeeeee"
V2, V1 = f"https://login.microsoftonline.com/{TENANT}/v2.0", f"https://sts.windows.net/{TENANT}/"

SIGNING = rsa.generate_private_key(65537, 2048)
STRANGER = rsa.generate_private_key(65537, 2048)


def public(key: rsa.RSAPrivateKey, name: str = "one", **more: Any) -> dict[str, Any]:
    made = jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return {**made, "kid": name, "use": "sig", **more}


def claims(**changed: Any) -> dict[str, Any]:
    now = int(time.time())
    usual = {
        "aud": APP,
        "iss": V2,
        "tid": TENANT,
        "oid": CALLER,
        "azp": CALLER,
        "iat": now,
        "nbf": now,
        "exp": now + 600,
    }
    found = {**usual, "roles": ["Describe"], **changed}
    return {name: value for name, value in found.items() if value is not ...}


def token(key: rsa.RSAPrivateKey = SIGNING, name: str = "one", **changed: Any) -> str:
    return jwt.encode(claims(**changed), key, "RS256", headers={"kid": name})


@dataclass
class KeysOnTheWeb:
    """Stands in for Entra's key endpoint behind the app's fetcher."""

    listed: list[Any] = field(default_factory=lambda: [public(SIGNING)])
    fetched: list[str] = field(default_factory=list)
    fails: bool = False

    async def fetch(self, url: str, _extend: Any) -> bytes:
        self.fetched.append(url)
        await asyncio.sleep(0)
        if self.fails:
            raise Transient("down")
        return json.dumps({"keys": self.listed}).encode()


@dataclass
class Entra:
    """The interface that accepts tokens, before the model's stand-in."""

    setup: Setup
    web: KeysOnTheWeb = field(default_factory=KeysOnTheWeb)
    time: float = 1000.0

    def __post_init__(self) -> None:
        keys = EntraKeys(TENANT, self.web, lambda: self.time)
        tokens = EntraTokens(TENANT, (APP, f"api://{APP}"), frozenset({"Describe"}), frozenset({CALLER}), keys)
        interface = self.setup.interface
        opened = replace(interface, callers=Callers(interface.callers.keys, tokens))
        self.setup.app = asgi(lambda: opened)

    async def ask(self, given: str) -> None:
        await self.setup.client(given).chat.completions.create(model=MODEL, messages=asked())


@pytest.fixture
async def entra() -> AsyncIterator[Entra]:
    preparer = ProcessPreparer(families, Limits(), text_tokens=6000)
    yield Entra(Setup(Upstream(), MemoryBudget(64 * MIB), preparer))
    await preparer.close()


@pytest.mark.parametrize(
    "changed",
    [
        {},
        {"iss": V1, "aud": f"api://{APP}", "ver": "1.0"},
        {"aud": [APP]},
        {"roles": ...},
        {"oid": OTHER, "roles": ["Other", "Describe"]},
    ],
    ids=["version 2", "version 1", "list", "by identity", "by role"],
)
async def test_a_good_token_is_answered(entra: Entra, changed: dict[str, Any]) -> None:
    await entra.ask(token(**changed))
    assert len(entra.setup.upstream.bodies) == 1
    assert entra.web.fetched == [f"https://login.microsoftonline.com/{TENANT}/discovery/v2.0/keys"]


async def test_clocks_may_differ_by_half_a_minute(entra: Entra) -> None:
    await entra.ask(token(exp=int(time.time()) - 30))
    await entra.ask(token(nbf=int(time.time()) + 30, iat=int(time.time()) + 30))


async def test_azures_client_sends_a_token_of_its_own_and_keys_go_on_working(entra: Entra) -> None:
    client = AsyncAzureOpenAI(
        azure_endpoint="http://app/api", azure_ad_token=token(), api_version="2025-04-01-preview", max_retries=0,
        http_client=entra.setup.transport(),
    )  # fmt: skip
    await client.chat.completions.create(model=MODEL, messages=asked())
    await entra.ask(KEY)
    with pytest.raises(AuthenticationError, match="key is missing or wrong"):
        await entra.ask("no-token-" + secrets.token_hex(32))
    assert len(entra.setup.upstream.bodies) == 2


def _confused() -> str:
    """Signed with the public key as if it were a shared secret."""
    pem = SIGNING.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    parts = [{"alg": "HS256", "kid": "one"}, claims()]
    text = ".".join(base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode() for part in parts)
    signature = hmac.new(pem, text.encode(), hashlib.sha256).digest()
    return f"{text}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}"


def _without(name: str) -> str:
    missing: dict[str, Any] = {name: ...}
    return token(**missing)


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: token(exp=int(time.time()) - 120), "expired (`exp`)"),
        (lambda: token(nbf=int(time.time()) + 600), "not valid yet"),
        (lambda: token(aud="https://graph.microsoft.com"), "another application (`aud`)"),
        (lambda: token(aud=[]), "`aud` is missing"),
        (lambda: token(iss=V2.replace(TENANT, OTHER)), "another tenant (`iss`)"),
        (lambda: token(iss=f"{V2}/"), "another tenant (`iss`)"),
        (lambda: token(tid=OTHER), "`tid` is another tenant"),
        (lambda: token(STRANGER), "signature is wrong"),
        (lambda: token(name="unknown"), "`kid`"),
        *[(partial(_without, name), f"`{name}` is missing") for name in ("exp", "iss", "aud", "tid", "oid")],
        (lambda: token(exp="soon"), "wrong type"),
        (lambda: jwt.encode(claims(), "", "none", headers={"kid": "one"}), "`alg` is not RS256"),
        (_confused, "`alg` is not RS256"),
        (lambda: token()[:-4] + "AAAA", "signature is wrong"),
        (lambda: "eyJ.eyJ.x", "no JSON Web Token"),
        (lambda: token(more="x" * 20_000), "longer than 16,384"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
async def test_a_wrong_token_is_refused_by_the_name_of_its_claim(
    entra: Entra, make: Callable[[], str], says: str
) -> None:
    given = make()
    with pytest.raises(AuthenticationError) as refused:
        await entra.ask(given)
    error: Any = refused.value.body
    assert says in error["message"]
    assert (error["type"], error["code"]) == ("authentication_error", "invalid_token")
    assert all(secret not in error["message"] for secret in (given, TENANT, OTHER, APP, CALLER, "graph"))
    assert refused.value.response.headers["www-authenticate"] == 'Bearer error="invalid_token"'
    assert not entra.setup.upstream.bodies


@pytest.mark.parametrize("roles", [..., [], ["Other"], "Describe", {"Describe": 1}, [["Describe"]]], ids=repr)
async def test_an_identity_without_the_role_is_known_and_may_not_call(entra: Entra, roles: Any) -> None:
    with pytest.raises(PermissionDeniedError, match="neither its `roles` nor its `oid`") as refused:
        await entra.ask(token(oid=OTHER, roles=roles))
    assert refused.value.code == "insufficient_permissions"
    assert not entra.setup.upstream.bodies


async def test_each_identity_has_a_cap_of_its_own(entra: Entra) -> None:
    entra.setup.allowances.calls = 1
    await entra.ask(token())
    with pytest.raises(RateLimitError, match="Today's calls"):
        await entra.ask(token(azp=OTHER))
    await entra.ask(token(oid=OTHER))
    await entra.ask(KEY)


async def test_keys_are_fetched_once_for_many_and_again_after_a_day(entra: Entra) -> None:
    await asyncio.gather(*(entra.ask(token()) for _ in range(20)))
    assert len(entra.web.fetched) == 1
    entra.time += 86_401
    await entra.ask(token())
    assert len(entra.web.fetched) == 2


async def test_a_new_key_is_found_and_made_up_names_fetch_nothing_more(entra: Entra) -> None:
    await entra.ask(token())
    entra.web.listed.append(public(STRANGER, "two"))
    with pytest.raises(AuthenticationError, match="kid"):
        await entra.ask(token(STRANGER, "two"))
    entra.time += 301
    await entra.ask(token(STRANGER, "two"))
    for number in range(50):
        with pytest.raises(AuthenticationError, match="kid"):
            await entra.ask(token(name=f"made up {number}"))
    assert len(entra.web.fetched) == 2


async def test_without_entra_known_keys_stay_valid_and_others_get_retry_after(entra: Entra) -> None:
    entra.web.fails = True
    for _ in range(5):
        with pytest.raises(InternalServerError) as failed:
            await entra.ask(token())
        assert failed.value.status_code == 503
        assert int(failed.value.response.headers["retry-after"]) >= 1
    assert len(entra.web.fetched) == 1, "a failure is not repeated at once"
    await entra.ask(KEY)
    entra.web.fails = False
    entra.time += 11
    await entra.ask(token())
    entra.web.fails = True
    entra.time += 86_401
    await entra.ask(token())


@pytest.mark.parametrize(
    "listed",
    [
        [],
        {},
        [None, 7, {"kid": "one"}, {"kty": "RSA", "kid": "one", "n": "AQAB", "e": "AQAB"}],
        [public(rsa.generate_private_key(65537, 1024))],  # noqa: S505 - refused for that
        [{"kty": "oct", "kid": "one", "k": "c2VjcmV0"}],
        [{**public(SIGNING), "kid": 1}],
    ],
    ids=["empty", "no list", "broken", "short", "shared", "no name"],
)
async def test_an_invalid_key_document_admits_no_caller(entra: Entra, listed: Any) -> None:
    entra.web.listed = listed
    with pytest.raises(APIStatusError) as refused:
        await entra.ask(token())
    assert refused.value.status_code in {401, 503}
    assert not entra.setup.upstream.bodies


TOKENS = {
    "OPENAI_COMPATIBLE_TENANT": TENANT.upper(),
    "OPENAI_COMPATIBLE_AUDIENCE": f"api://{APP}",
    "OPENAI_COMPATIBLE_ROLES": "Describe, Other",
    "OPENAI_COMPATIBLE_IDENTITIES": CALLER.upper(),
}


async def test_the_settings_name_who_may_call_and_doctor_checks_the_keys() -> None:
    settings = Settings.read({**GOOD, **TOKENS})
    assert settings.openai_compatible
    assert settings.openai_compatible_tenant == TENANT
    assert settings.audiences == (f"api://{APP}", APP)
    assert (settings.openai_compatible_roles, settings.openai_compatible_identities) == (
        ("Describe", "Other"),
        (CALLER,),
    )
    good = await OpenAiCompatibleProbe(settings, KeysOnTheWeb()).check()
    assert (good.verdict, good.found) == (Verdict.OK, "Open to 0 keys, and to tokens of the tenant (1 signing keys).")
    for web in (KeysOnTheWeb(fails=True), KeysOnTheWeb(listed=[])):
        bad = await OpenAiCompatibleProbe(settings, web).check()
        assert bad.verdict is Verdict.FAILED
        assert "login.microsoftonline.com" in bad.advice
    only_key = Settings.read({**GOOD, "OPENAI_COMPATIBLE_KEYS": f"cms:{KEY}"})
    web = KeysOnTheWeb()
    found = await OpenAiCompatibleProbe(only_key, web).check()
    assert (found.found, web.fetched) == ("Open to 1 key; tokens are not accepted.", [])
