"""Rules on the form of a text: plain, in its own words, and short enough to be read out."""

import re
from collections import Counter
from collections.abc import Iterable
from itertools import pairwise
from typing import Final

from describer.domain.description import Texts
from describer.vision.brief import Brief
from describer.vision.characters import cleaned
from describer.vision.quality import markup
from describer.vision.quality.draft import Draft, Finding, rule
from describer.vision.quality.lexicon import LANGUAGES, lexicon
from describer.vision.quality.wording import plain, unquoted, words

MOST_TAGS: Final = 20
LONGEST_TAG: Final = 60
LONGEST: Final = {"visible_text": 20000, "extended_description": 8000, "description": 2000, "alt_text": 4000}
"""Maximum characters that are kept of each text; no genuine answer reaches them."""

_LIKE_FILE: Final = re.compile(
    r"[^\s]+\.(jpe?g|png|gif|webp|bmp|tiff?|heic|avif|svg|pdf|raw|nef|cr2|dng|jp2|jxl|psd)"  # one word
    r"|(\S+ ){1,6}\S*\.(jpe?g|png|gif|webp|bmp|tiff?|heic|avif)"
    r"|(fb_img|img|dsc[nf]?|pxl|mvi|pano|vid|gopr|dji|sam|cimg|kimg|wp|p|pict|scan|received|unnamed"
    r"|screenshot|screen shot|bildschirmfoto|whatsapp image|snapchat|capture)[ _(.-]*\d{2,}"
    r"([\d ().:,_-]|at|um|à|wa|edited|copy|kopie|[ap]m|[a-f]\b)*"
    r"|\w+(_\w+)+|\w+(-\w+){3,}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{16,}|[\d _.:-]{4,}"
    r"|\w+-\d{6,}[\w-]*|([a-z]:)?([\\/][\w. -]+){2,}",
    re.IGNORECASE,
)
_FIELD: Final = re.compile(r"\b(alt_text|extended_description|visible_text|image_kind|is_decorative)\b")
_AROUND: Final = re.compile(r"^[\W_]*?(?=[\w\[<{(])|[ .!?…*_\"'。!?」–—-]+$")
_BRACKETS: Final = re.compile(r"^[\[<{(]+|[\]>})]+$")
_MIN_ECHOED: Final = 6
"""Number of consecutive words of the prompt that count as an echo."""
_MIN_LISTED: Final = 6
_SEPARATORS: Final = re.compile(r"\s*[,;|/、,;]\s*")
_CLOSING: Final = re.compile(r"\b(and|or|und|oder|et|ou|y|o|e|en|of|i|oraz|lub|mit|with|avec|con|com|met|z)\b")


@rule("characters")
def characters(draft: Draft, _brief: Brief) -> Finding | None:
    """Remove invisible characters from everything that the model answered."""
    said = draft.description
    update: dict[str, object] = {"visible_text": cleaned(said.visible_text)}
    update |= {name: tuple(map(cleaned, getattr(said, name))) for name in ("tags", "uncertainties")}
    update["texts"] = {
        tag: Texts(**{name: cleaned(text) for name, text in texts.model_dump().items()})
        for tag, texts in said.texts.items()
    }
    left = said.model_copy(update=update)
    return None if left == said else Finding(left=Draft(left, draft.language, draft.name))


@rule("length_of_fields")
def length_of_fields(draft: Draft, _brief: Brief) -> Finding | None:
    """Cut off excessive text, tags beyond the maximum, and duplicate tags."""
    said = draft.description
    tags = {tag.casefold(): tag for tag in reversed([markup.on_one_line(tag).strip(" \t#,.;") for tag in said.tags])}
    kept = tuple(reversed([tag for tag in tags.values() if tag and len(tag) <= LONGEST_TAG]))[:MOST_TAGS]
    visible = said.visible_text[: LONGEST["visible_text"]]
    left = Draft(said.model_copy(update={"tags": kept, "visible_text": visible}), draft.language, draft.name)
    left = (
        left.replacing(**{name: text[: LONGEST[name]] for name, text in draft.fields.items()}) if draft.fields else left
    )
    return None if left.description == said else Finding(left=left)


