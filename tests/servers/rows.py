"""Tests for each server: a row is a function that sends the app's request and returns its observation.

A row that raises has failed. A server may differ from others as long as the app reports it correctly: the observation
says so.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, replace
from io import BytesIO

from PIL import Image

from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.domain.errors import Declined, DescriberError, Misconfigured, Transient
from describer.vision.answer import Answer, FreeAnswer
from describer.vision.brief import Brief, Question
from describer.vision.families import family, generic
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import Limits, PreparedImage

TOO_MANY = 11
"""Pictures; ten are what Azure takes in one request."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that runs.

    Args:
        base_url: with `/v1`.
        model: a name that it knows.
        key: that it wants.
        small: the base URL of the same server with a context that is too small; empty: it has no context to set.
        loading: starts another one, and gives its base URL before it is ready; None: it is ready at once.
        seconds: for one answer.
    """

    base_url: str
    model: str
    key: str = "none"
    small: str = ""
    loading: Callable[[], Awaitable[str]] | None = None
    seconds: float = 280.0

    @asynccontextmanager
    async def asked(self, base_url: str = "") -> AsyncIterator[ChatModel]:
        """The app's own client of it."""
        async with connect(base_url or self.base_url, key=self.key, credential=None, scope="") as client:
            yield ChatModel(client, lambda name: family(name) or generic(), self.seconds, Limiter(2))


type Row = Callable[[Server], Awaitable[str]]


