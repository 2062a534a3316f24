"""Words the measurements in English, without claiming more than was measured."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from local.azure_openai.sight.objects import Found
from local.azure_openai.sight.surface import Surface
from local.azure_openai.sight.text import Line

_HEADLINE = 60
_QUOTED_LINES = 60
_TALL = 0.95
"""A heading's minimum share of the tallest line's height."""
_BESIDE = 0.1
"""Share of the width that holds the vertical axis's numbers."""
_LABELS = 8
_NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")
_NOUNS = {
    "photo": "photo",
    "chart": "chart",
    "screenshot": "screenshot",
    "document": "document",
    "illustration": "drawing",
}
_PLAIN = re.compile(r"[\d.,]+[kM%]?")
_NUMERIC = re.compile(r"[A-Z]?[\d\s.,%€$£+-]+[kM]?")


@dataclass(frozen=True, slots=True)
class Seen:
    """All that is known of one picture.

    Args:
        width: pixels, upright, as it was examined.
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
        """The objects to claim; the models were trained on photos and are ignored elsewhere."""
        return tuple(each for each in self.found if each.sure) if self.kind == "photo" else ()

    @property
    def possible(self) -> tuple[Found, ...]:
        """The objects to call possible."""
        return tuple(each for each in self.found if not each.sure) if self.kind == "photo" else ()


def alt_text(seen: Seen) -> str:
    """One sentence of about 200 characters; empty if nothing was recognised, which demands a review."""
    if seen.kind == "photo":
        return _photo(seen)
    if not seen.lines:
        return ""
    noun = _capital(_article(_NOUNS[seen.kind]))
    if seen.kind == "chart":
        return f'{noun} titled "{_headline(seen)}"{_axes(seen)}.'
    return f'{noun} headed "{_headline(seen)}".'


def description(seen: Seen) -> str:
    """The alt text and further claims."""
    sentences = [alt_text(seen)]
    if seen.possible:
        sentences.append(f"Perhaps it shows {_article(seen.possible[0].name)} too.")
    if seen.kind != "photo" and len(seen.lines) > 1:
        sentences.append("All of the text that was read is in the extended description.")
    return " ".join(filter(None, sentences))


def extended_description(seen: Seen) -> str:
    """The text that was read, for kinds that consist of text; empty for photos and drawings."""
    if seen.kind in {"photo", "illustration"} or not seen.lines:
        return ""
    quoted = "; ".join(f'"{line.text}"' for line in seen.lines[:_QUOTED_LINES])
    rest = "; and more" if len(seen.lines) > _QUOTED_LINES else ""
    return f"{_capital(_article(_NOUNS[seen.kind]))}. Its text, from top to bottom: {quoted}{rest}."


def tags(seen: Seen) -> list[str]:
    """The kind and the claims."""
    return [*(each.name for each in seen.sure), _NOUNS[seen.kind]]


def _photo(seen: Seen) -> str:
    words = f'the words "{_headline(seen)}"' if seen.lines else ""
    if seen.sure:
        shown = _listed(map(_counted, seen.sure[:3]))
        return f"A photo of {shown}{', with ' if words else ''}{words}."
    return f"A photo with {words}." if words else ""


def _axes(seen: Seen) -> str:
    """The words in a chart, such as those of its legend, and the highest number beside it."""
    title = _headline(seen)
    words = [line.text for line in seen.lines if line.text.isalpha() and line.text != title]
    beside = [line for line in seen.lines if _PLAIN.fullmatch(line.text) and line.left < _BESIDE * seen.width]
    said = [_listed(f'"{word}"' for word in words)] if 0 < len(words) <= _LABELS else []
    said += [f"an axis up to {min(beside, key=lambda line: line.top).text}"] if beside else []
    return f", with {' and '.join(said)}" if said else ""


def _headline(seen: Seen) -> str:
    """Return the topmost of the tall lines that have words, cut to a length that fits an alt text."""
    worded = [line for line in seen.lines if sum(map(str.isalpha, line.text)) >= 3] or list(seen.lines)
    tallest = max(line.height for line in worded)
    text = next(line.text for line in worded if line.height >= _TALL * tallest)
    return text if len(text) <= _HEADLINE else f"{text[: _HEADLINE - 1].rstrip()}…"


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
