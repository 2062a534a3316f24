"""Texts by a picture's author, in its file and the XMP file beside it, as read by `vision/embedded_text/`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from describer.domain.texts import key_of

DEFAULT: Final = "x-default"
"""XMP's tag for the default text."""

type ByLanguage = Mapping[str, str]
"""Non-empty texts by `x-default` and normalized language tags, in the file's order."""


@dataclass(frozen=True, slots=True)
class EmbeddedTexts:
    """An author's texts, without empty ones and camera templates.

    Args:
        alt_text, extended_description: IPTC's AltTextAccessibility and ExtDescrAccessibility.
        description, title: Dublin Core's.
        keywords: Dublin Core's subject, without duplicates.
        context_description, context_title: the authoritative ones among XMP, IIM, Exif and PNG, as context for the
            model; never an alt text.
    """

    alt_text: ByLanguage = field(default_factory=dict)
    extended_description: ByLanguage = field(default_factory=dict)
    description: ByLanguage = field(default_factory=dict)
    title: ByLanguage = field(default_factory=dict)
    keywords: tuple[str, ...] = ()
    context_description: str = ""
    context_title: str = ""

    @property
    def context(self) -> str:
        """Title and description, as far as they exist and differ."""
        return "\n".join(dict.fromkeys(text for text in (self.context_title, self.context_description) if text))

    def by_key(self, languages: Sequence[str]) -> dict[str, str]:
        """Return the texts by a record's keys (texts.py) for a request in these languages, the default one first."""
        texts = {"alt_text": self.alt_text, "extended_description": self.extended_description}
        return {
            key_of(name, tag, languages[0]): text
            for name, given in texts.items()
            for tag, text in _assigned(given, languages).items()
        }


@dataclass(frozen=True, slots=True)
class XmpSidecar:
    """The XMP file beside a picture, as written by Lightroom, darktable or digiKam.

    Args:
        name: name of its blob.
        sha256: SHA-256 of its bytes, in hex.
    """

    name: str
    sha256: str
    texts: EmbeddedTexts


@dataclass(frozen=True, slots=True)
class AuthorTexts:
    """All the author's texts: those in the picture's file, which take precedence, and those in the XMP file, if any."""

    in_file: EmbeddedTexts = field(default_factory=EmbeddedTexts)
    beside: XmpSidecar | None = None

    @property
    def context(self) -> str:
        """Title and description, each from the first source that has it."""
        if self.beside is None:
            return self.in_file.context
        own, other = self.in_file, self.beside.texts
        title = own.context_title or other.context_title
        description = own.context_description or other.context_description
        return EmbeddedTexts(context_title=title, context_description=description).context

    def by_source(self, languages: Sequence[str]) -> tuple[dict[str, str], ...]:
        """Return each source's texts for readers by a record's keys; the first source takes precedence."""
        sources = (self.in_file, self.beside.texts) if self.beside else (self.in_file,)
        return tuple(texts.by_key(languages) for texts in sources)

    def keys(self, languages: Sequence[str]) -> set[str]:
        return set().union(*self.by_source(languages))


def default_of(texts: ByLanguage) -> str:
    """Return the default text: x-default's, else the first."""
    return texts.get(DEFAULT) or next(iter(texts.values()), "")


def _assigned(texts: ByLanguage, languages: Sequence[str]) -> dict[str, str]:
    """Return the texts by requested language, matching variants too; other texts by their own tag.

    The x-default text is assigned to the default language, unless that has its own text or another language has the
    same text.
    """
    given = {tag: text for tag, text in texts.items() if tag != DEFAULT}
    found = {tag: given.pop(tag) for tag in languages if tag in given}
    for language in languages:
        forms = [tag for tag in given if tag.startswith(f"{language}-") or language.startswith(f"{tag}-")]
        if forms and language not in found:
            found[language] = given.pop(forms[0])
    default = texts.get(DEFAULT, "")
    if default and languages[0] not in found and default not in {*found.values(), *given.values()}:
        found[languages[0]] = default
    return found | given
