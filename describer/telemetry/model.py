"""The model's call, by OpenTelemetry's conventions for generative AI: who was asked, how long, how many tokens."""

import time
from dataclasses import dataclass

from opentelemetry.trace import Span, SpanKind
from opentelemetry.util.types import AttributeValue

from describer.brief import Brief
from describer.cost import price
from describer.image.values import PreparedImage
from describer.models import Family
from describer.ports import Answer, Model
from describer.telemetry import vocabulary as v
from describer.telemetry.instruments import Telemetry


@dataclass(frozen=True, slots=True)
class TracedModel:
    """The port `Model`: a span, seconds, tokens and US dollars for each question.

    The conventions' opt-in attributes, which hold messages, are never set. A question that ends in an error counts no
    tokens, because errors carry none; a filtered or cut-off answer may have cost some.
    """

    telemetry: Telemetry
    model: Model
    family: Family
    provider: str

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """In a span `chat <model>`."""
        asked: dict[str, AttributeValue] = {
            v.OPERATION: v.CHAT,
            v.PROVIDER: self.provider,
            v.REQUEST_MODEL: brief.model,
        }
        ended: dict[str, AttributeValue] = {}
        started = time.perf_counter()
        try:
            with self.telemetry.span(f"{v.CHAT} {brief.model}", SpanKind.CLIENT) as span:
                span.set_attributes(
                    asked | {v.SYSTEM: self.provider, v.REQUEST_MAX_TOKENS: brief.max_completion_tokens}
                )
                answer = await self.model.ask(brief, image)
                self._told(span, answer)
            ended = {v.RESPONSE_MODEL: answer.model}
        except BaseException as error:
            ended = {v.ERROR_TYPE: type(error).__name__}
            raise
        finally:
            self.telemetry.model_seconds.record(time.perf_counter() - started, asked | ended)
        self._spent(answer, asked | ended)
        return answer

    def _told(self, span: Span, answer: Answer) -> None:
        span.set_attributes(
            {
                v.RESPONSE_MODEL: answer.model,
                v.INPUT_TOKENS: answer.usage.prompt_tokens,
                v.OUTPUT_TOKENS: answer.usage.completion_tokens,
                f"{v.SCOPE}.calls": answer.usage.calls,
                f"{v.SCOPE}.refused": answer.description is None,
            }
        )

    def _spent(self, answer: Answer, about: dict[str, AttributeValue]) -> None:
        usage = answer.usage
        self.telemetry.tokens.record(usage.prompt_tokens, about | {v.TOKEN_TYPE: "input"})
        self.telemetry.tokens.record(usage.completion_tokens, about | {v.TOKEN_TYPE: "output"})
        if usd := price(self.family, usage.prompt_tokens, usage.completion_tokens):
            self.telemetry.cost.add(float(usd), about)
