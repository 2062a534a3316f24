"""What a picture's author wrote, in its file and in the XMP file beside it; `vision/embedded_text/` reads it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

DEFAULT: Final = "x-default"
"""XMP's tag for the text of whoever asks for no language."""

type ByLanguage = Mapping[str, str]
"""Filled texts by `x-default` and language tags in their normal form, in the file's order."""


@dataclass(frozen=True, slots=True)
class EmbeddedTexts:
    """What an author wrote; nothing of it is empty, or a text that cameras put there.

    Args:
        alt_text, extended_description: IPTC's AltTextAccessibility and ExtDescrAccessibility.
        description, title: Dublin Core's.
        keywords: Dublin Core's subject, each once.
        context_description, context_title: the one that counts among all places (XMP, IIM, Exif, PNG), for the model
            to know; never an alt text.
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
        """Title and description, as far as they are there and differ."""
        return "\n".join(dict.fromkeys(text for text in (self.context_title, self.context_description) if text))

    def by_key(self, languages: Sequence[str]) -> dict[str, str]:
        """The texts for readers by a record's keys (texts.py), if these languages are asked, the default one first."""
        texts = {"alt_text": self.alt_text, "extended_description": self.extended_description}
        return {
            name if tag == languages[0] else f"{tag}/{name}": text
            for name, given in texts.items()
            for tag, text in _assigned(given, languages).items()
        }


@dataclass(frozen=True, slots=True)
class XmpSidecar:
    """The XMP file beside a picture, such as Lightroom, darktable and digiKam write.

    Args:
        name: of its blob.
        sha256: of its bytes, in hex.
        texts: what the author wrote there.
    """

    name: str
    sha256: str
    texts: EmbeddedTexts


@dataclass(frozen=True, slots=True)
class AuthorTexts:
    """All that the author wrote: in the picture's file, whose texts win, and in the XMP file beside it, if any."""

    in_file: EmbeddedTexts = field(default_factory=EmbeddedTexts)
    beside: XmpSidecar | None = None

    @property
    def context(self) -> str:
        """Title and description, each from where it is found first."""
        if self.beside is None:
            return self.in_file.context
        own, other = self.in_file, self.beside.texts
        title = own.context_title or other.context_title
        description = own.context_description or other.context_description
        return EmbeddedTexts(context_title=title, context_description=description).context

    def by_source(self, languages: Sequence[str]) -> tuple[dict[str, str], ...]:
        """The texts for readers by a record's keys, of each source; the first one wins."""
        sources = (self.in_file, self.beside.texts) if self.beside else (self.in_file,)
        return tuple(texts.by_key(languages) for texts in sources)

    def keys(self, languages: Sequence[str]) -> set[str]:
        """The keys of all texts."""
        return set().union(*self.by_source(languages))


def default_of(texts: ByLanguage) -> str:
    """Return the text of whoever asks for no language: x-default's, else the first."""
    return texts.get(DEFAULT) or next(iter(texts.values()), "")


def _assigned(texts: ByLanguage, languages: Sequence[str]) -> dict[str, str]:
    """By the asked language that a tag is, or is a form of; others by their own tag.

    A default text is that of the default language, unless another language has it word for word, or the default
    language has one of its own.
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
