"""By which words a model talks of itself instead of the picture: `languages/*.toml`, one file a language."""

import re
import tomllib
from functools import cache
from importlib.resources import files


def matches(text: str) -> bool:
    """Whether a text begins as a refusal or an excuse, in any of the languages known here."""
    return bool(_pattern().match(text.strip().replace("\u2019", "'")))


@cache
def _pattern() -> re.Pattern[str]:
    folder = files("describer.vision.quality").joinpath("languages")
    pieces = [
        piece
        for file in sorted(folder.iterdir(), key=lambda file: file.name)
        for piece in tomllib.loads(file.read_text(encoding="utf-8"))["refusals"]
    ]
    return re.compile("|".join(f"(?:{piece})" for piece in pieces), re.IGNORECASE)
