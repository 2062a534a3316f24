"""The model behind Chat Completions: Azure OpenAI or any server that speaks the same protocol.

The SDK's own retries are off: each call would sleep through its own `Retry-After`, up to two minutes, and keep the
invocation open. Instead, every call waits for its turn in the limiter, which the whole process shares.
"""

import asyncio
import hashlib
import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, Final

import httpx2
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError, ClientAuthenticationError
from azure.identity.aio import get_bearer_token_provider
from openai import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AsyncOpenAI,
    AsyncStream,
    DefaultAsyncHttpxClient,
)
from openai.types.chat import ChatCompletionChunk

from describer.adapters.chat import faults, requests, responses
from describer.adapters.chat.bounded import Oversized, bounded, unpacked_only
from describer.adapters.chat.dialect import Dialects
from describer.adapters.chat.gateway import Gateway
from describer.adapters.chat.limiter import MAX_WAIT_SECONDS, Limiter, NoTurn, Turn, request_leaves
from describer.adapters.chat.probe_picture import probe_picture
from describer.adapters.chat.stream import StreamAccumulator
from describer.domain.errors import (
    Declined,
    DescriberError,
    Misconfigured,
    NoUsableAnswer,
    Throttled,
    Transient,
)
from describer.domain.record import Usage
from describer.pipeline import call_context
from describer.pipeline.weighted_semaphore import Priority
from describer.vision.answer import Answer, FreeAnswer
from describer.vision.answer_reader import Unreadable
from describer.vision.brief import Brief, Question
from describer.vision.families import Families
from describer.vision.imaging.values import PreparedImage

_QUICK_TRIES: Final = 3
"""Calls for one answer if the server fails. 429s do not count: the limiter waits for the quota."""
_MAX_RETRY_WAIT: Final = 3.0
"""Seconds between two tries of one call. If the server asks for more, the message goes back to its queue."""
_KEEP_ALIVE: Final = 120.0
_TOO_MANY: Final = 429
_SERVER_ERRORS: Final = 500
_OVERSIZED: Final = "The model's server sent an answer that is too long"
_PROBE_CAP: Final = 16
"""Tokens of a probe's answer. A truncated answer proves as much as a whole one."""


def connect(base_url: str, *, key: str, credential: AsyncTokenCredential | None, scope: str) -> AsyncOpenAI:
    """Return a client to be shared: it keeps its connections and its token.

    Args:
        base_url: up to and including `/v1/`.
        key: an API key; empty if `credential` signs in.
        credential: returns a new token when the last one expires.
        scope: the token's scope.
    """
    limits = httpx2.Limits(keepalive_expiry=_KEEP_ALIVE)
    hooks: dict[str, list[Callable[..., Any]]] = {"request": [unpacked_only, _leaves], "response": [bounded]}
    return AsyncOpenAI(
        base_url=base_url,
        api_key=get_bearer_token_provider(credential, scope) if credential else key or "none",
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(limits=limits, event_hooks=hooks),
    )


async def _leaves(_request: httpx2.Request) -> None:
    request_leaves()


async def completion(client: AsyncOpenAI, request: Mapping[str, Any]) -> httpx2.Response:
    """POST a request for a completion as it is; the SDK's `create` would first compare all of it with its types."""
    body = dict(request)
    body |= body.pop("extra_body", {})
    return await client.post("/chat/completions", cast_to=httpx2.Response, body=body)


class RateLimited(Throttled):
    """The server answered 429. The limiter has recorded it and delays the next call."""


class TimedOut(Transient):
    """The model did not answer before the deadline."""


type _Stream = AsyncStream[ChatCompletionChunk]