def picture(width: int = 320, height: int = 240) -> bytes:
    """A JPEG with two colours."""
    image, out = Image.new("RGB", (width, height), (120, 180, 235)), BytesIO()
    image.paste((60, 140, 70), (0, height * 2 // 3, width, height))
    image.save(out, "JPEG")
    return out.getvalue()


async def prepared(data: bytes, model: str) -> PreparedImage:
    """The picture as the app would send it to this model."""
    studio = ProcessPreparer(lambda name: family(name) or generic(), Limits(), 0, 6000)
    try:
        return await studio.prepare(data, model=model, detail="high")
    finally:
        await studio.close()


def _brief(server: Server, *languages: str) -> Brief:
    return Brief(languages, server.model, "high", 1500)


def _question(server: Server) -> Question:
    return Question("Which colour is the sky?", server.model, "high", 100)


async def _described(server: Server, *languages: str) -> str:
    async with server.asked() as chat:
        image, began = await prepared(picture(), server.model), time.monotonic()
        answer = await chat.ask(_brief(server, *languages), image)
        assert isinstance(answer, Answer) and answer.description, answer.refusal
        assert {*answer.description.texts} == {*languages}
        adapted = ", ".join(chat.dialects.of(server.model).differences())
        took = f"{time.monotonic() - began:.1f} s, {answer.usage.calls} call(s)"
        return f"read; {took}{f'; {adapted}' if adapted else ''}"


async def one_language(server: Server) -> str:
    """The description in the strict form, in one language."""
    return await _described(server, "en")


async def three_languages(server: Server) -> str:
    """The same in three languages."""
    return await _described(server, "en", "de", "ja")


async def _answer(chat: ChatModel, question: Question, images: list[PreparedImage]) -> tuple[int, FreeAnswer]:
    pieces = 0
    async with aclosing(chat.reply(question, images)) as said:
        async for piece in said:
            if isinstance(piece, FreeAnswer):
                return pieces, piece
            pieces += 1
    raise AssertionError("no whole answer")


async def free_question(server: Server) -> str:
    """A question of a caller's own."""
    async with server.asked() as chat:
        _, answer = await _answer(chat, _question(server), [await prepared(picture(), server.model)])
        assert answer.text
        return f"{answer.ending}"


async def streaming(server: Server) -> str:
    """The same answer in pieces."""
    async with server.asked() as chat:
        pieces, _ = await _answer(chat, _question(server), [await prepared(picture(), server.model)])
        assert pieces > 1
        return f"{pieces} pieces"


async def usage(server: Server) -> str:
    """Whether tokens are counted, also where the answer is streamed."""
    async with server.asked() as chat:
        image = await prepared(picture(), server.model)
        answer = await chat.ask(_brief(server, "en"), image)
        _, streamed = await _answer(chat, _question(server), [image])
        return f"{answer.usage.prompt_tokens} in, {answer.usage.completion_tokens} out; streamed: " + (
            f"{streamed.usage.prompt_tokens} in, {streamed.usage.completion_tokens} out"
            if streamed.usage.prompt_tokens
            else "not told"
        )


async def too_many_pictures(server: Server) -> str:
    """More pictures than Azure takes: what the app says of it, in one call."""
    async with server.asked() as chat:
        image = await prepared(picture(96, 72), server.model)
        try:
            await _answer(chat, _question(server), [image] * TOO_MANY)
        except Declined as declined:
            return f"declined: {declined.message}"
        return f"takes {TOO_MANY}"


async def context_too_small(server: Server) -> str:
    """A request that does not fit: reported as permanent, not as transient."""
    if not server.small:
        return "has no context to set"
    async with server.asked(server.small) as chat:
        try:
            await chat.ask(_brief(server, "en"), await prepared(picture(), server.model))
        except Declined as declined:
            return f"declined: {declined}"
    raise AssertionError("it answered")


async def wrong_model(server: Server) -> str:
    """A name that it does not know."""
    async with server.asked() as chat:
        try:
            await chat.ask(
                replace(_brief(server, "en"), model="no-such-model"), await prepared(picture(), server.model)
            )
        except (Misconfigured, Declined) as fault:
            return f"{type(fault).__name__.lower()}: {fault.message}"
        return "answers to any name"


async def every_form(server: Server) -> str:
    """Each form of picture that the app sends: usual, padded, in several parts."""
    forms = {"usual": (320, 240), "small, padded": (16, 16), "strip, padded": (400, 12), "long, in parts": (300, 6000)}
    async with server.asked() as chat:
        for sides in forms.values():
            image = await prepared(picture(*sides), server.model)
            assert (await chat.ask(_brief(server, "en"), image)).description
    return ", ".join(forms)


async def cancellation(server: Server) -> str:
    """A cancelled call, and one after it."""
    async with server.asked() as chat:
        image = await prepared(picture(), server.model)
        given_up = asyncio.create_task(chat.ask(_brief(server, "en"), image))
        await asyncio.sleep(0.3)
        given_up.cancel()
        await asyncio.gather(given_up, return_exceptions=True)
        assert not chat.limiter.held
        assert (await chat.ask(_brief(server, "en"), image)).description
    return "the next call is answered"


async def two_at_a_time(server: Server) -> str:
    """Two calls at once."""
    async with server.asked() as chat:
        image = await prepared(picture(), server.model)
        answers = await asyncio.gather(*(chat.ask(_brief(server, "en"), image) for _ in range(2)))
        assert all(answer.description for answer in answers)
    return "both are answered"


async def loading(server: Server) -> str:
    """A server that is loading: reported as transient, and answered later."""
    if server.loading is None:
        return "is ready as soon as it listens"
    image, seen = await prepared(picture(), server.model), set[str]()
    base_url, ends = await server.loading(), time.monotonic() + 120
    async with server.asked(base_url) as chat:
        quick = replace(chat, backoff=0.05)
        while time.monotonic() < ends:
            try:
                assert (await quick.ask(_brief(server, "en"), image)).description
            except Transient as fault:
                seen.add(f"{fault.message}{' (counted)' if fault.counts_as_attempt else ''}")
            else:
                return f"{'; '.join(sorted(seen)) or 'its own quick tries waited for it'}; then answered"
    raise AssertionError(f"never ready: {seen}")


ROWS: dict[str, Row] = {
    "description, one language, strict form": one_language,
    "description, three languages": three_languages,
    "free question": free_question,
    "streaming": streaming,
    "usage": usage,
    f"{TOO_MANY} pictures": too_many_pictures,
    "a context too small": context_too_small,
    "wrong model name": wrong_model,
    "every form of picture": every_form,
    "cancellation": cancellation,
    "two at a time": two_at_a_time,
    "just loading": loading,
}


async def tried(row: Row, server: Server) -> tuple[bool, str]:
    """Whether a row passed, and what it saw."""
    try:
        return True, await row(server)
    except (AssertionError, DescriberError) as error:
        return False, f"FAILED: {type(error).__name__}: {error}"
