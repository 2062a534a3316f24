"""Removes invisible characters from the model's texts and keeps those that scripts require.

Control characters, bidirectional embeddings, overrides and isolates, tag characters and zero-width characters can hide
an instruction to an agent, a command to a terminal, or a name that reads backwards. They are removed. Four kinds of
invisible character are part of correct spelling in some scripts and stay in their proper places (Unicode 16, chapters
9.2, 12.1 and 23.2; RFC 5892, appendix A): joiners beside Arabic letters, beside an Indic virama and within an emoji
sequence; direction marks in a text with right-to-left letters; variation selectors after a character that they vary.
"""

import re
import unicodedata
from itertools import pairwise
from typing import Final

_ZWNJ, _ZWJ = "\u200c", "\u200d"
_JOINERS: Final = {_ZWNJ, _ZWJ}
_MARKS: Final = {"\u200e", "\u200f", "\u061c"}
"""Left-to-right, right-to-left and Arabic letter mark."""
_VIRAMA: Final = 9
"""The combining class of all viramas."""
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ud800-\udfff\ue000-\uf8ff]")
_BREAKS: Final = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSEEN: Final = re.compile(
    "[\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180e\u200b\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff0-\uffff"
    "\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e00ff\U000e01f0-\U000e0fff\U000f0000-\U0010ffff]"
)
"""Default_Ignorable_Code_Point (DerivedCoreProperties) except joiners, marks and selectors; interlinear annotations,
noncharacters, and private use beyond the first plane.
"""
_SELECTORS: Final = re.compile("[\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef]")
_CONDITIONAL: Final = re.compile(
    "[\u200c\u200d\u200e\u200f\u061c\ufe00-\ufe0f\u180b-\u180d\u180f\U000e0100-\U000e01ef]"
)
_JOINERS_IN_A_ROW: Final = re.compile("([\u200c\u200d])[\u200c\u200d]+")
_UNDECIDED: Final = re.compile(rf"(?:\r|{_CONDITIONAL.pattern}|{_UNSEEN.pattern})*\Z")
"""Characters at the end of a piece whose treatment depends on the next piece."""
_RIGHT_TO_LEFT: Final = frozenset({"R", "AL"})


def cleaned(text: str) -> str:
    """Return the text without invisible characters that no script needs, and with every line break as a line feed."""
    text = _UNSEEN.sub("", _CONTROLS.sub("", _BREAKS.sub("\n", text)))
    return _with_needed_signs(text) if _CONDITIONAL.search(text) else text


def _with_needed_signs(text: str) -> str:
    has_right_to_left = _is_right_to_left(text)
    text, kept = _JOINERS_IN_A_ROW.sub(r"\1", text), list[str]()
    for sign, following in pairwise([*text, ""]):
        previous = kept[-1] if kept else ""
        if _CONDITIONAL.match(sign) and not _is_needed(sign, previous, following, has_right_to_left):
            continue
        kept.append(sign)
    return "".join(kept)


def _is_needed(sign: str, previous: str, following: str, has_right_to_left: bool) -> bool:
    if sign in _MARKS:
        return has_right_to_left and previous not in _MARKS
    if not previous or previous in _JOINERS | _MARKS or (_SELECTORS.match(previous) and _SELECTORS.match(sign)):
        return False
    if _SELECTORS.match(sign):
        return _varies(sign, previous)
    return _joins(sign, previous, following)


def _joins(sign: str, previous: str, following: str) -> bool:
    if _VIRAMA in {unicodedata.combining(previous), unicodedata.combining(following or " ")}:
        return True
    if _is_arabic(previous):
        return sign == _ZWJ or following.isalnum()
    if sign == _ZWNJ:
        return previous.isalnum() and _is_arabic(following)
    return _is_symbol(previous) and _is_symbol(following)


def _varies(selector: str, base: str) -> bool:
    if selector in "\ufe0e\ufe0f":
        return _is_symbol(base) or base in "#*0123456789\u203c\u2049\u2139\u3030\u303d"
    if "\u180b" <= selector <= "\u180f":
        return "\u1800" <= base <= "\u18af"
    return unicodedata.name(base, "").startswith(("CJK ", "MYANMAR ", "PHAGS-PA ")) or (
        selector < "\ufe0f" and unicodedata.category(base) == "Sm"
    )


def _is_arabic(sign: str) -> bool:
    """Return whether a character belongs to a script with joining letters, such as Arabic, Syriac, Mandaic or N'Ko."""
    name = unicodedata.name(sign, "") if sign else ""
    return name.startswith(("ARABIC", "EXTENDED ARABIC", "SYRIAC", "MANDAIC", "NKO", "MONGOLIAN", "ADLAM"))


def _is_symbol(sign: str) -> bool:
    """Return whether a character can be part of an emoji sequence: a symbol, a skin tone, or a selector after one."""
    return bool(sign) and (unicodedata.category(sign) in {"So", "Sk"} or sign in "\ufe0f\u2194\u2195")


class TextStream:
    """Cleans a text that arrives in pieces. Characters that depend on the next piece are held back."""

    def __init__(self) -> None:
        self._waiting = ""
        self._last = ""
        self._has_right_to_left = False

    def feed(self, piece: str) -> str:
        """Add a piece and return the text that is decided so far."""
        text = self._waiting + piece
        ready = _UNDECIDED.sub("", text, count=1)
        self._waiting = text[len(ready) :]
        return self._cleaned(ready)

    def end(self) -> str:
        """Return the rest."""
        rest, self._waiting = self._waiting, ""
        return self._cleaned(rest)

    def _cleaned(self, text: str) -> str:
        context = ("\N{HEBREW LETTER ALEF} " if self._has_right_to_left else "") + self._last
        shown = cleaned(context + text)[len(context) :]
        self._has_right_to_left |= _is_right_to_left(shown)
        self._last = shown[-1:] or self._last
        return shown


def _is_right_to_left(text: str) -> bool:
    """Return whether the text contains a right-to-left letter; direction marks do not count."""
    return any(unicodedata.bidirectional(sign) in _RIGHT_TO_LEFT for sign in text if sign not in _MARKS)
