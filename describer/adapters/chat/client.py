"""The model behind Chat Completions: Azure OpenAI, or any server that speaks the same protocol.

The SDK's own retries are off: they would hold an invocation for up to two minutes per `Retry-After`, each of them by
itself. Here each call waits for its turn in the limiter, which all callers of the process share.
"""

import asyncio
import hashlib
import math
import random
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Sequence
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
from describer.adapters.chat.limiter import PATIENCE, Limiter, NoTurn, Turn
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
"""Calls for one answer where the server stumbles. Its 429s do not count: the limiter waits them out."""
_PATIENCE: Final = 3.0
"""Seconds: a longer wait is left to the queue, which costs nothing."""
_KEEP_ALIVE: Final = 120.0
_TOO_MANY: Final = 429
_SERVERS: Final = 500
_OVERSIZED: Final = "the model's server answered more than an answer can be"
_PROBE_CAP: Final = 16
"""Tokens; an answer that is cut off proves as much as a whole one."""


def connect(base_url: str, *, key: str, credential: AsyncTokenCredential | None, scope: str) -> AsyncOpenAI:
    """A client to be shared: it keeps its connections and its token.

    Args:
        base_url: up to and with `/v1/`.
        key: an API key; empty where `credential` signs in.
        credential: asked for a new token whenever the last one runs out.
        scope: what that token is for.
    """
    limits = httpx2.Limits(keepalive_expiry=_KEEP_ALIVE)
    hooks: dict[str, list[Callable[..., Any]]] = {"request": [unpacked_only], "response": [bounded]}
    return AsyncOpenAI(
        base_url=base_url,
        api_key=get_bearer_token_provider(credential, scope) if credential else key or "none",
        max_retries=0,
        http_client=DefaultAsyncHttpxClient(limits=limits, event_hooks=hooks),
    )


class Refused(Throttled):
    """429: the limiter knows, and lets the next call wait."""


class Slow(Transient):
    """There was no answer before the deadline."""


type _Stream = AsyncStream[ChatCompletionChunk]


