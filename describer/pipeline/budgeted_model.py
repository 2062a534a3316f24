"""The port `Model` within a daily budget: each call reserves its maximum cost and then pays its actual cost."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from describer.domain.record import Usage
from describer.pipeline import call_context
from describer.pipeline.daily_budget import DailyBudget
from describer.pipeline.ports import Model
from describer.vision.answer import Answer, FreeAnswer
from describer.vision.brief import Brief, Question
from describer.vision.estimate import of_prepared, text_tokens
from describer.vision.families import Families, Family
from describer.vision.image_tokens import parts_tokens
from describer.vision.imaging.values import PreparedImage
from describer.vision.pricing import price
from describer.vision.prompt import rules_of_answers

_UNKNOWN: Final = 3000
"""Tokens assumed for a picture if the family's count is unknown; known families use fewer at `high`."""


@dataclass(frozen=True, slots=True)
class BudgetedModel:
    """Calls another model while the day's budget lasts.

    Args:
        families: prices of the models; the settings require one for each.
    """

    model: Model
    budget: DailyBudget
    families: Families

    async def ask(self, brief: Brief, image: PreparedImage) -> Answer:
        """Ask the model; failed calls are paid too.

        Raises:
            OverBudget: the call's maximum cost exceeds what is left today.
        """
        family = self.families(brief.model)
        expected = of_prepared(brief, _tokens(family, [image], brief.detail))
        async with self.budget.call(_usd(family, expected.most)) as paid:
            with call_context.entered() as call:
                try:
                    answer = await self.model.ask(brief, image)
                finally:
                    paid.usd = _usd(family, call.spent)
            paid.usd += _usd(family, _counted(answer.usage, expected.usual))
        return answer

    async def reply(self, question: Question, images: Sequence[PreparedImage]) -> AsyncGenerator[str | FreeAnswer]:
        """Stream the reply; one that breaks off or is not read to its end pays the maximum. Raises OverBudget."""
        family = self.families(question.model)
        asked = text_tokens(rules_of_answers() + question.request) + _tokens(family, images, question.detail)
        most = Usage(prompt_tokens=asked, completion_tokens=question.max_completion_tokens)
        async with self.budget.call(_usd(family, most)) as paid, aclosing(self.model.reply(question, images)) as pieces:
            async for piece in pieces:
                used = _counted(piece.usage, most) if isinstance(piece, FreeAnswer) else most
                paid.usd = _usd(family, used)
                yield piece


def _tokens(family: Family, images: Sequence[PreparedImage], detail: str) -> int:
    found = [parts_tokens(family, image.sides, detail) for image in images]
    return sum(_UNKNOWN if tokens is None else tokens for tokens in found)


def _counted(usage: Usage, otherwise: Usage) -> Usage:
    """Return the server's usage, or `otherwise` if the server reported none."""
    return usage if usage.prompt_tokens or usage.completion_tokens else otherwise


def _usd(family: Family, usage: Usage) -> float:
    return float(price(family, usage) or 0)
