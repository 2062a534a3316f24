"""Sends a caller's own request to the model's server, signed in as the app, and gives back what came, word for word."""

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
_SERVERS: Final = 500
_SIGN_IN: Final = frozenset({401, 403})
_KEPT: Final = ("content-type", "retry-after", "retry-after-ms", "x-request-id", "apim-request-id")
"""Headers that a caller gets too; those on the quota are the app's own business."""


@dataclass(frozen=True, slots=True)
class Forwarded:
    """What the model's server answered."""

    status: int
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True, slots=True)
class Forwarder:
    """Forwards requests, each in its turn.

    Args:
        client: see `client.connect`.
        limiter: the app's own, which all calls of the model share.
        deadline: seconds for one call, if the caller's has as many left.
    """

    client: AsyncOpenAI
    limiter: Limiter
    deadline: float

    async def send(self, path: str, body: Mapping[str, Any]) -> Forwarded:
        """POST a body; gives an answer of whatever status.

        Raises:
            Transient: its turn does not come in time, the server is not reached, or gives no answer in time.
            Misconfigured: the app itself is not let in.
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
                raise Transient(f"the model gave no answer in {self.deadline:g} s") from error
            except APIConnectionError as error:
                turn.failed()
                if isinstance(error.__cause__, Oversized):
                    raise Transient("the model's server answered more than an answer can be") from error
                raise Transient("the model's server cannot be reached") from error
            except (APIError, AzureError) as error:
                raise Misconfigured(f"the app cannot sign in to the model: {type(error).__name__}") from error
            if answer.status_code == _TOO_MANY:
                turn.refused(answer.headers, retry_after_of(answer.headers))
            elif answer.status_code >= _SERVERS:
                turn.failed()
            else:
                turn.answered(answer.headers)
            if answer.status_code in _SIGN_IN:
                raise Misconfigured(f"the model's server does not let the app in ({answer.status_code})")
            kept = {name: answer.headers[name] for name in _KEPT if name in answer.headers}
            return Forwarded(answer.status_code, kept, answer.content)
