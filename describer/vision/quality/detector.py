"""Which language a text is in: by its script, and by py3langid where the script leaves it open.

py3langid (BSD-3-Clause, Marco Lui's langid.py, kept by Adrien Barbaresi) knows 139 languages, and its probabilities are
low where a text is too short to tell: then there is no verdict. It is loaded with the first answer, never while the
functions are indexed; docs/quality.md says what that costs.
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

_SURE: Final = 0.55
"""At least so probable is the language that a text is said to be in."""
_RULED_OUT: Final = 0.04
"""At most so probable is the language that it was to be in."""
_SHARED: Final = 2
"""So many common words may be those of a language whose common words are not known, too."""
_FEWEST_LETTERS: Final = 12
_FOREIGN: Final = 0.7
"""So many of the letters, at least, are of a script in which the language is not written."""
_GROUPS: Final = (
    "no nb nn da", "hr bs sr sh sl mk", "ms id jv su", "cs sk", "gl pt", "es ast an", "ca oc", "ru be bg", "uk be",
    "fa prs tg ps", "hi mr ne sa bh", "zh yue wuu", "nl af fy li", "de lb gsw nds", "en pcm sco",
    "it vec lij lmo scn co", "fr wa pcd ht oc", "tr az tk", "pl szl csb", "et fi", "ar arz ary",
)  # fmt: skip
_ALIKE: Final = tuple(frozenset(group.split()) for group in _GROUPS)
"""Languages that a short text does not tell apart."""
_JAPANESE: Final = frozenset({"HIRAGANA", "KATAKANA", "CJK"})
_SCRIPTS: Final = {
    "Latn": {"LATIN"}, "Cyrl": {"CYRILLIC"}, "Grek": {"GREEK"}, "Arab": {"ARABIC"}, "Hebr": {"HEBREW"},
    "Deva": {"DEVANAGARI"}, "Jpan": _JAPANESE, "Kore": {"HANGUL", "CJK"}, "Hans": {"CJK"}, "Hant": {"CJK", "BOPOMOFO"},
    "Thai": {"THAI"}, "Beng": {"BENGALI"}, "Taml": {"TAMIL"}, "Telu": {"TELUGU"}, "Gujr": {"GUJARATI"},
    "Guru": {"GURMUKHI"}, "Knda": {"KANNADA"}, "Mlym": {"MALAYALAM"}, "Sinh": {"SINHALA"}, "Geor": {"GEORGIAN"},
    "Armn": {"ARMENIAN"}, "Ethi": {"ETHIOPIC"}, "Khmr": {"KHMER"}, "Laoo": {"LAO"}, "Mymr": {"MYANMAR"},
}  # fmt: skip
"""The words with which the names of a script's letters begin, by its ISO 15924 code."""
_KANA: Final = frozenset({"HIRAGANA", "KATAKANA"})
_NAME_OR_NUMBER: Final = re.compile(r"\b(?:[^\W\d_]*\d\w*|[A-Z]{2,})\b")

_lock: Final = threading.Lock()


def another_language(text: str, language: str, *, seen: str = "") -> str:
    """The language or script that a text is in, if it is surely not the one that was asked for; else nothing.

    Args:
        text: a text of the model's. What it quotes, and what is legible in the picture, does not count.
        language: the BCP 47 tag that was asked for.
        seen: the picture's own text.
    """
    own = _without_what_is_seen(unquoted(text), seen)
    letters = [sign for sign in own if sign.isalpha()]
    if len(letters) < 4:
        return ""
    return _other_script(letters, language) or _other_language(own, letters, language)


def _without_what_is_seen(text: str, seen: str) -> str:
    read = set(words(seen))
    kept = [word for word in text.split() if not read or not set(words(word)) or not set(words(word)) <= read]
    return _NAME_OR_NUMBER.sub(" ", " ".join(kept))


def _other_script(letters: list[str], language: str) -> str:
    expected = _SCRIPTS.get(_script(language))
    if not expected:
        return ""
    scripts = Counter(unicodedata.name(letter, "?").split(" ", 1)[0].split("-", 1)[0] for letter in letters)
    foreign = sum(count for script, count in scripts.items() if script not in expected)
    if foreign >= _FOREIGN * len(letters):
        script = max((script for script in scripts if script not in expected), key=lambda script: scripts[script])
        return f"{script.capitalize()} script"
    kana = sum(scripts[script] for script in _KANA)
    if "BOPOMOFO" in expected or expected == {"CJK"}:
        return "ja" if kana * 5 >= len(letters) else ""
    native = kana if expected is _JAPANESE else scripts["HANGUL"]
    if native or not expected & {"HANGUL", "HIRAGANA"} or len(letters) < _FEWEST_LETTERS:
        return ""
    return "ja" if kana else "zh"


def _other_language(text: str, letters: list[str], language: str) -> str:
    if len(letters) < _FEWEST_LETTERS or _script(language) in {"Jpan", "Kore", "Hans", "Hant", "Thai"}:
        return ""
    primary = Language.get(language).language or ""
    alike = frozenset({primary}).union(*(group for group in _ALIKE if primary in group))
    ranked = dict(_detector().rank(text.lower() if text.isupper() else text))
    if primary not in ranked:
        return ""
    own = sum(float(share) for tag, share in ranked.items() if tag in alike)
    top = next(iter(ranked))
    family = frozenset({top}).union(*(group for group in _ALIKE if top in group))
    sure = sum(float(share) for tag, share in ranked.items() if tag in family - alike)
    if top in alike or own > _RULED_OUT or sure < _SURE:
        return ""
    said, known = set(words(text)), lexicon(top).common
    others = len(said & known) if known else _SHARED
    return "" if len(said & lexicon(primary).common) > others else top


@cache
def _script(language: str) -> str:
    return Language.get(language).maximize().script or "Latn"


def _detector() -> "LanguageIdentifier":
    with _lock:  # answers are checked in threads, and it is loaded once
        return _loaded()


@cache
def _loaded() -> "LanguageIdentifier":
    from py3langid.langid import MODEL_FILE, LanguageIdentifier  # noqa: PLC0415 - it and its data take half a second

    return LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
