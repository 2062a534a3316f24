"""Detects the language of a text by its script, and by py3langid if the script leaves it open.

py3langid (BSD-3-Clause, Marco Lui's langid.py, maintained by Adrien Barbaresi) knows 139 languages. Its probabilities
are low for short texts; then there is no verdict. It is loaded with the first answer, never during indexing;
docs/quality.md states the cost.
"""

import re
import threading
import unicodedata
from collections import Counter
from functools import cache
from typing import TYPE_CHECKING, Final

from langcodes import Language

from describer.vision.quality.lexicon import lexicon
from describer.vision.quality.wording import unquoted, words

if TYPE_CHECKING:
    from py3langid.langid import LanguageIdentifier

_MIN_DETECTED: Final = 0.55
"""Minimum probability of the detected language."""
_MAX_REQUESTED: Final = 0.04
"""Maximum probability of the requested language."""
_ASSUMED_COMMON: Final = 2
"""Number of common words assumed for a detected language without a word list."""
_MIN_LETTERS: Final = 12
_MIN_FOREIGN: Final = 0.7
"""Minimum share of letters in a script that the requested language does not use."""
_GROUPS: Final = (
    "no nb nn da", "hr bs sr sh sl mk", "ms id jv su", "cs sk", "gl pt", "es ast an", "ca oc", "ru be bg", "uk be",
    "fa prs tg ps", "hi mr ne sa bh", "zh yue wuu", "nl af fy li", "de lb gsw nds", "en pcm sco",
    "it vec lij lmo scn co", "fr wa pcd ht oc", "tr az tk", "pl szl csb", "et fi", "ar arz ary",
)  # fmt: skip
_ALIKE: Final = tuple(frozenset(group.split()) for group in _GROUPS)
"""Groups of languages that a short text cannot distinguish."""
_JAPANESE: Final = frozenset({"HIRAGANA", "KATAKANA", "CJK"})
_SCRIPTS: Final = {
    "Latn": {"LATIN"}, "Cyrl": {"CYRILLIC"}, "Grek": {"GREEK"}, "Arab": {"ARABIC"}, "Hebr": {"HEBREW"},
    "Deva": {"DEVANAGARI"}, "Jpan": _JAPANESE, "Kore": {"HANGUL", "CJK"}, "Hans": {"CJK"}, "Hant": {"CJK", "BOPOMOFO"},
    "Thai": {"THAI"}, "Beng": {"BENGALI"}, "Taml": {"TAMIL"}, "Telu": {"TELUGU"}, "Gujr": {"GUJARATI"},
    "Guru": {"GURMUKHI"}, "Knda": {"KANNADA"}, "Mlym": {"MALAYALAM"}, "Sinh": {"SINHALA"}, "Geor": {"GEORGIAN"},
    "Armn": {"ARMENIAN"}, "Ethi": {"ETHIOPIC"}, "Khmr": {"KHMER"}, "Laoo": {"LAO"}, "Mymr": {"MYANMAR"},
}  # fmt: skip
"""First words of the Unicode names of a script's letters, by ISO 15924 code."""
_KANA: Final = frozenset({"HIRAGANA", "KATAKANA"})
_NAME_OR_NUMBER: Final = re.compile(r"\b(?:[^\W\d_]*\d\w*|[A-Z]{2,})\b")

_lock: Final = threading.Lock()


def another_language(text: str, language: str, *, seen: str = "") -> str:
    """Return the language or script of a text if it is certainly not the requested language; else an empty string.

    Args:
        text: a text of the model's. Quotations and text that is legible in the picture are ignored.
        language: the requested language's BCP 47 tag.
        seen: the text that is legible in the picture.
    """
    own = _without_visible_text(unquoted(text), seen)
    letters = [sign for sign in own if sign.isalpha()]
    if len(letters) < 4:
        return ""
    return _other_script(letters, language) or _other_language(own, letters, language)


def _without_visible_text(text: str, seen: str) -> str:
    read = set(words(seen))
    kept = [word for word in text.split() if not read or not set(words(word)) or not set(words(word)) <= read]
    return _NAME_OR_NUMBER.sub(" ", " ".join(kept))


def _other_script(letters: list[str], language: str) -> str:
    expected = _SCRIPTS.get(_script(language))
    if not expected:
        return ""
    scripts = Counter(unicodedata.name(letter, "?").split(" ", 1)[0].split("-", 1)[0] for letter in letters)
    foreign = sum(count for script, count in scripts.items() if script not in expected)
    if foreign >= _MIN_FOREIGN * len(letters):
        script = max((script for script in scripts if script not in expected), key=lambda script: scripts[script])
        return f"{script.capitalize()} script"
    kana = sum(scripts[script] for script in _KANA)
    if "BOPOMOFO" in expected or expected == {"CJK"}:
        return "ja" if kana * 5 >= len(letters) else ""
    native = kana if expected is _JAPANESE else scripts["HANGUL"]
    if native or not expected & {"HANGUL", "HIRAGANA"} or len(letters) < _MIN_LETTERS:
        return ""
    return "ja" if kana else "zh"


def _other_language(text: str, letters: list[str], language: str) -> str:
    if len(letters) < _MIN_LETTERS or _script(language) in {"Jpan", "Kore", "Hans", "Hant", "Thai"}:
        return ""
    primary = Language.get(language).language or ""
    alike = frozenset({primary}).union(*(group for group in _ALIKE if primary in group))
    ranked = dict(load().rank(text.lower() if text.isupper() else text))
    if primary not in ranked:
        return ""
    own = sum(float(share) for tag, share in ranked.items() if tag in alike)
    top = next(iter(ranked))
    family = frozenset({top}).union(*(group for group in _ALIKE if top in group))
    sure = sum(float(share) for tag, share in ranked.items() if tag in family - alike)
    if top in alike or own > _MAX_REQUESTED or sure < _MIN_DETECTED:
        return ""
    said, known = set(words(text)), lexicon(top).common
    others = len(said & known) if known else _ASSUMED_COMMON
    return "" if len(said & lexicon(primary).common) > others else top


@cache
def _script(language: str) -> str:
    return Language.get(language).maximize().script or "Latn"


def load() -> "LanguageIdentifier":
    """Return the language detector; the first call takes half a second."""
    with _lock:  # answers are checked in threads; load it once
        return _loaded()


@cache
def _loaded() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - loading takes half a second

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
