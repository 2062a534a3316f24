"""What is known of a picture: the record, which is stored as its JSON sidecar.

The default language's texts stand flat at the top, because indexers map top-level fields; others are under
`translations`. The record is pydantic, not a dataclass, because the sidecar is a border: others read and write it.
"""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, PlainSerializer

from describer.brief import Brief
from describer.description import Description, ImageKind, Texts
from describer.errors import Refused
from describer.outcome import Status

TEXT_FIELDS: Final = tuple(Texts.model_fields)
MACHINE_MADE: Final = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's term for machine-made media: it labels the text, never the picture."""

_HISTORY: Final = 20


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class Origin(StrEnum):
    """Who wrote a text."""

    HUMAN = "human"
    MODEL = "model"


class Provenance(_Part):
    """Where one text comes from."""

    origin: Origin
    model: str | None = None
    digital_source_type: str | None = None


class Source(_Part):
    """The picture as it was read. `sha256` is None where it was not read; `size` is in bytes, the sides in pixels."""

    container: str
    name: str
    etag: str
    size: int
    sha256: str | None = None
    format: str | None = None
    width: int | None = None
    height: int | None = None


class Sent(_Part):
    """What the model was shown: sides in pixels, size in bytes; tokens by the family's published rule."""

    width: int
    height: int
    size: int
    detail: str
    notes: tuple[str, ...] = ()
    image_tokens: int | None = None
    image_tokens_unshrunk: int | None = None
    """What the picture would have taken at full size; None if the family takes none at full size."""


class Usage(_Part):
    """Tokens as the model's server counted them, all calls for this picture together."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    calls: int = 0


class Cost(_Part):
    """Estimated US dollars by the dated list prices in models.toml."""

    priced_as: str
    usd: float
    usd_unshrunk: float | None = None
    """What the picture at full size would have cost; None if the family takes none at full size."""


class Earlier(_Part):
    """A text that was replaced: kept, so that nobody's work is lost."""

    at: datetime
    status: Status
    sha256: str | None
    alt_text: str
    description: str
    extended_description: str
    origin: Origin
    record: str | None = None
    """The ETag, without quotes, of the sidecar in which it stood: metadata that names it is that text's copy."""


class Record(_Part):
    """One picture's record; its JSON form is the sidecar `descriptions/<container>/<blob name>.json`."""

    schema_version: Literal[1] = 1
    status: Status
    reason: str = ""
    """Why there is no description, nothing beside a person's text, or why a person should look; a sentence."""
    language: str
    alt_text: str = ""
    description: str = ""
    extended_description: str = ""
    visible_text: str = ""
    tags: tuple[str, ...] = ()
    image_kind: ImageKind | None = None
    is_decorative: bool = False
    translations: dict[str, Texts] = Field(default_factory=dict)
    flags: tuple[str, ...] = ()
    review: Literal["suggested", "approved", "edited", "rejected"] = "suggested"
    provenance: dict[str, Provenance] = Field(default_factory=dict)
    """By text: `alt_text`, or `de/alt_text` for a translation."""
    source: Source
    reader: str = ""
    """With `corrupt`: which decoders found it so, by their versions. Others try again."""
    sent: Sent | None = None
    model: str | None = None
    """The model as it named itself in its answer."""
    fingerprint: str
    """Of the brief: see `Brief.fingerprint`."""
    usage: Usage = Usage()
    cost: Cost | None = None
    at: Annotated[datetime, PlainSerializer(lambda at: at.isoformat(timespec="seconds"))]
    history: tuple[Earlier, ...] = ()

    @classmethod
    def of_answer(cls, brief: Brief, source: Source, description: Description | None, **rest: object) -> Self:
        """The record of a model's answer, every text marked as machine-made; without `description`, of its refusal.

        Args:
            brief: what was asked.
            source: the picture.
            description: the answer's texts, in every language of the brief.
            rest: the record's other fields, `status` and `model` among them.
        """
        texts = description.texts if description else {}
        fields = description.model_dump(exclude={"texts"}) if description else {}
        default = texts.get(brief.language, Texts())
        translations = {tag: texts[tag] for tag in brief.languages[1:] if tag in texts}
        made = Provenance(origin=Origin.MODEL, model=str(rest["model"]), digital_source_type=MACHINE_MADE)
        prefixed = {"": default} | {f"{tag}/": of for tag, of in translations.items()}
        names = [prefix + name for prefix, of in prefixed.items() for name in TEXT_FIELDS if getattr(of, name)]
        fields |= default.model_dump() | {"translations": translations, "provenance": dict.fromkeys(names, made)}
        fields |= {
            "source": source,
            "language": brief.language,
            "fingerprint": brief.fingerprint,
            "at": datetime.now(UTC),
        }
        return cls.model_validate(fields | rest)

    @classmethod
    def refused(cls, brief: Brief, source: Source, refusal: Refused, reader: str = "") -> Self:
        """The record of a picture that cannot be described; `reader` names what could not read it."""
        return cls(
            status=refusal.status,
            reason=str(refusal),
            language=brief.language,
            source=source,
            reader=reader if refusal.status is Status.CORRUPT else "",
            fingerprint=brief.fingerprint,
            at=datetime.now(UTC),
        )

    def origin(self, text: str) -> Origin | None:
        """Who wrote `text` (such as `alt_text`), or None where there is none."""
        provenance = self.provenance.get(text)
        return provenance.origin if provenance else None

    def led_by(self, language: str) -> Self:
        """The same texts with `language` as the default one, at the top; those that stood there are a translation."""
        if language == self.language:
            return self
        top = Texts.model_validate({name: getattr(self, name) for name in TEXT_FIELDS})
        texts = self.translations | ({} if top == Texts() else {self.language: top})
        names = {f"{language}/{name}": name for name in TEXT_FIELDS}
        names |= {name: f"{self.language}/{name}" for name in TEXT_FIELDS}
        update = {"language": language, "provenance": {names.get(of, of): by for of, by in self.provenance.items()}}
        return self.model_copy(
            update=texts.pop(language, Texts()).model_dump() | {"translations": texts} | update,
        )

    def earlier(self, etag: str) -> Earlier:
        """This record's texts as a line of the next one's history; `etag` is that of its sidecar."""
        texts = {name: getattr(self, name) for name in TEXT_FIELDS}
        facts = {"at": self.at, "status": self.status, "sha256": self.source.sha256, "record": etag.strip('"')}
        return Earlier(origin=self.origin("alt_text") or Origin.MODEL, **facts, **texts)

    def after(self, previous: Self, etag: str) -> Self:
        """This record with `previous` in its history, the newest first, where that had a text worth keeping."""
        history = ((previous.earlier(etag),) if previous.alt_text else ()) + previous.history
        return self.model_copy(update={"history": history[:_HISTORY]})

    def to_json(self) -> bytes:
        """The sidecar's bytes: UTF-8 JSON for people to read."""
        return self.model_dump_json(indent=2).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Reads a sidecar.

        Raises:
            ValueError: it is not a record of ours.
        """
        return cls.model_validate_json(data)
