"""Detects answers filled with white space, or with a repeated word or phrase, instead of texts."""

import re
import unicodedata
from typing import Final

_TAILS: Final = (200, 400)
"""Characters at the end of an answer that are examined; the longer end reveals longer phrases."""
_MIN_REPEATS: Final = 4
"""Minimum number of repetitions of a phrase in these characters."""
_LONGEST_ESCAPE: Final = 6
_ESCAPED: Final = re.compile(r"\\(?:[nrtf]|u00(?:0[9acd]|20|a0))", re.IGNORECASE)
"""White space as JSON strings escape it."""


def of(content: str) -> str:
    """Return a noun phrase for the filling; empty if the answer is not filled so."""
    shown = _ESCAPED.sub(" ", content[-_LONGEST_ESCAPE * max(_TAILS) :])
    if all(map(_is_blank, shown[-min(_TAILS) :])):
        return "white space"
    if any(len(shown) >= size and _repeats(shown[-size:]) for size in _TAILS):
        return "one word, sign or phrase over and over"
    return ""


def _repeats(tail: str) -> bool:
    return any(tail[period:] == tail[:-period] for period in range(1, len(tail) // _MIN_REPEATS + 1))


def _is_blank(char: str) -> bool:
    return unicodedata.category(char)[0] in "ZC"