def _stripping(draft: Draft, left: Draft) -> Finding | None:
    return None if left == draft else Finding(left=left)


@rule("markup")
def without_markup(draft: Draft, _brief: Brief) -> Finding | None:
    """Remove HTML and Markdown."""
    return _stripping(draft, draft.with_texts(markup.without_markup))


@rule("lines")
def on_one_line(draft: Draft, _brief: Brief) -> Finding | None:
    """Put alt text and description on one line each."""
    texts = {name: markup.on_one_line(getattr(draft.texts, name)) for name in ("alt_text", "description")}
    return _stripping(draft, draft.replacing(**texts)) if draft.fields else None


@rule("quotes")
def without_quotes(draft: Draft, _brief: Brief) -> Finding | None:
    """Remove quotes around the whole text, unless the picture shows that text."""
    seen = plain(draft.description.visible_text)

    def change(text: str) -> str:
        left = markup.without_wrapping_quotes(text)
        return text if left != text and plain(left) in seen and seen else left

    return _stripping(draft, draft.with_texts(change))


@rule("address")
def without_addresses(draft: Draft, _brief: Brief) -> Finding | None:
    """Remove addresses that a program would open."""
    return _stripping(draft, draft.with_texts(markup.without_addresses))


@rule("emoji")
def without_emoji(draft: Draft, _brief: Brief) -> Finding | None:
    """Remove pictographs."""
    return _stripping(draft, draft.with_texts(markup.without_emoji))


@rule("opening")
def without_opening(draft: Draft, _brief: Brief) -> Finding | None:
    """Remove "Image of" and similar openings, in the text's language."""
    known = lexicon(draft.language)
    found = known.openings.match(plain(draft.alt_text))
    if not found or known.openings_kept.match(plain(draft.alt_text)):
        return None
    rest = "".join(text for name, text in found.groupdict().items() if text and name.startswith("rest"))
    left = (rest + plain(draft.alt_text)[found.end() :]).lstrip(" ,:;.-–—").strip()
    return (
        Finding(left=draft.replacing(alt_text=left[:1].upper() + left[1:]))
        if len(words(left)) or len(left) > 3
        else None
    )


@rule("opening_left")
def opening_left(draft: Draft, _brief: Brief) -> Finding | None:
    """Flag an opening that cannot be removed because the rest depends on it, as with German and Polish cases."""
    found = lexicon(draft.language).openings_left.match(draft.alt_text)
    return Finding(found[0].strip()) if found else None


@rule("empty")
def empty(draft: Draft, _brief: Brief) -> Finding | None:
    """Find a missing alt text, unless the answer calls the picture decorative."""
    has_text = any(sign.isalnum() for sign in draft.alt_text)
    return None if has_text or (not draft.alt_text and draft.description.is_decorative) else Finding()


@rule("decorative")
def decorative(draft: Draft, _brief: Brief) -> Finding | None:
    """Find a missing alt text of a picture that the answer calls decorative; only a person may confirm that."""
    return Finding() if not draft.alt_text and draft.description.is_decorative else None


@rule("file_name")
def file_name(draft: Draft, _brief: Brief) -> Finding | None:
    """Find a file name instead of a text."""
    said = draft.alt_text.strip(" .")
    own = draft.name.rpartition("/")[2]
    stem = own.rpartition(".")[0] or own
    same = bool(own) and said.casefold() in {own.casefold(), stem.casefold()} and len(words(said)) < 3
    return Finding(said[:100]) if same or _LIKE_FILE.fullmatch(said) else None


@rule("placeholder")
def placeholder(draft: Draft, brief: Brief) -> Finding | None:
    """Find a placeholder or a single vague word instead of a text."""
    said = _BRACKETS.sub("", _AROUND.sub("", plain(draft.alt_text))).strip()
    known = [lexicon(language).placeholders for language in LANGUAGES]
    own = said.casefold() in {word.casefold() for word in brief.policy.words_of("placeholder")}
    return Finding(said[:100]) if own or any(pattern.fullmatch(said) for pattern in known) else None


