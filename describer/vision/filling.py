"""Detects answers filled with white space, or with a repeated word or phrase, instead of texts."""

import re
import unicodedata
from typing import Final

_TAIL: Final = 400
"""Characters at the end of an answer that are examined."""
_MIN_REPEATS: Final = 4
"""Minimum number of repetitions of a phrase in these characters."""
_MIN_CHARS: Final = 200
"""Characters below which an answer is too short to be judged repetitive."""
_ESCAPED: Final = re.compile(r"\\(?:[nrtf]|u00(?:0[9acd]|20|a0))", re.IGNORECASE)
"""White space as JSON strings escape it."""


def of(content: str) -> str:
    """Return a noun phrase for the filling; empty if the answer is not filled so."""
    tail = _ESCAPED.sub(" ", content[-6 * _TAIL :])[-_TAIL:]
    if all(_is_blank(char) for char in tail):
        return "white space"
    if len(tail) >= _MIN_CHARS and any(
        tail[period:] == tail[:-period] for period in range(1, len(tail) // _MIN_REPEATS + 1)
    ):
        return "one word, sign or phrase over and over"
    return ""


def _is_blank(char: str) -> bool:
    return unicodedata.category(char)[0] in "ZC"
