"""Language tags (BCP 47) in their one normal form: `EN`, `en` and `eng` are one language, `pt-br` is `pt-BR`.

A tag is parsed and written anew from its parts, of which only registered ones are taken: language, script, region and
variants. Private parts (`en-x-…`) and extensions say nothing to a model and could spell a sentence in the prompt.
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
"""Tags that are their own normal form. They need no registry, which takes a sixth of the time of indexing to load."""
LONGEST: Final = 35
"""Characters of a tag (RFC 5646, 4.4.1)."""
FORM: Final = r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*"
"""What the form of a tag is, for documents; `normal` also asks the registry."""


def normal(tag: str) -> str:
    """Give the tag in its normal form, as RFC 5646 and Unicode's CLDR have it.

    Raises:
        ValueError: it is not a tag, or has parts that are not registered.
    """
    return tag if tag in COMMON else normal_by_registry(tag)


def normal_by_registry(tag: str) -> str:
    """Give the same by the registry's data alone, which are loaded with the first call."""
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
    """Return whether it does; langcodes gives all of `x-…` and of an irregular tag as the language."""
    return given.language is not None and len(given.language) <= 3


def known(tag: str) -> str:
    """Give the tag of a stored text in its normal form, or as it is if it has none: somebody's text stands by it."""
    try:
        return normal(tag)
    except ValueError:
        return tag


def known_of(tags: Iterable[str]) -> dict[str, str]:
    """Give what each of these tags is called; where two are one language, the second stays as it is."""
    given, names = set(tags), dict[str, str]()
    for tag in tags:
        name = known(tag)
        taken = name != tag and (name in given or name in names.values())
        names[tag] = tag if taken else name
    return names