@dataclass(frozen=True, slots=True)
class ChatModel:
    """The model (implements the port `Model`).

    Args:
        deadline: seconds for one call, or the rest of the invocation's time if that is less. Waiting for a turn is
            extra.
        backoff: seconds before the second try; the third waits twice as long, both with jitter.
    """

    client: AsyncOpenAI
    families: Families
    deadline: float
    limiter: Limiter
    backoff: float = 1.0
    gateway: Gateway = field(default_factory=Gateway)
    dialects: Dialects = field(default_factory=Dialects)

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """Ask for a description. Ask once more if the answer is unreadable.

        The second request says what was wrong with the first answer, or doubles the cap if the cap truncated it.
        """
        spent, cap, repair = Usage(), brief.max_completion_tokens, ""
        try:
            for again in (False, True):
                reply = await self.gateway.passed(
                    _digest([image]),
                    partial(self._with_retries, partial(self._completed, brief, image, cap, repair)),
                    lambda: self._probe(brief),
                )
                spent = spent.plus(reply.usage)
                try:
                    return responses.read(reply, brief, spent)
                except Unreadable as error:
                    cut_off = reply.finish_reason == "length"
                    if again:
                        raise NoUsableAnswer(_unusable(brief, error, cut_off=cut_off)) from error
                    if not cut_off and not isinstance(error, responses.Filled):
                        self.dialects.add_words(brief.model)
                    cap, repair = (2 * cap, "") if cut_off else (cap, str(error))
        except BaseException:  # an answer is paid for even if a deadline or a cancellation ends the call
            call_context.current().charge(spent)
            raise
        raise AssertionError("unreachable: the second answer returns or raises")

    async def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """Ask a caller's question once. Failures are retried only until the first piece of the answer was yielded."""
        async with AsyncExitStack() as held:
            opened = partial(self._opened, question, images, held)
            stream, first = await self.gateway.passed(
                _digest(images),
                lambda: self._with_retries(opened, held),
                lambda: self._probe_question(question),
            )
            pieces = StreamAccumulator()
            chunk: ChatCompletionChunk | None = first
            ends = _now() + min(self.deadline, call_context.current().remaining())
            while chunk is not None:
                if piece := pieces.add(chunk):
                    yield piece
                with self._deadline_as_fault(self.deadline):
                    chunk = await self._next(stream, ends)
            if rest := pieces.rest():
                yield rest
            yield pieces.whole()

    async def _with_retries[T](self, once: Callable[[Turn], Awaitable[T]], held: AsyncExitStack | None = None) -> T:
        """Call `once` in turn until it answers or waiting is no use. `held` keeps the turn of a call that succeeded."""
        until, failures = _now() + self._turn_timeout(), 0
        while True:
            try:
                return await self._in_turn(once, until, held)
            except (Declined, NoTurn, TimedOut):
                raise
            except RateLimited:
                if _now() >= until:
                    raise
            except Transient as fault:
                failures += 1
                wait = fault.retry_after or self.backoff * failures * random.uniform(0.75, 1)  # noqa: S311 - jitter
                if failures == _QUICK_TRIES or wait > _MAX_RETRY_WAIT:
                    raise
                await asyncio.sleep(wait)

    async def _in_turn[T](
        self, once: Callable[[Turn], Awaitable[T]], until: float, held: AsyncExitStack | None = None
    ) -> T:
        call = call_context.current()
        async with AsyncExitStack() as stack:
            turn = await stack.enter_async_context(self.limiter.turn(call.priority, until - _now()))
            seconds = min(self.deadline, call.remaining())
            with self._deadline_as_fault(seconds):
                async with asyncio.timeout(seconds):
                    answer = await once(turn)
            if held:
                held.push_async_exit(stack.pop_all())
            return answer

    def _turn_timeout(self) -> float:
        """Return the seconds to wait for a turn: the remaining time less the deadline, or half of it if more."""
        call = call_context.current()
        left = call.remaining()
        if left <= 0:
            raise Transient("No time is left to ask the model")
        timeout = max(left - self.deadline, left / 2)
        can_wait_in_queue = call.priority is not Priority.INTERACTIVE or math.isinf(timeout)
        return min(timeout, MAX_WAIT_SECONDS) if can_wait_in_queue else timeout

    async def _completed(
        self, brief: Brief, image: PreparedImage, cap: int, repair: str, turn: Turn
    ) -> responses.Reply:
        request = requests.description(brief, image, cap, self.families(brief.model), repair)
        with sdk_errors(turn):
            answer = await self.dialects.ask(request, partial(completion, self.client))
            reply = responses.reply(answer.content, brief.model)
        turn.answered(answer.headers, reply.usage.prompt_tokens + cap)
        return reply

    async def _probe(self, brief: Brief) -> None:
        """Send the picture's request with a harmless picture and without any text about this one."""
        harmless = replace(brief, context="", author="")
        once = partial(self._completed, harmless, probe_picture(), _PROBE_CAP, "")
        reply = await self._in_turn(once, _now() + self._turn_timeout())
        call_context.current().charge(reply.usage)

    async def _probe_question(self, question: Question) -> None:
        harmless = replace(question, text="Which colour is the sky?", context="", max_completion_tokens=_PROBE_CAP)
        async with AsyncExitStack() as held:
            await self._in_turn(partial(self._opened, harmless, [probe_picture()], held), _now() + self._turn_timeout())

    async def _opened(
        self, question: Question, images: Sequence[PreparedImage], held: AsyncExitStack, turn: Turn
    ) -> tuple[_Stream, ChatCompletionChunk]:
        """Open the stream and return it with its first chunk; `held` closes it."""
        request = requests.reply(question, images, self.families(question.model))
        with sdk_errors(turn):
            send = self.client.chat.completions.with_raw_response.create
            answer = await self.dialects.ask(request, lambda spoken: send(**spoken))
            stream: _Stream = answer.parse()
            try:
                first = await anext(stream)
            except StopAsyncIteration as error:
                await stream.close()
                raise Transient("The model's server sent something that is not a stream") from error
            except BaseException:
                await stream.close()
                raise
        held.push_async_callback(stream.close)
        turn.answered(answer.headers)
        return stream, first

    async def _next(self, stream: _Stream, ends: float) -> ChatCompletionChunk | None:
        with sdk_errors():
            async with asyncio.timeout_at(ends):
                return await anext(stream, None)

    @contextmanager
    def _deadline_as_fault(self, seconds: float) -> Iterator[None]:
        """Raise `TimedOut` for a timeout. It counts as the picture's attempt if the call had its whole deadline."""
        try:
            yield
        except TimeoutError as error:
            sentence = f"The model gave no answer in {seconds:.1f} s"
            raise TimedOut(sentence, counts_as_attempt=seconds >= self.deadline) from error


