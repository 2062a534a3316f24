"""The model behind Chat Completions: Azure OpenAI, or any server that speaks the same protocol.

The SDK's own retries are off: they would hold an invocation for up to two minutes per `Retry-After`. A short wait is
waited here; a longer one is the queue's business.
"""

import asyncio
import base64
import random
from dataclasses import dataclass
from typing import Any, Final

import httpx2
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity.aio import get_bearer_token_provider
from openai import APIError, AsyncOpenAI, DefaultAsyncHttpxClient
from openai.types.chat import ChatCompletion

from describer import prompt
from describer.adapters.chat import answers
from describer.brief import Brief
from describer.description import schema
from describer.errors import Misconfigured, Transient, Unanswered
from describer.image.values import PreparedImage
from describer.models import Family
from describer.ports import Answer
from describer.record import Usage

_QUICK_TRIES: Final = 3
_PATIENCE: Final = 3.0
"""Seconds: a longer wait is left to the queue, which costs nothing."""
_KEEP_ALIVE: Final = 120.0
_QUEUEING: Final = 150.0


def connect(base_url: str, *, key: str, credential: AsyncTokenCredential | None, scope: str) -> AsyncOpenAI:
    """A client to be shared: it keeps its connections and its token.

    Args:
        base_url: up to and with `/v1/`.
        key: an API key; empty where `credential` signs in.
        credential: asked for a new token whenever the last one runs out.
        scope: what that token is for.
    """
    limits = httpx2.Limits(keepalive_expiry=_KEEP_ALIVE)
    return AsyncOpenAI(
        base_url=base_url,
        api_key=get_bearer_token_provider(credential, scope) if credential else key or "none",
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(limits=limits),
    )


@dataclass(frozen=True, slots=True)
class ChatModel:
    """The port `Model`.

    Args:
        client: see `connect`.
        family: which request parameters the model takes.
        deadline: seconds for one picture's answer, quick retries included.
        slots: calls at a time; who waits for a slot does not use up the deadline.
        queueing: seconds to wait for a slot. With `deadline` and the wait for room.py they must stay below the host's
            functionTimeout, which ends the whole process.
        backoff: seconds before the second try; the third waits twice as long, both with jitter.
    """

    client: AsyncOpenAI
    family: Family
    deadline: float
    slots: asyncio.Semaphore
    queueing: float = _QUEUEING
    backoff: float = 1.0

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """Asks once, and once more with twice the cap where that cut the answer off."""
        try:
            await asyncio.wait_for(self.slots.acquire(), self.queueing)
        except TimeoutError as error:
            raise Transient(f"other pictures kept the model busy for {self.queueing:g} s") from error
        try:
            async with asyncio.timeout(self.deadline):
                return await self._uncut(brief, image)
        except TimeoutError as error:
            raise Transient(f"the model gave no answer in {self.deadline:g} s", blames_picture=True) from error
        finally:
            self.slots.release()

    async def _uncut(self, brief: Brief, image: PreparedImage) -> Answer:
        spent = Usage()
        for cap in (brief.max_completion_tokens, 2 * brief.max_completion_tokens):
            completion = await self._patiently(brief, image, cap)
            spent = answers.added(spent, completion)
            if completion.choices[0].finish_reason != "length":
                return answers.read(completion, brief, spent)
        raise Unanswered(f"The answer was cut off at {brief.max_completion_tokens} tokens and at twice as many.")

    async def _patiently(self, brief: Brief, image: PreparedImage, cap: int) -> ChatCompletion:
        for tried in range(1, _QUICK_TRIES + 1):
            try:
                return await self._once(brief, image, cap)
            except Transient as fault:
                wait = fault.retry_after or self.backoff * tried * random.uniform(0.75, 1)  # noqa: S311 - jitter
                if tried == _QUICK_TRIES or wait > _PATIENCE:
                    raise
                await asyncio.sleep(wait)
        raise AssertionError("unreachable: the last try returns or raises")

    async def _once(self, brief: Brief, image: PreparedImage, cap: int) -> ChatCompletion:
        try:
            answer: object = await self.client.chat.completions.create(**self._request(brief, image, cap))
        except APIError as error:
            raise answers.fault(error) from error
        except ClientAuthenticationError as error:
            raise Misconfigured(f"no token for the model: {error.message}") from error
        except AzureError as error:
            raise Transient(f"no token for the model: {type(error).__name__}") from error
        except ValueError as error:  # 200, but the body is no JSON: a gateway's page
            raise Transient("the model's server answered something that is not JSON") from error
        if not isinstance(answer, ChatCompletion) or not answer.choices:
            raise Transient("the model's server answered something that is no completion")
        return answer

    def _request(self, brief: Brief, image: PreparedImage, cap: int) -> dict[str, Any]:
        url = f"data:image/jpeg;base64,{base64.b64encode(image.jpeg).decode()}"
        request: dict[str, Any] = {
            "model": brief.model,
            "messages": [
                {"role": "system", "content": prompt.instructions(brief.languages)},
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": prompt.QUESTION},
                        {"type": "image_url", "image_url": {"url": url, "detail": brief.detail}},
                    ],
                },
            ],
            "response_format": {
                "type": "json_schema",
                "json_schema": {"name": "description", "strict": True, "schema": schema(brief.languages)},
            },
            self.family.request.cap: cap,
        }
        if self.family.request.effort:
            request["reasoning_effort"] = self.family.request.effort
        if self.family.request.temperature:
            request["temperature"] = 0
        return request
