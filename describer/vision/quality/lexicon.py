"""What the checks know of a language: `languages/*.toml`, one file for each, as patterns that are ready for use."""

import re
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from describer.vision.quality.wording import plain, sentences

LANGUAGES: Final = ("de", "en", "es", "fr", "it", "ja", "nl", "pl", "pt", "zh")
_START: Final = 1000
"""Characters."""
_NOTHING: Final = re.compile(r"(?!)")
_HAS_JSON: Final = re.compile(r'[{\[]\s*["{\[]')
_LABEL: Final = (
    "(image|picture|photo|photograph|foto|bild|imagen|imagem|immagine|afbeelding|zdjęcie|写真|画像|图片|圖片) ?: "
)
"""In front of a text, in whatever language."""


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The patterns of one language; none of them matches where the language has no such list.

    Args:
        refusals, orders: at the start of a sentence: a refusal or excuse; what obeys a picture's instruction.
        openings, openings_kept: at the start of a text: what is taken off, but not where the second matches.
        openings_left: an opening that cannot be taken off, since the grammar of what follows hangs on it.
        placeholders: a whole text.
        hedges, traits: anywhere.
        titles, naming: in front of a person's name.
        names: a person's name as such.
        common: the commonest words.
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
    """What is known of the language of a BCP 47 tag; empty for languages without a file."""
    primary = language.partition("-")[0]
    return _of(_data(f"languages/{primary}.toml")) if primary in LANGUAGES else Lexicon()


def begins_with_refusal(text: str) -> bool:
    """Whether a text, as it came, begins as a refusal or an excuse in any of the languages known here."""
    start = plain(text[:_START])
    return not _HAS_JSON.search(start) and any(lexicon(language).refusals.match(start) for language in LANGUAGES)


def starts_sentence(text: str, patterns: Iterable[re.Pattern[str]]) -> bool:
    """Whether one of the patterns matches at the start of a sentence outside of quotes, or of the whole text."""
    starts = [plain(text), *sentences(text)]
    return any(pattern.match(start) for pattern in patterns for start in starts)


def either(pieces: Sequence[str], *, spaced: bool = True) -> re.Pattern[str]:
    """One pattern for all of them; where words are spaced, only whole words match."""
    if not pieces:
        return _NOTHING
    joined = "|".join(f"(?:{piece})" for piece in pieces)
    return re.compile(rf"(?<!\w)(?:{joined})(?!\w)" if spaced else f"(?:{joined})", re.IGNORECASE)


@cache
def _data(name: str) -> dict[str, Any]:
    return tomllib.loads(files("describer.vision.quality").joinpath(name).read_text(encoding="utf-8"))


def given_names() -> dict[str, Any]:
    """The names, and what stands beside them where they name no person; see given_names.toml."""
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
    """One pattern for all: of the groups `rest`, which can have the name only once, each gets a number."""
    numbered = [piece.replace("(?P<rest>", f"(?P<rest{number}>") for number, piece in enumerate(pieces)]
    return either(numbered, spaced=False)
