"""Forwards a caller's own request to the model's server with the app's sign-in, and returns the answer unchanged."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import httpx2
from azure.core.exceptions import AzureError
from openai import APIConnectionError, APIError, APIStatusError, APITimeoutError, AsyncOpenAI

from describer.adapters.chat.bounded import Oversized
from describer.adapters.chat.limiter import Limiter
from describer.adapters.retry_after import seconds as retry_after_of
from describer.domain.errors import Misconfigured, Transient
from describer.pipeline import call_context

_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500
_SIGN_IN: Final = frozenset({401, 403})
_KEPT: Final = ("content-type", "retry-after", "retry-after-ms", "x-request-id", "apim-request-id")
"""Headers that are passed on to the caller; those about the app's quota are not."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """The answer of the model's server."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Forwards requests, each in its turn.

    Args:
        limiter: the app's limiter, which all calls to the model share.
        deadline: seconds for one call, or the rest of the caller's time if that is less.
    """

    client: AsyncOpenAI
    limiter: Limiter
    deadline: float

    async def send(self, path: str, body: Mapping[str, Any]) -> Forwarded:
        """POST a body and return the answer, whatever its status.

        Raises:
            Transient: the call got no turn in time, or the server is unreachable or does not answer in time.
            Misconfigured: the server rejects the app's sign-in.
        """
        call = call_context.current()
        async with self.limiter.turn(
            call.priority, max(call.remaining() - self.deadline, call.remaining() / 2)
        ) as turn:
            try:
                async with asyncio.timeout(min(self.deadline, call.remaining())):
                    answer = await self.client.post(path, cast_to=httpx2.Response, body=dict(body))
            except APIStatusError as error:
                answer = error.response
            except (TimeoutError, APITimeoutError) as error:
                turn.failed()
                raise Transient(f"The model gave no answer in {self.deadline:g} s", counts_as_attempt=True) from error
            except APIConnectionError as error:
                turn.failed()
                if isinstance(error.__cause__, Oversized):
                    raise Transient("The model's server sent an answer that is too long") from error
                raise Transient("The model's server cannot be reached") from error
            except (APIError, AzureError) as error:
                raise Misconfigured(f"The app cannot sign in to the model: {type(error).__name__}") from error
            if answer.status_code == _TOO_MANY:
                turn.rate_limited(answer.headers, retry_after_of(answer.headers))
            elif answer.status_code >= _SERVER_ERRORS:
                turn.failed()
            else:
                turn.answered(answer.headers)
            if answer.status_code in _SIGN_IN:
                raise Misconfigured(f"The model's server rejects the app's sign-in ({answer.status_code})")
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            return Forwarded(answer.status_code, kept, answer.content)
