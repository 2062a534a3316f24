"""The words that the model is given."""

from collections.abc import Sequence
from functools import cache
from importlib.resources import files

QUESTION = "Describe this picture."


@cache
def instructions(languages: Sequence[str]) -> str:
    """The system message, from `prompts/describe.md`, for texts in these languages (BCP 47 tags, default first)."""
    text = files("describer").joinpath("prompts", "describe.md").read_text(encoding="utf-8")
    return text.strip().replace("{languages}", ", ".join(languages)).replace("{language}", languages[0])
