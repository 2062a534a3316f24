"""What fills an answer in the place of texts: white space, or a word or phrase over and over."""

import re
import unicodedata
from typing import Final

_TAILS: Final = (200, 400)
"""Characters at the end of an answer that show what fills it: the longer ones show longer phrases."""
_TIMES: Final = 4
"""How often a phrase comes in them, at least."""
_LONGEST_ESCAPE: Final = 6
_ESCAPED: Final = re.compile(r"\\(?:[nrtf]|u00(?:0[9acd]|20|a0))", re.IGNORECASE)
"""White space, as a JSON string has it."""


def of(content: str) -> str:
    """Return what fills an answer, as a clause; empty if something else does."""
    shown = _ESCAPED.sub(" ", content[-_LONGEST_ESCAPE * max(_TAILS) :])
    if all(map(_is_blank, shown[-min(_TAILS) :])):
        return "white space"
    if any(len(shown) >= size and _repeats(shown[-size:]) for size in _TAILS):
        return "one word, sign or phrase over and over"
    return ""


def _repeats(tail: str) -> bool:
    return any(tail[period:] == tail[:-period] for period in range(1, len(tail) // _TIMES + 1))


def _is_blank(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "ZC"
