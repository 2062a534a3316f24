"""Counts the tokens of a request and its answer by the published rule for GPT-5.6.

A picture counts 1.2 tokens for each patch of 32 by 32 pixels, after scaling down to the limit of its `detail` (OpenAI,
"Images and vision", September 2026). Text is estimated at four characters a token, which suffices for quotas and rough
costs.
"""

import json
import math
from typing import Any

PATCH = 32
TOKENS_PER_PATCH = 1.2
CHARACTERS_PER_TOKEN = 4
MAX_PATCHES = 30_000
"""Maximum of patches after scaling; Azure rejects pictures with more."""

_LONGEST_SIDE = {"low": 512, "high": 2048}
_BUDGET = {"high": 2500}


def text_tokens(text: str) -> int:
    """Estimate the tokens of a text."""
    return math.ceil(len(text) / CHARACTERS_PER_TOKEN)


def schema_tokens(schema: Any) -> int:
    """Estimate the tokens of the answer's schema; some keywords are not counted.

    As measured by a user: github.com/openai/openai-cookbook/issues/2140.
    """
    return text_tokens(json.dumps(_counted(schema), separators=(",", ":"))) + 9


def _counted(part: Any) -> Any:
    if isinstance(part, dict):
        omitted = ("required", "additionalProperties", "$schema")
        return {name: _counted(value) for name, value in part.items() if name not in omitted}
    return [_counted(value) for value in part] if isinstance(part, list) else part


def patches(width: int, height: int, detail: str | None) -> int:
    """Count the patches of a picture of so many pixels; a `detail` of `auto`, `original` or None scales nothing."""
    longest = _LONGEST_SIDE.get(detail or "auto")
    if longest is not None and max(width, height) > longest:
        scale = longest / max(width, height)
        width, height = max(1, round(width * scale)), max(1, round(height * scale))
    count = math.ceil(width / PATCH) * math.ceil(height / PATCH)
    budget = _BUDGET.get(detail or "auto")
    return count if budget is None or count <= budget else _within(budget, width, height)


def image_tokens(width: int, height: int, detail: str | None) -> int:
    """Count the prompt tokens of one picture."""
    # Rounded first: 2500 * 1.2 must not become 3001 by binary fractions.
    return math.ceil(round(patches(width, height, detail) * TOKENS_PER_PATCH, 6))


def _within(budget: int, width: int, height: int) -> int:
    """Scale a picture down until whole patches, edge to edge, stay within the budget."""
    scale = math.sqrt(PATCH * PATCH * budget / (width * height))
    across, down = width * scale / PATCH, height * scale / PATCH
    shrink = min(math.floor(across) / across, math.floor(down) / down)
    columns = math.ceil(max(1, math.floor(width * scale * shrink)) / PATCH)
    return columns * math.ceil(max(1, math.floor(height * scale * shrink)) / PATCH)
