"""What fills an answer in the place of texts: white space, or a word or phrase over and over."""

import re
import unicodedata
from typing import Final

_TAIL: Final = 400
"""Characters at the end of an answer that show what fills it."""
_TIMES: Final = 4
"""How often a phrase comes in them, at least."""
_SHORTEST: Final = 200
_ESCAPED: Final = re.compile(r"\\(?:[nrtf]|u00(?:0[9acd]|20|a0))", re.IGNORECASE)
"""White space, as a JSON string has it."""


def of(content: str) -> str:
    """Return what fills an answer, as a clause; empty if something else does."""
    tail = _ESCAPED.sub(" ", content[-6 * _TAIL :])[-_TAIL:]
    if all(_is_blank(sign) for sign in tail):
        return "white space"
    if len(tail) >= _SHORTEST and any(tail[period:] == tail[:-period] for period in range(1, len(tail) // _TIMES + 1)):
        return "one word, sign or phrase over and over"
    return ""


def _is_blank(sign: str) -> bool:
    return unicodedata.category(sign)[0] in "ZC"
