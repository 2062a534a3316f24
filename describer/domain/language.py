"""Normalizes language tags (BCP 47): `EN` and `eng` become `en`, `pt-br` becomes `pt-BR`.

A tag is parsed and rebuilt from its registered parts: language, script, region and variants. Private parts (`en-x-…`)
and extensions are rejected: they mean nothing to a model and could inject a sentence into the prompt.
"""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from langcodes import Language

COMMON: Final = frozenset(
    (
        *("ar", "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "he", "hi", "hr", "hu", "id", "it"),
        *("ja", "ko", "lt", "lv", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th", "tr", "uk", "vi", "zh"),
    )
)
"""Tags in normal form. They need no registry, which takes a sixth of the indexing time to load."""
LONGEST: Final = 35
"""Maximum characters of a tag (RFC 5646, 4.4.1)."""
FORM: Final = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
"""The syntax of a tag, for documents; `normal` also consults the registry."""


def normal(tag: str) -> str:
    """Return the tag in its normal form by RFC 5646 and Unicode's CLDR. Raises ValueError."""
    return tag if tag in COMMON else normal_by_registry(tag)


def normal_by_registry(tag: str) -> str:
    """Return the normal form by the registry alone, which the first call loads."""
    from langcodes import Language  # noqa: PLC0415 - see COMMON
    from langcodes.tag_parser import LanguageTagError  # noqa: PLC0415

    try:
        given = Language.get(tag) if len(tag) <= LONGEST and tag.isascii() else None
    except LanguageTagError:
        given = None
    if given is None or not given.is_valid() or given.extensions or given.private or not _names_a_language(given):
        raise ValueError(f"{tag[:100]!r} is not a BCP 47 tag of registered parts such as en, pt-BR or zh-Hans")
    return Language.make(given.language, None, given.script, given.territory, given.variants).to_tag()


def _names_a_language(given: "Language") -> bool:
    """Return whether the tag has a language; langcodes returns all of `x-…` or of an irregular tag as one."""
    return given.language is not None and len(given.language) <= 3


def known(tag: str) -> str:
    """Return a stored text's tag in normal form, or unchanged if it has none, since a text belongs to it."""
    try:
        return normal(tag)
    except ValueError:
        return tag


def known_of(tags: Iterable[str]) -> dict[str, str]:
    """Return the normal form of each tag; if two tags have the same, the second stays unchanged."""
    given, names = set(tags), dict[str, str]()
    for tag in tags:
        name = known(tag)
        taken = name != tag and (name in given or name in names.values())
        names[tag] = tag if taken else name
    return names
