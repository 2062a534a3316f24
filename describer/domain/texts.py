"""A picture's texts and facts, and who wrote each: what a record and each line of its history have in common.

A *key* names one of them: `alt_text` is the default language's, `de/alt_text` that of a translation, `tags` a fact.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, Final, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from describer.domain.description import ImageKind, Texts
from describer.domain.language import known, known_of

TEXT_FIELDS: Final = tuple(Texts.model_fields)
FACTS: Final = ("visible_text", "tags", "image_kind", "is_decorative")
"""What is said once for all languages."""
MACHINE_MADE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for machine-made media: it labels the text, never the picture."""

_DIGITS: Final = 12

type Value = str | bool | tuple[str, ...] | None
type Keyed[T] = dict[str, T]
"""By key."""


class Part(BaseModel):
    """A piece of a sidecar. Fields that a later version or another program added are kept as they are."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_serialization_defaults_required=True)


class Origin(StrEnum):
    """Who wrote a text."""

    HUMAN = "human"
    EMBEDDED = "embedded"
    """The picture's author, in its file: wherever these bytes are, the text is."""
    MODEL = "model"


class Review(StrEnum):
    """What people said of the texts."""

    SUGGESTED = "suggested"
    """Nothing yet."""
    APPROVED = "approved"
    """The texts stand as they are, whatever is asked later."""
    EDITED = "edited"
    """The alt text is a person's."""
    REJECTED = "rejected"
    """A person is to write the alt text; the model is not asked again for these bytes."""


class Provenance(Part):
    """Where one text comes from."""

    origin: Annotated[Origin | str, Field(union_mode="left_to_right")]
    """An origin that only a later version knows is treated as a person."""
    model: str | None = None
    digital_source_type: str | None = None
    digest: str | None = None
    """Of the text as the app last wrote it, see `digest_of`. A text that no longer matches it is a person's."""
    review: Review | None = None
    """`approved` or `rejected` where a person judged this text."""
    reviewed_by: str | None = None
    """Who wrote or judged it, as the caller said, where REVIEWED_BY is on: an id that means nothing to the app."""

    @property
    def is_persons(self) -> bool:
        """Whether a person wrote or judged it, so that no answer may replace it."""
        return self.origin != Origin.MODEL or self.review is not None

    @property
    def is_nowhere_else(self) -> bool:
        """Whether a person's word would be lost with the record: what the author wrote is in the file too."""
        return self.is_persons and (self.origin != Origin.EMBEDDED or self.review is not None)


class Translation(Texts):
    """The texts of a language that is not the default one."""

    model_config = ConfigDict(frozen=True, extra="allow", json_schema_serialization_defaults_required=True)


_Text = Annotated[str, BeforeValidator(lambda given: "" if given is None else given)]


class AttributedTexts(Part):
    """Texts, flat for the default language because indexers map top-level fields, and who wrote each."""

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
        """People and earlier versions wrote `pt-br` or `EN`."""
        match given:
            case {"translations": dict(texts), "provenance": dict(provenance)}:
                names = known_of(texts)
                steps = {name: name.partition("/") for name in provenance}
                renamed = {f"{names.get(tag, tag)}{slash}{of}": name for name, (tag, slash, of) in steps.items()}
                return given | {
                    "translations": {names[tag]: of for tag, of in texts.items()},
                    "provenance": {name: provenance[was] for name, was in renamed.items()},
                }
            case _:
                return given

    def values(self) -> Keyed[Value]:
        """Return all texts and facts, empty ones too."""
        flat: Keyed[Value] = {name: getattr(self, name) for name in (*TEXT_FIELDS, *FACTS)}
        return flat | {
            f"{tag}/{name}": getattr(texts, name) for tag, texts in self.translations.items() for name in TEXT_FIELDS
        }

    def filled(self) -> Keyed[tuple[str, ...]]:
        """The names of the texts that are filled, by language, the default one first."""
        texts = {self.language: self, **self.translations}
        return {tag: tuple(name for name in TEXT_FIELDS if getattr(given, name)) for tag, given in texts.items()}

    def replacing(self, values: Mapping[str, Value], provenance: Mapping[str, Provenance]) -> Self:
        """Return the same with these values, and these entries of provenance beside the others."""
        update: dict[str, object] = {key: value for key, value in values.items() if "/" not in key}
        translations = dict(self.translations)
        for key, value in values.items():
            tag, slash, name = key.partition("/")
            if slash:
                translations[tag] = translations.get(tag, Translation()).model_copy(update={name: value})
        translations = {tag: texts for tag, texts in translations.items() if texts != Translation()}
        update |= {"translations": translations, "provenance": {**self.provenance, **provenance}}
        return self.model_copy(update=update)

    def origin(self, key: str) -> Origin | str | None:
        """Return who wrote the text, or None if there is none."""
        entry = self.provenance.get(key)
        return entry.origin if entry else None

    def of_people(self) -> Keyed[Value]:
        """Return what a person wrote or judged, by key; empty if a person emptied it."""
        values = self.values()
        return {key: values.get(key, "") for key, entry in self.provenance.items() if entry.is_persons}

    def of_editors(self) -> Keyed[Value]:
        """Return those of them that are in no file."""
        return {key: value for key, value in self.of_people().items() if self.provenance[key].is_nowhere_else}

    def led_by(self, language: str) -> Self:
        """The same texts with `language` as the default one, at the top; those that stood there are a translation."""
        if language == self.language:
            return self
        top = Translation.model_validate({name: getattr(self, name) for name in TEXT_FIELDS})
        texts = self.translations | ({} if top == Translation() else {self.language: top})
        led = texts.pop(language, Translation())
        names = {f"{language}/{name}": name for name in TEXT_FIELDS}
        names |= {name: f"{self.language}/{name}" for name in TEXT_FIELDS}
        update: dict[str, object] = {name: getattr(led, name) for name in TEXT_FIELDS}
        update |= {"language": language, "translations": texts}
        update |= {"provenance": {names.get(of, of): by for of, by in self.provenance.items()}}
        return self.model_copy(update=update)


def digest_of(value: Value) -> str:
    """12 hex digits of the SHA-256 of a text in UTF-8, or of any other value's JSON."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return hashlib.sha256(text.encode(errors="surrogatepass")).hexdigest()[:_DIGITS]


def by_model(model: str, values: Mapping[str, Value]) -> Keyed[Provenance]:
    """Return the provenance of what a model answered: of each text that it gave, and of every fact."""
    made = Provenance(origin=Origin.MODEL, model=model, digital_source_type=MACHINE_MADE)
    given = [key for key, value in values.items() if value or key in FACTS]
    return {key: made.model_copy(update={"digest": digest_of(values[key])}) for key in given}


def by_person(values: Mapping[str, Value]) -> Keyed[Provenance]:
    """Return the provenance of what a person wrote, or emptied."""
    return {key: Provenance(origin=Origin.HUMAN, digest=digest_of(value)) for key, value in values.items()}


def by_author(values: Mapping[str, Value]) -> Keyed[Provenance]:
    """Return the provenance of what the picture's author embedded in its file."""
    return {key: Provenance(origin=Origin.EMBEDDED, digest=digest_of(value)) for key, value in values.items()}


def removed(keys: Iterable[str]) -> Keyed[Provenance]:
    """Return the provenance of what a person took away, so that it is asked for anew: nobody's, and empty."""
    return {key: Provenance(origin=Origin.MODEL, digest=digest_of("")) for key in keys}
