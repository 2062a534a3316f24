"""Word lists of the checks, `languages/*.toml`, one file per language, compiled to patterns."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from describer.vision.quality.wording import plain, sentences

LANGUAGES: Final = ("de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "zh")
_MAX_START: Final = 1000
"""Characters of a text that are searched for a refusal."""
_NOTHING: Final = re.compile(r"(?!)")
_HAS_JSON: Final = re.compile(r'[{\[]\s*["{\[]')
_LABEL: Final = (
    "(image|picture|photo|photograph|foto|bild|imagen|imagem|immagine|afbeelding|zdjęcie|写真|画像|图片|圖片) ?: "
)
"""A label before a text, in any language."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The patterns of one language; a missing list matches nothing.

    Args:
        refusals, orders: match at the start of a sentence: a refusal or excuse; a reaction to the picture's
            instruction.
        openings, openings_kept: match at the start of a text: an opening to remove; exceptions to keep.
        openings_left: an opening that cannot be removed because the grammar of the rest depends on it.
        placeholders: match a whole text.
        hedges, traits: match anywhere.
        titles, naming: match before a person's name.
        names: match a person's name.
        common: the most common words.
    """

    refusals: re.Pattern[str] = _NOTHING
    orders: re.Pattern[str] = _NOTHING
    openings: re.Pattern[str] = _NOTHING
    openings_kept: re.Pattern[str] = _NOTHING
    openings_left: re.Pattern[str] = _NOTHING
    placeholders: re.Pattern[str] = _NOTHING
    hedges: re.Pattern[str] = _NOTHING
    traits: re.Pattern[str] = _NOTHING
    titles: re.Pattern[str] = _NOTHING
    naming: re.Pattern[str] = _NOTHING
    names: re.Pattern[str] = _NOTHING
    common: frozenset[str] = frozenset()


@cache
def lexicon(language: str) -> Lexicon:
    """Return the patterns for a BCP 47 tag's language; empty if it has no file."""
    primary = language.partition("-")[0]
    return _of(_data(f"languages/{primary}.toml")) if primary in LANGUAGES else Lexicon()


def begins_with_refusal(text: str) -> bool:
    """Return whether a text begins with a refusal or an excuse in any known language."""
    start = plain(text[:_MAX_START])
    return not _HAS_JSON.search(start) and any(lexicon(language).refusals.match(start) for language in LANGUAGES)


def starts_sentence(text: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Return whether a pattern matches at the start of the text or of a sentence outside of quotes."""
    starts = [plain(text), *sentences(text)]
    return any(pattern.match(start) for pattern in patterns for start in starts)


def either(pieces: Sequence[str], *, spaced: bool = True) -> re.Pattern[str]:
    """Return one pattern for all pieces; whole words only, if the script has spaces."""
    if not pieces:
        return _NOTHING
    joined = "|".join(f"(?:{piece})" for piece in pieces)
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)" if spaced else f"(?:{joined})", re.IGNORECASE)


@cache
def _data(name: str) -> dict[str, Any]:
    return tomllib.loads(files("describer.vision.quality").joinpath(name).read_text(encoding="utf-8"))


def given_names() -> dict[str, Any]:
    """Return given names and the words around them that rule out a person; see given_names.toml."""
    return _data("given_names.toml")


def _of(data: dict[str, Any]) -> Lexicon:
    spaced = data.get("spaced", True)
    lists = {name: "|".join(data.get(name, ())) for name in ("people", "origins", "feelings")}

    def filled(name: str) -> list[str]:
        pieces = list[str]()
        for piece in data.get(name, ()):
            for slot, words in lists.items():
                piece = piece.replace(f"{{{slot}}}", f"(?:{words})")  # noqa: PLW2901 - filled slot by slot
            pieces.append(piece)
        return pieces

    starts = {name: either(filled(name), spaced=False) for name in ("refusals", "orders", "openings_kept")}
    starts["openings_left"] = either(filled("openings_left"), spaced=False)
    starts["openings"] = _openings([*filled("openings"), _LABEL])
    words = {name: either(filled(name), spaced=spaced) for name in ("hedges", "traits")}
    names = {name: either(filled(name)) for name in ("titles", "naming")}
    return Lexicon(
        **starts,
        **words,
        **names,
        names=either(filled("names"), spaced=False),
        common=frozenset(data.get("common", "").split()),
        placeholders=either(filled("placeholders"), spaced=False),
    )


def _openings(pieces: Sequence[str]) -> re.Pattern[str]:
    """Return one pattern for all pieces; numbers the groups `rest`, since a group's name must be unique."""
    numbered = [piece.replace("(?P<rest>", f"(?P<rest{number}>") for number, piece in enumerate(pieces)]
    return either(numbered, spaced=False)
