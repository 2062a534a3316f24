"""The model's call, by OpenTelemetry's conventions for generative AI: who was asked, how long, how many tokens."""

import time
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass, field

from opentelemetry.trace import INVALID_SPAN, Span, SpanKind
from opentelemetry.util.types import AttributeValue

from describer.adapters.telemetry.instruments import Telemetry
from describer.domain.record import Usage
from describer.pipeline import call_context
from describer.pipeline import vocabulary as v
from describer.pipeline.ports import Model
from describer.vision.answer import Answer, Ending, FreeAnswer
from describer.vision.brief import Brief, Question
from describer.vision.estimate import of_prepared
from describer.vision.families import Families
from describer.vision.image_tokens import parts_tokens
from describer.vision.imaging.values import PreparedImage
from describer.vision.pricing import price


@dataclass(frozen=True, slots=True)
class TracedModel:
    """The port `Model`: a span, seconds, tokens and US dollars for each question.

    The conventions' opt-in attributes, which hold messages, are never set. A question that ends in an error counts what
    its answers used all the same.
    """

    telemetry: Telemetry
    model: Model
    families: Families
    provider: str

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """In a span `chat <model>`."""
        with self._asked(brief.model, brief.max_completion_tokens) as asked, call_context.entered() as call:
            try:
                answer = await self.model.ask(brief, image)
            finally:
                asked.usage = call.spent if call.spent.calls else None
            asked.record(answer.model, answer.usage, refused=answer.description is None)
            self._expected(brief, image)
        return answer

    async def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """In a span `chat <model>` too, from the question to the last word."""
        with self._asked(question.model, question.max_completion_tokens, current=False) as asked:
            async with aclosing(self.model.reply(question, images)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, FreeAnswer):
                        asked.record(piece.model, piece.usage, refused=piece.ending is Ending.REFUSED)
                    yield piece

    @contextmanager
    def _asked(self, model: str, cap: int, *, current: bool = True) -> Iterator["_Asked"]:
        about: dict[str, AttributeValue] = {v.OPERATION: v.CHAT, v.PROVIDER: self.provider, v.REQUEST_MODEL: model}
        started = time.perf_counter()
        asked = _Asked()
        try:
            with self.telemetry.span(f"{v.CHAT} {model}", SpanKind.CLIENT, current=current) as asked.span:
                asked.span.set_attributes(about | {v.SYSTEM: self.provider, v.REQUEST_MAX_TOKENS: cap})
                yield asked
        except BaseException as error:
            asked.ended = {v.ERROR_TYPE: type(error).__name__}
            raise
        finally:
            self.telemetry.model_seconds.record(time.perf_counter() - started, about | asked.ended)
            if asked.usage:
                self._spent(model, asked.usage, about | asked.ended)

    def _expected(self, brief: Brief, image: PreparedImage) -> None:
        family = self.families(brief.model)
        tokens = parts_tokens(family, image.sides, brief.detail)
        if tokens is not None and (usd := price(family, of_prepared(brief, tokens).usual)):
            about = {v.OPERATION: v.CHAT, v.PROVIDER: self.provider, v.REQUEST_MODEL: brief.model}
            self.telemetry.expected_cost.add(float(usd), about)

    def _spent(self, model: str, usage: Usage, about: dict[str, AttributeValue]) -> None:
        self.telemetry.tokens.record(usage.prompt_tokens, about | {v.TOKEN_TYPE: "input"})
        self.telemetry.tokens.record(usage.completion_tokens, about | {v.TOKEN_TYPE: "output"})
        if usd := price(self.families(model), usage):
            self.telemetry.cost.add(float(usd), about)


@dataclass(slots=True)
class _Asked:
    """One question under way."""

    span: Span = field(default_factory=lambda: INVALID_SPAN)
    usage: Usage | None = None
    ended: dict[str, AttributeValue] = field(default_factory=dict)

    def record(self, model: str, usage: Usage, *, refused: bool) -> None:
        self.usage, self.ended = usage, {v.RESPONSE_MODEL: model}
        self.span.set_attributes(
            {
                v.RESPONSE_MODEL: model,
                v.INPUT_TOKENS: usage.prompt_tokens,
                v.OUTPUT_TOKENS: usage.completion_tokens,
                v.CACHED_TOKENS: usage.cached_tokens,
                v.CACHE_WRITE_TOKENS: usage.cache_write_tokens,
                v.REASONING_TOKENS: usage.reasoning_tokens,
                f"{v.SCOPE}.calls": usage.calls,
                f"{v.SCOPE}.refused": refused,
            }
        )
