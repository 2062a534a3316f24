"""Rules on the content of a text: only the picture, and only what is visible of people."""

import re
from collections.abc import Iterator
from typing import Final

from describer.vision.brief import Brief
from describer.vision.quality.about_form import contains, found_in
from describer.vision.quality.draft import Draft, Finding, rule
from describer.vision.quality.lexicon import LANGUAGES, given_names, lexicon, starts_sentence
from describer.vision.quality.markup import without_addresses
from describer.vision.quality.wording import sentences, unquoted, words

_TOKEN: Final = re.compile(r"[^\W\d_][\w'’.-]*")
_TOKENS_OF_MODEL: Final = re.compile(
    r"<\|[^|>]{1,40}\|>|\[/?INST\]|<</?SYS>>|^#{2,3} ?(instruction|response|system|input)\b"
    r"|\b(begin|end) (system )?prompt\b",
    re.IGNORECASE | re.MULTILINE,
)
_PARTICLES: Final = frozenset(
    {"van", "von", "de", "da", "di", "del", "della", "der", "den", "le", "la", "bin", "al", "el", "dos"}
)
_ALSO_NOUNS: Final = frozenset({"frau", "herr"})
"""Titles that are also nouns: they count as titles only at the start or after one of the next words."""
_BEFORE_TITLES: Final = frozenset({"und", "mit", "von", "neben", "für", "bei", "hinter", "vor", "links", "rechts"})


@rule("refusal")
def refusal(draft: Draft, brief: Brief) -> Finding | None:
    """Find a refusal or an excuse in any language. If it is not the alt text, only that text is removed."""
    patterns = [lexicon(language).refusals for language in LANGUAGES]
    return _withheld(draft, patterns, brief.policy.words_of("refusal"))


@rule("instruction")
def instruction(draft: Draft, brief: Brief) -> Finding | None:
    """Find signs of a followed instruction or of the model's own system: orders, verdicts, prompt tokens."""
    patterns = [_TOKENS_OF_MODEL, *(lexicon(language).orders for language in LANGUAGES)]
    return _withheld(draft, patterns, brief.policy.words_of("instruction"))


def _withheld(draft: Draft, patterns: list[re.Pattern[str]], own: tuple[str, ...]) -> Finding | None:
    found = {
        name: text
        for name, text in draft.fields.items()
        if starts_sentence(text, patterns) or any(contains(unquoted(text), word) for word in own)
    }
    if not found:
        return None
    emptied = draft.fields if "alt_text" in found else found
    return Finding(next(iter(found.values()))[:300], draft.replacing(**dict.fromkeys(emptied, "")))


@rule("inferred_trait")
def inferred_trait(draft: Draft, brief: Brief) -> Finding | None:
    """Find race, religion, health, sexuality or a feeling inferred from a person's looks."""
    words_of_operator = brief.policy.words_of("inferred_trait")
    return found_in(draft.fields.values(), lexicon(draft.language).traits, words_of_operator)


@rule("person_name")
def person_name(draft: Draft, brief: Brief) -> Finding | None:
    """Find a person's name that is neither legible in the picture nor given by the caller, the file or a setting."""
    legible = {*words(draft.description.visible_text), *words(f"{brief.context} {brief.author} {brief.picture_facts}")}
    legible |= {word for name in brief.policy.words_of("person_name") for word in words(name)}
    for text in draft.fields.values():
        for name in _names(text, draft.language):
            if not any(word in legible for word in words(name)):
                return Finding(name)
    return None


def _names(text: str, language: str) -> Iterator[str]:
    known = lexicon(language)
    seen = unquoted(text)
    yield from (found[0] for found in known.names.finditer(seen))
    for found in known.naming.finditer(seen):
        if (name := _TOKEN.match(seen, found.end() + 1)) and name[0][0].isupper():
            yield name[0]
    for sentence in sentences(text):
        yield from _spelled(sentence, known.titles)


def _spelled(sentence: str, titles: re.Pattern[str]) -> Iterator[str]:
    listed = given_names()
    tokens = [token.strip("'’.-") for token in _TOKEN.findall(sentence)]
    lower = [token.casefold() for token in tokens]
    for at, token in enumerate(tokens):
        rest = [other for other in lower[at + 1 : at + 4] if other not in _PARTICLES]
        before = lower[at - 1] if at else ""
        name = " ".join(_capitals(tokens, at))
        if (
            before in listed["saints"]
            or any(other in listed["things"] for other in [lower[at], *rest[:3]])
            or _is_maker(at, lower, sentence)
        ):
            continue
        given = token[0].isupper() and lower[at] in listed["names"]
        titled = at > 0 and token[0].isupper() and _is_title(lower, at - 1, titles)
        whole = given and " " in name
        alone = given and at == 0 and lower[0] not in listed["doubtful"] and _acts(tokens[1:2], listed["followed"])
        paired = (
            given and lower[at + 1 : at + 2] and lower[at + 1] in listed["joined"] and _given(tokens[at + 2 : at + 3])
        )
        if whole or alone or paired or titled:
            yield name


def _acts(following: list[str], known: list[str]) -> bool:
    """Return whether the word after a name looks like that person's verb: `smiles`, `lacht`."""
    return any(word in known or (word[0].islower() and word.endswith(("s", "t", "ing"))) for word in following)


def _given(tokens: list[str]) -> bool:
    return any(token[0].isupper() and token.casefold() in given_names()["names"] for token in tokens)


def _capitals(tokens: list[str], at: int) -> list[str]:
    """Return the name that begins here: capitalized words, with particles between them."""
    end = at + 1
    while end < len(tokens) and (tokens[end][0].isupper() or tokens[end] in _PARTICLES) and end < at + 4:
        end += 1
    while tokens[end - 1] in _PARTICLES and end > at + 1:
        end -= 1
    return tokens[at:end]


def _is_title(lower: list[str], at: int, titles: re.Pattern[str]) -> bool:
    if lower[at] in _ALSO_NOUNS and at and lower[at - 1] not in _BEFORE_TITLES:
        return False
    return bool(titles.fullmatch(lower[at]))


def _is_maker(at: int, lower: list[str], sentence: str) -> bool:
    """Return whether the name is that of the shown work's maker."""
    listed = given_names()
    return at > 0 and lower[at - 1] in listed["by"] and bool(re.search(listed["works"], sentence, re.IGNORECASE))


@rule("avoided_word")
def avoided_word(draft: Draft, brief: Brief) -> Finding | None:
    """Find a word to avoid in a text or tag."""
    said = [*draft.fields.values(), *draft.description.tags]
    found = [word for word in brief.forbidden_words if any(contains(unquoted(text), word) for text in said)]
    return Finding(", ".join(found)) if found else None


@rule("keyword_missing")
def keyword_missing(draft: Draft, brief: Brief) -> Finding | None:
    """Find that no text or tag contains any of the words to use."""
    said = [*draft.fields.values(), *draft.description.tags]
    used = any(contains(text, word) for word in brief.wanted_words for text in said)
    return Finding(", ".join(brief.wanted_words)) if brief.wanted_words and not used else None


@rule("uncertain")
def uncertain(draft: Draft, _brief: Brief) -> Finding | None:
    """Report the model's own uncertainties."""
    orders = [_TOKENS_OF_MODEL, *(lexicon(language).orders for language in LANGUAGES)]
    said = [text.strip()[:200] for text in draft.description.uncertainties if text.strip()]
    doubts = ["…" if starts_sentence(text, orders) else without_addresses(text) for text in said]
    return Finding("; ".join(doubts[:5])) if doubts else None