@rule("echo")
def echo(draft: Draft, brief: Brief) -> Finding | None:
    """Find the words of the prompt instead of a description."""
    asked = _runs(words(f"{brief.instructions} {brief.question}"))
    own = draft.texts.model_dump().values()
    echoed = any(_runs(words(text)) & asked for text in own)
    same = words(draft.alt_text) == words(brief.question)
    return Finding() if echoed or same or _FIELD.search(draft.alt_text) else None


def _runs(said: list[str]) -> set[tuple[str, ...]]:
    return {tuple(said[at : at + _MIN_ECHOED]) for at in range(len(said) - _MIN_ECHOED + 1)}


@rule("too_long")
def too_long(draft: Draft, brief: Brief) -> Finding | None:
    """Find an alt text that exceeds its limit."""
    allowed, length = brief.max_chars or brief.policy.hard_chars, len(draft.alt_text)
    return Finding(f"{length} characters; {allowed} are allowed") if length > allowed else None


@rule("stuffing")
def stuffing(draft: Draft, _brief: Brief) -> Finding | None:
    """Find a list of search terms instead of a sentence, or a repeated word."""
    text = unquoted(draft.alt_text)
    parts = [part for part in _SEPARATORS.split(text.rstrip(".")) if part]
    short = [part for part in parts if len(part.split()) <= 3 and len(part) <= 30]
    listed = (
        len(parts) >= _MIN_LISTED and len(short) == len(parts) and not _CLOSING.search(parts[-1]) and ":" not in text
    )
    said = [word for word in words(text) if len(word) > 2]
    word, count = next(iter(Counter(said).most_common(1)), ("", 0))
    repeated = count >= 4 and len(word) > 3 and count * 5 >= len(words(text))
    doubled = any(one == other for one, other in pairwise(words(text)) if len(one) > 2) and count >= 3
    pairs = Counter(pairwise(words(text)))
    phrased = any(times >= 3 and len("".join(pair)) > 6 for pair, times in pairs.items()) and len(parts) >= 3
    if not (listed or repeated or doubled or phrased):
        return None
    return Finding(word if repeated or doubled else "a list of terms")


@rule("copy")
def copy(draft: Draft, _brief: Brief) -> Finding | None:
    """Find a description that repeats the alt text word for word."""
    said = words(draft.alt_text)
    return Finding() if len(said) > 4 and said == words(draft.texts.description) else None


@rule("extended_missing")
def extended_missing(draft: Draft, _brief: Brief) -> Finding | None:
    """Find a chart, diagram or map without an extended description."""
    said, extended = words(draft.alt_text), words(draft.texts.extended_description)
    tells = len(draft.texts.extended_description.strip()) > len(draft.alt_text) and extended != said
    complicated = draft.description.image_kind in {"chart", "diagram", "map"}
    return Finding(draft.description.image_kind) if complicated and draft.alt_text and not tells else None


@rule("hedging")
def hedging(draft: Draft, brief: Brief) -> Finding | None:
    """Find words of doubt."""
    texts = (draft.alt_text, draft.texts.description)
    return found_in(texts, lexicon(draft.language).hedges, brief.policy.words_of("hedging"))


def found_in(texts: Iterable[str], pattern: re.Pattern[str], own: tuple[str, ...]) -> Finding | None:
    """Return the first match of the pattern, or of one of the operator's own words, outside of quotations."""
    for text in texts:
        seen = unquoted(text)
        if found := pattern.search(seen):
            return Finding(found[0].strip())
        if word := next((word for word in own if contains(seen, word)), ""):
            return Finding(word)
    return None


def contains(text: str, word: str) -> bool:
    """Return whether a text contains a word or phrase, regardless of case; as whole words if the script has spaces."""
    pattern = re.escape(word.strip())
    spaced = not re.search(r"[\u3040-\u30ff\u4e00-\u9fff\u0e00-\u0e7f]", word)
    return bool(re.search(rf"(?<!\w){pattern}(?!\w)" if spaced else pattern, text, re.IGNORECASE))