@dataclass(frozen=True, slots=True)
class ChatModel:
    """The port `Model`.

    Args:
        client: see `connect`.
        families: which request parameters a model takes.
        deadline: seconds for one call, if what it is for has as many left; who waits for his turn does not use it up.
        limiter: whose turn it is.
        backoff: seconds before the second try; the third waits twice as long, both with jitter.
        gateway: tells a picture that a gateway blocks from a server that answers nobody.
        dialects: what the server was found not to know.
    """

    client: AsyncOpenAI
    families: Families
    deadline: float
    limiter: Limiter
    backoff: float = 1.0
    gateway: Gateway = field(default_factory=Gateway)
    dialects: Dialects = field(default_factory=Dialects)

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """Asks once, and once more with twice the cap where that cut the answer off."""
        return await self._uncut(brief, image)

    async def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """Asks once. Until the answer begins, stumbles are waited out; after that, what was said cannot be unsaid."""
        async with AsyncExitStack() as held:
            opened = partial(self._opened, question, images, held)
            stream, first = await self.gateway.passed(
                _digest(images),
                lambda: self._patiently(opened, held),
                lambda: self._probe_question(question),
            )
            pieces = StreamAccumulator()
            chunk: ChatCompletionChunk | None = first
            ends = _now() + min(self.deadline, call_context.current().remaining())
            while chunk is not None:
                if piece := pieces.add(chunk):
                    yield piece
                with self._punctually(self.deadline):
                    chunk = await self._next(stream, ends)
            if rest := pieces.rest():
                yield rest
            yield pieces.whole()

    async def _uncut(self, brief: Brief, image: PreparedImage) -> Answer:
        """Asks, and once more if the answer cannot be read: says what was wrong, or raises the cap that cut it off."""
        spent, cap, mend = Usage(), brief.max_completion_tokens, ""
        try:
            for again in (False, True):
                said = await self.gateway.passed(
                    _digest([image]),
                    partial(self._patiently, partial(self._completed, brief, image, cap, mend)),
                    lambda: self._probe(brief),
                )
                spent = spent.plus(said.usage)
                try:
                    return responses.read(said, brief, spent)
                except Unreadable as error:
                    cut_off = said.finish_reason == "length"
                    if again:
                        raise NoUsableAnswer(_unusable(brief, error, cut_off=cut_off)) from error
                    if not cut_off and not isinstance(error, responses.Filled):
                        self.dialects.not_held(brief.model)
                    cap, mend = (2 * cap, "") if cut_off else (cap, str(error))
        except BaseException:  # however it ends, also by a deadline: what was answered is paid
            call_context.current().charge(spent)
            raise
        raise AssertionError("unreachable: the second answer returns or raises")

    async def _patiently[T](self, once: Callable[[Turn], Awaitable[T]], held: AsyncExitStack | None = None) -> T:
        """Ask until there is an answer, or what will not pass soon; `held` takes over the turn of an answer."""
        until, stumbles = _now() + self._patience(), 0
        while True:
            try:
                return await self._in_turn(once, until, held)
            except (Declined, NoTurn, Slow):
                raise
            except Refused:
                if _now() >= until:
                    raise
            except Transient as fault:
                stumbles += 1
                wait = fault.retry_after or self.backoff * stumbles * random.uniform(0.75, 1)  # noqa: S311 - jitter
                if stumbles == _QUICK_TRIES or wait > _PATIENCE:
                    raise
                await asyncio.sleep(wait)

    async def _in_turn[T](
        self, once: Callable[[Turn], Awaitable[T]], until: float, held: AsyncExitStack | None = None
    ) -> T:
        call = call_context.current()
        async with AsyncExitStack() as stack:
            turn = await stack.enter_async_context(self.limiter.turn(call.priority, until - _now()))
            seconds = min(self.deadline, call.remaining())
            with self._punctually(seconds):
                async with asyncio.timeout(seconds):
                    answer = await once(turn)
            if held:
                held.push_async_exit(stack.pop_all())
            return answer

    def _patience(self) -> float:
        """Seconds to wait for turns: the deadline is kept free, or half of what the call has left, if that is less."""
        call = call_context.current()
        left = call.remaining()
        if left <= 0:
            raise Transient("no time is left to ask the model")
        patience = max(left - self.deadline, left / 2)
        later_will_do = call.priority is not Priority.INTERACTIVE or math.isinf(patience)
        return min(patience, PATIENCE) if later_will_do else patience

    async def _completed(self, brief: Brief, image: PreparedImage, cap: int, mend: str, turn: Turn) -> responses.Reply:
        request = requests.description(brief, image, cap, self.families(brief.model), mend)
        with sdk_errors(turn):
            send = self.client.chat.completions.with_raw_response.create
            answer = await self.dialects.ask(request, lambda spoken: send(**spoken))
            reply = responses.reply(answer.content, brief.model)
        turn.answered(answer.headers, reply.usage.prompt_tokens + cap)
        return reply

    async def _probe(self, brief: Brief) -> None:
        """Ask what is asked of pictures about a harmless one, without a word of this one's."""
        harmless = replace(brief, context="", author="")
        once = partial(self._completed, harmless, probe_picture(), _PROBE_CAP, "")
        said = await self._in_turn(once, _now() + self._patience())
        call_context.current().charge(said.usage)

    async def _probe_question(self, question: Question) -> None:
        harmless = replace(question, text="Which colour is the sky?", context="", max_completion_tokens=_PROBE_CAP)
        async with AsyncExitStack() as held:
            await self._in_turn(partial(self._opened, harmless, [probe_picture()], held), _now() + self._patience())

    async def _opened(
        self, question: Question, images: Sequence[PreparedImage], held: AsyncExitStack, turn: Turn
    ) -> tuple[_Stream, ChatCompletionChunk]:
        """The stream, which `held` closes, and its first chunk."""
        request = requests.reply(question, images, self.families(question.model))
        with sdk_errors(turn):
            send = self.client.chat.completions.with_raw_response.create
            answer = await self.dialects.ask(request, lambda spoken: send(**spoken))
            stream: _Stream = answer.parse()
            try:
                first = await anext(stream)
            except StopAsyncIteration as error:
                await stream.close()
                raise Transient("the model's server answered something that is no stream") from error
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
    def _punctually(self, seconds: float) -> Iterator[None]:
        """A model that had its whole deadline may have stumbled over the picture; else the waiting took the time."""
        try:
            yield
        except TimeoutError as error:
            sentence = f"the model gave no answer in {seconds:.1f} s"
            raise Slow(sentence, counts_as_attempt=seconds >= self.deadline) from error


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
    """Give the SDKs' errors their meaning, and tell `turn` what the server's say of its quota and health."""
    try:
        yield
    except APIError as error:
        if isinstance(error.__cause__, Oversized):
            raise Declined(_OVERSIZED) from error
        raise _heard(error, turn) from error
    except ClientAuthenticationError as error:
        # The SDK's message lists every way that was tried, over twenty lines.
        said = error.message.removeprefix("(None) ").partition("\n")[0].rstrip(".")
        sentence = f"no token for the model: {said}; sign in with `az login`, or give the app an identity"
        raise Misconfigured(sentence) from error
    except AzureError as error:
        raise Transient(f"no token for the model: {type(error).__name__}") from error
    except Oversized as error:
        raise Declined(_OVERSIZED) from error
    except RecursionError as error:  # JSON that is nested deeper than any answer
        raise Declined("the model's server answered something that is no completion") from error
    except httpx2.TransportError as error:  # in the middle of a stream the SDK lets them through
        raise Transient("the model's answer broke off") from error
    except ValueError as error:  # 200, but the body is no JSON: a gateway's page
        raise Transient("the model's server answered something that is not JSON") from error


def _heard(error: APIError, turn: Turn | None) -> DescriberError:
    fault = faults.fault(error)
    if turn is None:
        return fault
    if isinstance(error, APIConnectionError) and not isinstance(error, APITimeoutError):
        turn.failed()
    if not isinstance(error, APIStatusError):
        return fault
    headers = error.response.headers
    if error.status_code == _TOO_MANY and isinstance(fault, Transient):
        turn.refused(headers, fault.retry_after)
        return Refused(fault.message, retry_after=fault.retry_after)
    turn.failed() if error.status_code >= _SERVERS else turn.answered(headers)
    return fault


def _now() -> float:
    return asyncio.get_running_loop().time()
