"""In which size a picture is sent: small where it is a photograph, as large as its text needs, cut where it is long."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import ceil
from typing import Final

from describer.vision.families import Family, Patches, Tiles
from describer.vision.image_tokens import PATCH, TILES_LONG_SIDE, TILES_SHORT_SIDE, Bounds, fit, image_tokens
from describer.vision.preparation import LONG_SIDE, SHORT_SIDE

MOST_PARTS: Final = 8
OVERLAP: Final = 64
"""Pixels that neighbouring parts share, so that no line of text is cut in both."""
THIN: Final = 256
"""Pixels of the short side below which a picture that has more of them is cut rather than shrunk so far."""
THIN_COSTS: Final = 2
"""What a thin picture without text may take, in pictures of the usual size."""
_STEP: Final = 0.92

type Box = tuple[int, int, int, int]


@dataclass(frozen=True, slots=True)
class Layout:
    """How a picture is sent.

    Args:
        size: of the whole picture, in pixels, after it is shrunk.
        parts: left, top, right and bottom of each, in the order of reading; a single one is the whole picture.
        tokens: for all of them by the family's rule; None if that is unknown.
    """

    size: tuple[int, int]
    parts: tuple[Box, ...]
    tokens: int | None


@dataclass(frozen=True, slots=True)
class Sizes:
    """The sizes for one model at one level of detail.

    Args:
        family: whose rule counts.
        detail: `low`, `high` or `original`.
        max_tokens: for a picture, whatever it shows; None: no such bound.
        photo_tokens: for a picture without small text; 0: its sides bound it.
        text_tokens: for a picture with small text, all its parts together; 0: such pictures are treated as all others.
    """

    family: Family
    detail: str
    max_tokens: int | None = None
    photo_tokens: int = 0
    text_tokens: int = 0

    @property
    def budget(self) -> int:
        """The tokens that a picture with small text may take."""
        return 0 if self.detail == "low" else min(self.text_tokens, self.max_tokens or self.text_tokens)

    def usual(self, width: int, height: int) -> Layout:
        """For a photograph, in one part."""
        tokens = min(self.max_tokens or self.photo_tokens, self.photo_tokens or self.max_tokens or 0) or None
        bounds = Bounds(tokens=tokens)
        if self.detail == "original":
            bounds = Bounds(short_side=max(width, height), long_side=max(width, height), tokens=tokens)
        return self._whole(fit(self.family, width, height, self.detail, bounds))

    def is_thin(self, width: int, height: int) -> bool:
        """Return whether the usual size would leave a strip of what is none."""
        usual = min(self.usual(width, height).size)
        return usual < THIN and usual * 1.25 < min(width, height)

    def largest(self, width: int, height: int, budget: int) -> Layout:
        """Return the largest within a budget of tokens; the usual one where that is larger."""
        return self.at_least(1.0, width, height, budget)

    def at_least(self, scale: float, width: int, height: int, budget: int) -> Layout:
        """At this share of the picture's sides, or as much as the budget allows, and never below the usual size."""
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
        """Return one part or several for a picture of `across` x `along` pixels; None if there would be too many."""
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
        """Parts one above the other, or else one beside the other, each as the model looks at it."""
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
        """Return how long a part of this breadth may be before the model would shrink it."""
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
