"""Authenticates callers by key or token, and limits their calls and cost per day."""

import hashlib
import hmac
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Final, Protocol

from describer.entrypoints.openai_compatible.errors import Refusal

_SIGNED: Final = re.compile(r"eyJ[\w-]*\.[\w-]*\.[\w-]*", re.ASCII)
"""A signed JSON Web Token."""


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with a key.

    Args:
        name: its name in metrics and logs.
        key: at least 32 random bytes, as text.
    """

    name: str
    key: str = field(repr=False)


class Tokens(Protocol):
    """Tokens of an identity provider."""

    async def caller(self, token: str) -> str:
        """Return a name for the identity that a token was issued to.

        Raises:
            Refusal: 401 with the name of the claim that is wrong, or 403 if the identity may not call.
            Transient: the keys cannot be fetched.
        """


@dataclass(frozen=True, slots=True)
class Callers:
    """Those who may call. `tokens`: accepts tokens; None: no token is accepted."""

    keys: Sequence[Caller]
    tokens: Tokens | None = None

    async def name(self, headers: Mapping[str, str]) -> str:
        """Return the name of the caller with the key or token in these headers.

        `api-key` holds a key, `Authorization: Bearer` a key or a token. All keys are compared whole and in constant
        time, so that the response time reveals nothing about them.

        Raises:
            Refusal: 401, or 403 for an identity that may not call.
            Transient: the token cannot be checked now.
        """
        bearer = re.fullmatch(r"(?i:bearer) +(\S+) *", headers.get("authorization", ""))
        given = headers.get("api-key") or (bearer[1] if bearer else "")
        found = [caller for caller in self.keys if hmac.compare_digest(_digest(caller.key), _digest(given))]
        if found:
            return found[0].name
        if self.tokens and bearer and not headers.get("api-key") and _SIGNED.fullmatch(given):
            return await self.tokens.caller(given)
        sentence = "The key is missing or wrong. Send it as `api-key` or `Authorization: Bearer`."
        raise Refusal(401, sentence, kind="authentication_error", code="invalid_api_key")


def _digest(key: str) -> bytes:
    return hashlib.sha256(key.encode("utf-8", "surrogatepass")).digest()


@dataclass(slots=True)
class _Spent:
    calls: int = 0
    usd: float = 0.0


@dataclass(slots=True)
class Allowances:
    """Each caller's calls and cost today (UTC) in this process; DAILY_BUDGET_USD limits all instances together.

    Args:
        calls: maximum calls per caller and day.
        usd: maximum cost per caller and day in US dollars by list price.
    """

    calls: int
    usd: float
    now: Callable[[], datetime] = field(default=lambda: datetime.now(UTC))
    _day: date | None = field(default=None, init=False)
    _spent: dict[str, _Spent] = field(default_factory=dict, init=False)

    def take(self, caller: str, usd: float) -> None:
        """Count a call with its maximum cost.

        Raises:
            Refusal: 429 with the time to retry, or 400 if the call costs more than a day's limit.
        """
        if usd > self.usd:
            sentence = f"This call may cost more than the {self.usd:g} US dollars that a key has a day; ask for less."
            raise Refusal(400, sentence, code="call_too_expensive")
        spent = self._of(caller)
        what = "calls" if spent.calls >= self.calls else "US dollars" if spent.usd + usd > self.usd else ""
        if what:
            midnight = (self.now() + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
            wait = {"retry-after": str(int((midnight - self.now()).total_seconds()) + 1)}
            sentence = f"Today's {what} for this key are used up; it goes on at 00:00 UTC."
            raise Refusal(429, sentence, kind="insufficient_quota", code="insufficient_quota", headers=wait)
        spent.calls += 1
        spent.usd += usd

    def settle(self, caller: str, held: float, usd: float) -> None:
        """Replace a call's maximum cost by its actual cost."""
        spent = self._of(caller)
        spent.usd = max(0.0, spent.usd + usd - held)

    def _of(self, caller: str) -> _Spent:
        if (today := self.now().date()) != self._day:
            self._day, self._spent = today, {}
        return self._spent.setdefault(caller, _Spent())