def _digest(images: Sequence[PreparedImage]) -> str:
    digest = hashlib.sha256()
    for image in images:
        for part in image.parts:
            digest.update(part.jpeg)
    return digest.hexdigest()


def _unusable(brief: Brief, error: Unreadable, *, cut_off: bool) -> str:
    if cut_off:
        return f"The answer was cut off at {brief.max_completion_tokens} tokens and at twice as many."
    return f"The model gave no usable answer in two calls: {error}."


@contextmanager
def sdk_errors(turn: Turn | None = None) -> Iterator[None]:
    """Map the SDK's errors to ours and report the server's errors to `turn`, which tracks its quota and health."""
    try:
        yield
    except APIError as error:
        if isinstance(error.__cause__, Oversized):
            raise Declined(_OVERSIZED) from error
        raise _recorded(error, turn) from error
    except ClientAuthenticationError as error:
        # The SDK's message lists every sign-in method that it tried, over twenty lines.
        detail = error.message.removeprefix("(None) ").partition("\n")[0].rstrip(".")
        sentence = f"No token for the model: {detail}; sign in with `az login`, or give the app an identity"
        raise Misconfigured(sentence) from error
    except AzureError as error:
        raise Transient(f"No token for the model: {type(error).__name__}") from error
    except Oversized as error:
        raise Declined(_OVERSIZED) from error
    except RecursionError as error:  # JSON that is nested deeper than any answer
        raise Declined("The model's server sent something that is not a completion") from error
    except httpx2.TransportError as error:  # the SDK does not wrap errors in the middle of a stream
        raise Transient("The model's answer broke off") from error
    except ValueError as error:  # status 200, but the body is not JSON, for example a gateway's page
        raise Transient("The model's server sent something that is not JSON") from error


def _recorded(error: APIError, turn: Turn | None) -> DescriberError:
    fault = faults.fault(error)
    if turn is None:
        return fault
    if isinstance(error, APIConnectionError) and not isinstance(error, APITimeoutError):
        turn.failed()
    if not isinstance(error, APIStatusError):
        return fault
    headers = error.response.headers
    if error.status_code == _TOO_MANY and isinstance(fault, Transient):
        turn.rate_limited(headers, fault.retry_after)
        return RateLimited(fault.message, retry_after=fault.retry_after)
    turn.failed() if error.status_code >= _SERVER_ERRORS else turn.answered(headers)
    return fault


def _now() -> float:
    return asyncio.get_running_loop().time()
