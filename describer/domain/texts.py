"""A picture's texts and facts with their provenance, as in a record and in each history entry.

A *key* names one of them: `alt_text` is the default language's, `de/alt_text` a translation's, `tags` a fact.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, model_validator

from describer.domain.description import ImageKind, Texts
from describer.domain.language import known, known_of

TEXT_FIELDS: Final = tuple(Texts.model_fields)
FACTS: Final = ("visible_text", "tags", "image_kind", "is_decorative")
"""The facts, which apply to all languages."""
MACHINE_MADE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for machine-made media; it labels the text, never the picture."""

_DIGITS: Final = 12

type Value = str | bool | tuple[str, ...] | None
type Keyed[T] = dict[str, T]
"""Values by key."""


def key_of(name: str, language: str, default: str | None = None) -> str:
    """Return the key of a text in a language: its name if that is the default one."""
    return name if language == default else f"{language}/{name}"


def split_key(key: str) -> tuple[str | None, str]:
    """Return a key's language, None for the default one and for facts, and its name."""
    language, slash, name = key.partition("/")
    return (language, name) if slash else (None, key)


def is_text(key: str) -> bool:
    """Return whether a key names a text, not a fact."""
    return split_key(key)[1] in TEXT_FIELDS


class Part(BaseModel, frozen=True, extra="allow", json_schema_serialization_defaults_required=True):
    """A part of a sidecar. Fields that a later version or another program added are preserved."""


class Origin(StrEnum):
    """The author of a text."""

    HUMAN = "human"
    EMBEDDED = "embedded"
    """The picture's author, in its file: the text is wherever these bytes are."""
    MODEL = "model"


class Review(StrEnum):
    """The state of people's review."""

    SUGGESTED = "suggested"
    """Not reviewed."""
    APPROVED = "approved"
    """The texts are kept, whatever is requested later."""
    EDITED = "edited"
    """The alt text is a person's."""
    REJECTED = "rejected"
    """A person must write the alt text; the model is not asked again for these bytes."""


class Provenance(Part):
    """The provenance of a text."""

    origin: Annotated[Origin | str, Field(union_mode="left_to_right")]
    """An origin that only a later version knows is treated as a person."""
    model: str | None = None
    digital_source_type: str | None = None
    digest: str | None = None
    """Digest of the text at the app's last write, see `digest_of`. A text with another digest is a person's."""
    review: Review | None = None
    """`approved` or `rejected`, if a person reviewed this text."""
    reviewed_by: str | None = None
    """Who wrote or judged it, as the caller said, where REVIEWED_BY is on: an id that means nothing to the app."""

    @property
    def is_persons(self) -> bool:
        """Whether a person or the picture's author wrote it or a person reviewed it; no answer may replace it."""
        return self.origin != Origin.MODEL or self.review is not None

    @property
    def is_nowhere_else(self) -> bool:
        """Whether deleting the record would lose a person's text; an author's text is in the file too."""
        return self.is_persons and (self.origin != Origin.EMBEDDED or self.review is not None)


class Translation(Texts, extra="allow"):
    """The texts in a language other than the default."""


_Text = Annotated[str, BeforeValidator(lambda given: "" if given is None else given)]


