"""Counts the tokens of a picture and finds the best size to send it in.

Rules: OpenAI, "Images and vision" guide; the figures are in `models.toml`.

- Patches: the picture is shrunk to the longest side of its detail level and divided into squares of 32 px. Above the
  maximum number of patches it is shrunk until it fits. Tokens are patches times the family's multiplier, rounded up.
- Tiles: the picture is shrunk to 2048 px, then to a short side of 768 px. Tokens are a base plus a price for each tile
  of 512 px, even a partial one. At detail `low` only the base counts.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import ceil, floor, inf, sqrt

from describer.vision.families import Family, Patches, Sizing, Tiles
from describer.vision.preparation import LONG_SIDE, SHORT_SIDE

PATCH = 32
TILE = 512
TILES_LONG_SIDE = 2048
TILES_SHORT_SIDE = 768
LOW_DETAIL_SIDE = 512

STRETCH = 0.021
"""Maximum relative change of the aspect to reach whole patches: at 768 px a multiple of 32 is at most 16/768 = 2.1 %
away.
"""
WORTH_LANDING = 0.85
"""Minimum share of the unstretched picture's pixels that must remain to prefer whole patches."""
WORTH_A_LINE = 0.97
"""Minimum share of pixels that must remain to shrink a picture that fits already: 641x481 becomes 640x480."""
WORTH_A_TILE = 0.75
"""Minimum share of pixels that must remain to save a tile: 1152x768 becomes 1024x683, 1365x768 stays."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Upper limits for a sent picture: sides in pixels and `tokens` for the picture alone (None: no limit)."""

    short_side: int = SHORT_SIDE
    long_side: int = LONG_SIDE
    tokens: int | None = None


@dataclass(frozen=True, slots=True)
class _Grid:
    """The charged unit: squares of `cell` pixels, at most `most` of them, in a picture within the two sides."""

    short_side: float
    long_side: float
    cell: int = 1
    most: float = inf

    def cells(self, width: float, height: float) -> int:
        return ceil(width / self.cell) * ceil(height / self.cell)

    def scale(self, width: int, height: int) -> float:
        """Return the largest factor up to 1 that fits a picture into the sides."""
        return min(1.0, self.long_side / max(width, height), self.short_side / min(width, height))


def image_tokens(family: Family, width: int, height: int, detail: str) -> int | None:
    """Return the tokens of a picture of this size, or None if the family's rule or this detail is unknown.

    Pictures of more than 30,000 patches, which the service rejects, are counted as if shrunk to that number.
    """
    match family.image:
        case Tiles(base) if detail == "low":
            return base
        case Tiles(base, tile) if detail in {"high", "auto"}:
            return base + tile * _tiles(width, height)
        case Patches(details, multiplier) if detail in details:
            return ceil(_patches(width, height, details[detail]) * multiplier)
        case _:
            return None


def parts_tokens(family: Family, sizes: Iterable[tuple[int, int]], detail: str) -> int | None:
    """Return the total tokens of several pictures, or None if the family's rule is unknown."""
    tokens = [image_tokens(family, *size, detail) for size in sizes]
    return None if None in tokens else sum(filter(None, tokens))


def fit(
    family: Family,
    width: int,
    height: int,
    detail: str = "high",
    bounds: Bounds = Bounds(),
) -> tuple[int, int]:
    """Return the size in which to send a picture of `width` x `height` pixels, so that few tokens are wasted.

    The result never exceeds the picture, the bounds, or the size that the model uses. If a picture charged by patches
    must shrink, its sides become multiples of 32 where that changes its aspect by at most 2 %. A picture charged by
    tiles loses pixels that would begin an almost empty tile. A token limit below one patch or tile counts as one.
    """
    grid = _grid(family, detail, bounds)
    plain = next(size for size in _steps(width, height, grid) if grid.cells(*size) <= grid.most)
    if grid.cell == TILE:
        return _fewer_tiles(width, height, grid, plain)
    if grid.cell == PATCH:
        landed = _whole_patches(width, height, grid, plain)
        shrinks = plain != (width, height)
        return landed if shrinks or landed[0] * landed[1] >= WORTH_A_LINE * width * height else plain
    return plain


