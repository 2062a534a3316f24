"""Determines the size of a sent picture: small for photographs, large enough for text, cut into parts if long."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

from describer.vision.families import Family, Patches, Tiles
from describer.vision.image_tokens import PATCH, TILES_LONG_SIDE, TILES_SHORT_SIDE, Bounds, fit, image_tokens
from describer.vision.preparation import LONG_SIDE, SHORT_SIDE

MOST_PARTS: Final = 8
OVERLAP: Final = 64
"""Pixels that neighbouring parts share, so that each line of text is whole in one of them."""
THIN: Final = 256
"""Pixels of the short side. A picture that would shrink below this is cut into parts instead."""
THIN_COSTS: Final = 2
"""Tokens that a thin picture without text may use, in multiples of a usual picture's."""
_STEP: Final = 0.92

type Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a picture is sent.

    Args:
        size: size of the whole picture in pixels after shrinking.
        parts: left, top, right and bottom of each part in reading order; a single part is the whole picture.
        tokens: tokens of all parts by the family's rule; None if the rule is unknown.
    """

    size: tuple[int, int]
    parts: tuple[Box, ...]
    tokens: int | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes for one model at one detail level.

    Args:
        family: the family whose rule applies.
        detail: `low`, `high` or `original`.
        max_tokens: limit for any picture; None: no limit.
        photo_tokens: limit for a picture without small text; 0: only its sides are limited.
        text_tokens: limit for all parts of a picture with small text; 0: it is treated like any other.
    """

    family: Family
    detail: str
    max_tokens: int | None = None
    photo_tokens: int = 0
    text_tokens: int = 0

    @property
    def budget(self) -> int:
        """The token limit for a picture with small text."""
        return 0 if self.detail == "low" else min(self.text_tokens, self.max_tokens or self.text_tokens)

    def usual(self, width: int, height: int) -> Layout:
        """Return the layout for a photograph: one part."""
        tokens = min(self.max_tokens or self.photo_tokens, self.photo_tokens or self.max_tokens or 0) or None
        bounds = Bounds(tokens=tokens)
        if self.detail == "original":
            bounds = Bounds(short_side=max(width, height), long_side=max(width, height), tokens=tokens)
        return self._whole(fit(self.family, width, height, self.detail, bounds))

    def is_thin(self, width: int, height: int) -> bool:
        """Return whether the usual size would shrink the picture to a strip."""
        usual = min(self.usual(width, height).size)
        return usual < THIN and usual * 1.25 < min(width, height)

    def largest(self, width: int, height: int, budget: int) -> Layout:
        """Return the largest layout within a budget of tokens, or the usual one if that is larger."""
        return self.at_least(1.0, width, height, budget)

    def at_least(self, scale: float, width: int, height: int, budget: int) -> Layout:
        """Return the layout at this share of the sides, smaller if the budget requires, but never below usual."""
        usual = self.usual(width, height)
        while scale * width > usual.size[0] or scale * height > usual.size[1]:
            layout = self._cut(max(1, round(width * scale)), max(1, round(height * scale)), width, height)
            if layout and (layout.tokens or 0) <= budget:
                return layout
            scale *= _STEP
        return usual

    def _whole(self, size: tuple[int, int]) -> Layout:
        return Layout(size, ((0, 0, *size),), image_tokens(self.family, *size, self.detail))

    def _cut(self, across: int, along: int, width: int, height: int) -> Layout | None:
        """Return the layout for `across` x `along` pixels in one or several parts, or None if it needs too many."""
        bounds = Bounds(short_side=min(across, along), long_side=max(across, along))
        whole = self._whole(fit(self.family, width, height, self.detail, bounds))
        in_one = max(across, along) <= LONG_SIDE or self.detail == "original"
        if in_one and whole.size[0] >= across - PATCH and whole.size[1] >= along - PATCH:
            return whole
        for upright in (along >= across, along < across):
            parts = tuple(self._parts(across, along, upright=upright))
            if 0 < len(parts) <= MOST_PARTS:
                sizes = [(right - left, bottom - top) for left, top, right, bottom in parts]
                tokens = [image_tokens(self.family, *size, self.detail) or 0 for size in sizes]
                return Layout((across, along), parts, sum(tokens) or None)
        return None

    def _parts(self, across: int, along: int, *, upright: bool) -> Iterator[Box]:
        """Yield the parts, from top to bottom or left to right, each small enough not to be shrunk by the model."""
        side, length = (across, along) if upright else (along, across)
        most = self._longest(side)
        if most <= OVERLAP:
            return
        count = ceil((length - OVERLAP) / (most - OVERLAP))
        step = (length - OVERLAP) / count
        for number in range(count):
            start, end = round(number * step), min(length, round((number + 1) * step) + OVERLAP)
            yield (0, start, side, end) if upright else (start, 0, end, side)

    def _longest(self, side: int) -> int:
        """Return the maximum length of a part of this breadth that the model does not shrink."""
        match self.family.image:
            case Patches(details) if self.detail in details:
                rule = details[self.detail]
                rows = rule.patches // ceil(side / PATCH)
                return min(rule.side, LONG_SIDE, rows * PATCH) if side <= rule.side else 0
            case Tiles():
                return (
                    TILES_LONG_SIDE if side <= TILES_SHORT_SIDE else TILES_SHORT_SIDE if side <= TILES_LONG_SIDE else 0
                )
            case _:
                return LONG_SIDE if side <= SHORT_SIDE * 2 else 0 if side > LONG_SIDE else SHORT_SIDE * 2