class AttributedTexts(Part):
    """Texts with their provenance; those in the default language are at the top level because indexers map that."""

    language: Annotated[str, AfterValidator(known)]
    alt_text: _Text = ""
    description: _Text = ""
    extended_description: _Text = ""
    visible_text: _Text = ""
    tags: tuple[str, ...] = ()
    image_kind: Annotated[ImageKind | str | None, Field(union_mode="left_to_right")] = None
    is_decorative: bool = False
    translations: dict[str, Translation] = Field(default_factory=dict)
    provenance: dict[str, Provenance] = Field(default_factory=dict)
    """By key: `alt_text`, `de/alt_text` for a translation, `tags`."""

    @model_validator(mode="before")
    @classmethod
    def _with_normal_tags(cls, given: Any) -> Any:
        """Normalize tags: people and earlier versions wrote `pt-br` or `EN`."""
        match given:
            case {"translations": dict(texts), "provenance": dict(provenance)}:
                names = known_of(texts)
                of_keys = {_renamed(key, names): entry for key, entry in provenance.items()}
                return given | {"translations": {names[tag]: of for tag, of in texts.items()}, "provenance": of_keys}
            case _:
                return given

    def values(self) -> Keyed[Value]:
        """Return all texts and facts, including empty ones."""
        flat: Keyed[Value] = {name: getattr(self, name) for name in (*TEXT_FIELDS, *FACTS)}
        return flat | {
            key_of(name, tag): getattr(texts, name) for tag, texts in self.translations.items() for name in TEXT_FIELDS
        }

    def filled(self) -> Keyed[tuple[str, ...]]:
        """Return the names of the non-empty texts by language, the default one first."""
        texts = {self.language: self, **self.translations}
        return {tag: tuple(name for name in TEXT_FIELDS if getattr(given, name)) for tag, given in texts.items()}

    def replacing(self, values: Mapping[str, Value], provenance: Mapping[str, Provenance]) -> Self:
        """Return this object with these values replaced and these provenance entries added."""
        update: dict[str, object] = {}
        translations = dict(self.translations)
        for key, value in values.items():
            tag, name = split_key(key)
            if tag is None:
                update[name] = value
            else:
                translations[tag] = translations.get(tag, Translation()).model_copy(update={name: value})
        translations = {tag: texts for tag, texts in translations.items() if texts != Translation()}
        update |= {"translations": translations, "provenance": {**self.provenance, **provenance}}
        return self.model_copy(update=update)

    def origin(self, key: str) -> Origin | str | None:
        """Return the author of a text, or None if there is none."""
        entry = self.provenance.get(key)
        return entry.origin if entry else None

    def of_people(self) -> Keyed[Value]:
        """Return the values that a person or the picture's author wrote or a person reviewed, by key."""
        values = self.values()
        return {key: values.get(key, "") for key, entry in self.provenance.items() if entry.is_persons}

    def of_editors(self) -> Keyed[Value]:
        """Return those of `of_people` that are in no file."""
        return {key: value for key, value in self.of_people().items() if self.provenance[key].is_nowhere_else}

    def led_by(self, language: str) -> Self:
        """Return the same texts with `language` as the default; the former default becomes a translation."""
        if language == self.language:
            return self
        top = Translation.model_validate({name: getattr(self, name) for name in TEXT_FIELDS})
        texts = self.translations | ({} if top == Translation() else {self.language: top})
        led = texts.pop(language, Translation())
        names = {key_of(name, language): name for name in TEXT_FIELDS}
        names |= {name: key_of(name, self.language) for name in TEXT_FIELDS}
        update: dict[str, object] = {name: getattr(led, name) for name in TEXT_FIELDS}
        update |= {"language": language, "translations": texts}
        update |= {"provenance": {names.get(of, of): by for of, by in self.provenance.items()}}
        return self.model_copy(update=update)


def _renamed(key: str, languages: Mapping[str, str]) -> str:
    tag, name = split_key(key)
    return key if tag is None else key_of(name, languages.get(tag, tag))


def digest_of(value: Value) -> str:
    """Return 12 hex digits of the SHA-256 of a text in UTF-8, or of any other value's JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def by_model(model: str, values: Mapping[str, Value]) -> Keyed[Provenance]:
    """Return the provenance of a model's answer: of each non-empty text and of every fact."""
    made = Provenance(origin=Origin.MODEL, model=model, digital_source_type=MACHINE_MADE)
    given = [key for key, value in values.items() if value or key in FACTS]
    return {key: made.model_copy(update={"digest": digest_of(values[key])}) for key in given}


def by_person(values: Mapping[str, Value]) -> Keyed[Provenance]:
    """Return the provenance of values that a person wrote or emptied."""
    return {key: Provenance(origin=Origin.HUMAN, digest=digest_of(value)) for key, value in values.items()}


def by_author(values: Mapping[str, Value]) -> Keyed[Provenance]:
    """Return the provenance of texts that the picture's author embedded in its file."""
    return {key: Provenance(origin=Origin.EMBEDDED, digest=digest_of(value)) for key, value in values.items()}


def removed(keys: Iterable[str]) -> Keyed[Provenance]:
    """Return the provenance of texts that a person removed: empty and the model's, so that it is asked again."""
    return {key: Provenance(origin=Origin.MODEL, digest=digest_of("")) for key in keys}