def _tiles(width: int, height: int) -> int:
    grid = _Grid(inf, TILES_LONG_SIDE)
    scale = grid.scale(width, height)
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    scale = min(1.0, TILES_SHORT_SIDE / min(width, height))
    return ceil(floor(width * scale) / TILE) * ceil(floor(height * scale) / TILE)


def _patches(width: int, height: int, rule: Sizing) -> int:
    scale = min(1.0, rule.side / max(width, height))
    width, height = max(1, round(width * scale)), max(1, round(height * scale))
    patches = ceil(width / PATCH) * ceil(height / PATCH)
    if patches <= rule.patches:
        return patches
    scale = PATCH * sqrt(rule.patches / (width * height))
    columns, rows = width * scale / PATCH, height * scale / PATCH
    scale *= min(max(1, floor(columns)) / columns, max(1, floor(rows)) / rows)
    return ceil(floor(width * scale) / PATCH) * ceil(floor(height * scale) / PATCH)


def _grid(family: Family, detail: str, bounds: Bounds) -> _Grid:
    short, long, tokens = bounds.short_side, bounds.long_side, inf if bounds.tokens is None else bounds.tokens
    match family.image:
        case Tiles() if detail == "low":
            return _Grid(short, min(long, LOW_DETAIL_SIDE))
        case Tiles(base, tile):
            most = max(1.0, (tokens - base) / tile)
            return _Grid(min(short, TILES_SHORT_SIDE), min(long, TILES_LONG_SIDE), TILE, most)
        case Patches(details, multiplier) if detail in details:
            rule = details[detail]
            side = min(rule.side, LOW_DETAIL_SIDE) if detail == "low" else rule.side
            most = max(1.0, min(rule.patches, tokens / float(multiplier)))
            return _Grid(short, min(long, side), PATCH, most)
        case _:
            return _Grid(short, min(long, LOW_DETAIL_SIDE) if detail == "low" else long)


def _steps(width: int, height: int, grid: _Grid) -> Iterator[tuple[int, int]]:
    """Yield sizes with the picture's aspect, from the largest down, each a row or column of cells smaller."""
    scale = grid.scale(width, height)
    while True:
        size = max(1, round(width * scale)), max(1, round(height * scale))
        yield size
        lines = [
            (ceil(now / grid.cell) - 1) * grid.cell / side for now, side in zip(size, (width, height), strict=True)
        ]
        if max(lines) <= 0:
            return
        scale = max(lines)


def _fewer_tiles(width: int, height: int, grid: _Grid, plain: tuple[int, int]) -> tuple[int, int]:
    enough = WORTH_A_TILE * plain[0] * plain[1]
    sizes = [size for size in _steps(width, height, grid) if enough <= size[0] * size[1] <= plain[0] * plain[1]]
    return min(sizes, key=lambda size: grid.cells(*size))


def _whole_patches(width: int, height: int, grid: _Grid, plain: tuple[int, int]) -> tuple[int, int]:
    """Return the largest size of whole patches that barely stretches the picture, or `plain` if none is close."""
    landed = max(_landings(width, height, grid), key=lambda size: size[0] * size[1], default=(0, 0))
    return landed if landed[0] * landed[1] >= WORTH_LANDING * plain[0] * plain[1] else plain


def _landings(width: int, height: int, grid: _Grid) -> Iterator[tuple[int, int]]:
    long, short = max(width, height), min(width, height)
    aspect = long / short
    for across in range(PATCH, int(min(short, grid.short_side)) + 1, PATCH):
        along = PATCH * round(across * aspect / PATCH)
        fits = along <= min(long, grid.long_side) and grid.cells(along, across) <= grid.most
        if fits and abs(along / across / aspect - 1) <= STRETCH:
            yield (along, across) if width >= height else (across, along)
