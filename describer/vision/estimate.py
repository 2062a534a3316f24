"""Estimates a picture's tokens before the model is called, by its sides or, if they are unknown, as a range."""

import json
from dataclasses import dataclass
from typing import Any, Final

from describer.domain.description import schema
from describer.domain.record import Usage
from describer.vision.brief import Brief
from describer.vision.families import Family
from describer.vision.pricing import price
from describer.vision.sizing import Sizes

CHARACTERS_PER_TOKEN: Final = 4
"""OpenAI's rule of thumb for English. Japanese or Thai instructions would need more; ours are English."""
ANSWER_TOKENS: Final = (60, 300, 600)
"""Tokens of one language's texts for an icon, a usual picture and a page of text. Assumed; a run shows actual figures.
"""
SCHEMA_TOKENS: Final = 9
"""Tokens that a schema adds to its own text."""
_NOT_COUNTED: Final = frozenset({"required", "additionalProperties", "$schema"})
"""Keywords of a schema that cost no tokens. Both figures were measured by a user:
github.com/openai/openai-cookbook/issues/2140.
"""


@dataclass(frozen=True, slots=True)
class Estimate:
    """Least, usual and most tokens of the prompt (including pictures) and of the answer."""

    prompt: tuple[int, int, int]
    answer: tuple[int, int, int]

    def __add__(self, other: "Estimate") -> "Estimate":
        return Estimate(_sum(self.prompt, other.prompt), _sum(self.answer, other.answer))

    def times(self, factor: float) -> "Estimate":
        return Estimate(_times(self.prompt, factor), _times(self.answer, factor))

    @property
    def usual(self) -> Usage:
        """The most likely tokens."""
        return Usage(prompt_tokens=self.prompt[1], completion_tokens=self.answer[1])

    @property
    def most(self) -> Usage:
        """The upper estimate of the tokens."""
        return Usage(prompt_tokens=self.prompt[2], completion_tokens=self.answer[2])

    def usd(self, family: Family) -> tuple[float, float, float] | None:
        """Return the cost in US dollars by list price, or None if the family has no price."""
        counts = zip(self.prompt, self.answer, strict=True)
        prices = [price(family, Usage(prompt_tokens=asked, completion_tokens=said)) for asked, said in counts]
        least, usual, most = (None if found is None else float(found) for found in prices)
        return None if least is None or usual is None or most is None else (least, usual, most)


NOTHING: Final = Estimate((0, 0, 0), (0, 0, 0))


def text_tokens(text: str) -> int:
    """Return the approximate tokens of a text."""
    return round(len(text) / CHARACTERS_PER_TOKEN)


def question_tokens(brief: Brief) -> int:
    """Return the approximate tokens of the prompt without the picture: the instructions and the answer's schema."""
    asked = brief.instructions + brief.request
    counted = json.dumps(_counted(schema(brief.languages)), separators=(",", ":"))
    return text_tokens(asked + counted) + SCHEMA_TOKENS


def of_prepared(brief: Brief, image_tokens: int) -> Estimate:
    """Estimate one call about a picture that takes `tokens` tokens."""
    asked = question_tokens(brief) + image_tokens
    least, usual, most = (tokens * len(brief.languages) for tokens in ANSWER_TOKENS)
    return Estimate((asked, asked, asked), (least, usual, most))


def of_picture(brief: Brief, sizes: Sizes, side: tuple[int, int] | None) -> Estimate:
    """Return the estimate for one picture by its width and height in pixels; None if they are unknown.

    Usual tokens assume no small text; most tokens assume a picture full of it. Without sides, the usual picture is a
    photograph of 4000x3000 pixels, and the smallest is an icon.
    """
    text = question_tokens(brief)
    usual = sizes.usual(*(side or (4000, 3000))).tokens or 0
    most = max(usual, sizes.largest(*(side or (4000, 3000)), sizes.budget).tokens or 0) if sizes.budget else usual
    least = usual if side else sizes.usual(64, 64).tokens or 0
    said = [tokens * len(brief.languages) for tokens in ANSWER_TOKENS]
    return Estimate((text + least, text + usual, text + most), (said[0], said[1], said[2]))


def _counted(part: Any) -> Any:
    """Return a schema without the keywords that cost no tokens."""
    if isinstance(part, dict):
        return {name: _counted(value) for name, value in part.items() if name not in _NOT_COUNTED}
    return [_counted(value) for value in part] if isinstance(part, list) else part


def _sum(one: tuple[int, int, int], other: tuple[int, int, int]) -> tuple[int, int, int]:
    return one[0] + other[0], one[1] + other[1], one[2] + other[2]


def _times(figures: tuple[int, int, int], factor: float) -> tuple[int, int, int]:
    return round(figures[0] * factor), round(figures[1] * factor), round(figures[2] * factor)
