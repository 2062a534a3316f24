"""From what was measured to English, which claims no more than that."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from local.azure_openai.sight.objects import Found
from local.azure_openai.sight.surface import Surface
from local.azure_openai.sight.text import Line

MARK = "[local stand-in: objects and OCR, no language model]"
"""Stands in every text, so that nobody takes it for a language model's."""

_HEADLINE = 60
_QUOTED_LINES = 60
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NOUNS = {
    "photo": "photo",
    "chart": "chart",
    "screenshot": "screenshot",
    "document": "document",
    "illustration": "drawing",
}
_NUMERIC = re.compile(r"[A-Z]?[\d\s.,%€$£+-]+[kM]?")


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of one picture.

    Args:
        width: pixels, upright, as it was looked at.
        height: likewise.
        surface: colours, and drawn or photographed.
        found: objects, the sure ones first.
        lines: text that was read, from top to bottom.
        text_share: the share of the picture that text covers.
    """

    width: int
    height: int
    surface: Surface
    found: tuple[Found, ...]
    lines: tuple[Line, ...]
    text_share: float

    @property
    def kind(self) -> str:
        """Guess one of photo, chart, screenshot, document, illustration."""
        upright = self.height > self.width
        numbers = sum(1 for line in self.lines if _NUMERIC.fullmatch(line.text))
        if self.surface.drawn and numbers >= 5 and numbers * 2 >= len(self.lines):
            return "chart"
        # A phone's screen is at least 16:9; paper and menus are squarer.
        if self.surface.drawn and len(self.lines) >= 3 and (not upright or self.height >= 1.6 * self.width):
            return "screenshot"
        if (len(self.lines) >= 6 and self.text_share >= 0.15) or (self.surface.drawn and len(self.lines) >= 3):
            return "document"
        return "illustration" if self.surface.drawn else "photo"

    @property
    def sure(self) -> tuple[Found, ...]:
        """What may be claimed; the models were trained on photos and are not believed elsewhere."""
        return tuple(each for each in self.found if each.sure) if self.kind == "photo" else ()

    @property
    def possible(self) -> tuple[Found, ...]:
        """What may be called possible."""
        return tuple(each for each in self.found if not each.sure) if self.kind == "photo" else ()


def alt_text(seen: Seen) -> str:
    """One sentence and the mark; about 200 characters at most."""
    if seen.kind != "photo":
        return f"{_capital(_article(_NOUNS[seen.kind]))}{_headed(seen)}{_coloured(seen)}. {MARK}"
    possible = f"; possibly {_article(seen.possible[0].name)}" if seen.possible else ""
    if seen.sure:
        colours = f"; mostly {_listed(seen.surface.colours)}" if seen.surface.colours else ""
        subject = f"{_capital(_listed(map(_counted, seen.sure[:3])))}{colours}"
    else:
        subject = f"A photo{_coloured(seen)}" + ("" if possible else "; no object in it was recognised")
    words = f'; the words "{_headline(seen)}"' if seen.lines else ""
    return f"{subject}{possible}{words}. {MARK}"


def description(seen: Seen) -> str:
    """A few sentences that say which model found what."""
    sentences = [f"{_capital(_article(_NOUNS[seen.kind]))}{_coloured(seen)}."]
    if seen.sure:
        listed = _listed(f"{_counted(each)} (score {each.score:.2f})" for each in seen.sure)
        sentences.append(f"It shows {listed}.")
    if seen.possible:
        listed = _listed(f"{_article(each.name)} (score {each.score:.2f})" for each in seen.possible)
        sentences.append(f"One of two models saw {listed}, the other did not.")
    if seen.lines:
        sentences.append(
            f'OCR read {_some(len(seen.lines), "line", "lines")} of text, the largest "{_headline(seen)}".'
        )
    else:
        sentences.append("OCR read no text.")
    return " ".join([*sentences, MARK])


def extended_description(seen: Seen) -> str:
    """The text that was read, for the kinds whose meaning lies in it; empty for photos and drawings."""
    if seen.kind in {"photo", "illustration"}:
        return ""
    quoted = "; ".join(f'"{line.text}"' for line in seen.lines[:_QUOTED_LINES])
    more = len(seen.lines) - _QUOTED_LINES
    rest = f"; and {more} more lines" if more > 0 else ""
    return f"{_capital(_article(_NOUNS[seen.kind]))}. Text read by OCR, from top to bottom: {quoted}{rest}. {MARK}"


def tags(seen: Seen) -> list[str]:
    """The kind and what may be claimed."""
    return [*(each.name for each in seen.sure), _NOUNS[seen.kind]]


def _headed(seen: Seen) -> str:
    if not seen.lines:
        return ""
    return f' headed "{_headline(seen)}" with {_some(len(seen.lines), "line", "lines")} of text'


def _headline(seen: Seen) -> str:
    """Return the tallest line that has words, cut to a length that fits an alt text."""
    worded = [line for line in seen.lines if sum(map(str.isalpha, line.text)) >= 3] or list(seen.lines)
    text = max(worded, key=lambda line: line.height).text
    return text if len(text) <= _HEADLINE else f"{text[: _HEADLINE - 1].rstrip()}…"


def _coloured(seen: Seen) -> str:
    return f", mostly {_listed(seen.surface.colours)}" if seen.surface.colours else ""


def _counted(found: Found) -> str:
    return _article(found.name) if found.count == 1 else _some(found.count, found.name, found.plural)


def _some(count: int, singular: str, plural: str) -> str:
    number = _NUMBERS[count] if count < len(_NUMBERS) else str(count)
    return f"{number} {singular if count == 1 else plural}"


def _article(noun: str) -> str:
    return f"{'an' if noun[0].lower() in 'aeiou' else 'a'} {noun}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _listed(words: Iterable[str]) -> str:
    *first, last = [*words] or [""]
    return f"{', '.join(first)} and {last}" if first else last
