"""The record of a picture, stored as its JSON sidecar.

The default language's texts are at the top level, because indexers map top-level fields; others are under
`translations`. Records are pydantic models, because other programs read and write sidecars too.
"""

import json
from datetime import UTC, datetime
from typing import Annotated, Final, Literal, Self

from pydantic import ValidationError, WithJsonSchema
from pydantic_core import from_json

from describer.domain.dates import Moment
from describer.domain.description import Description, Texts
from describer.domain.errors import ImageRejected
from describer.domain.etag import unquoted
from describer.domain.history import Answered, DescriptionState, HistoryEntry, Request, Source, adds_to, bounded
from describer.domain.request import DescriptionRequest
from describer.domain.status import Status
from describer.domain.texts import Part, by_model

VERSION: Final = 1
_VERSIONS: Final = {"type": "integer", "minimum": 1, "description": "1; later versions only add fields."}


class NewerRecord(ValueError):
    """A later version of the app wrote the sidecar, with content that this version does not understand."""


class Sent(Part):
    """What was sent to the model: sides in pixels (of the first part), size in bytes; tokens by the published rule."""

    width: int
    height: int
    size: int
    detail: str
    parts: int = 1
    notes: tuple[str, ...] = ()
    image_tokens: int | None = None
    image_tokens_unshrunk: int | None = None
    """The picture's tokens at full size; None if the family does not accept full size."""


class Usage(Part):
    """Tokens according to the model's server, for all calls for this picture."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Prompt tokens that the server read from its cache."""
    cache_write_tokens: int = 0
    """Prompt tokens that the server added to its cache."""
    completion_tokens: int = 0
    batch_prompt_tokens: int = 0
    """Prompt tokens in batches, at half the price."""
    batch_completion_tokens: int = 0
    """Completion tokens in batches, likewise."""
    reasoning_tokens: int = 0
    """Completion tokens of the model's reasoning."""
    calls: int = 0

    def plus(self, other: "Usage") -> "Usage":
        return Usage.model_validate({name: getattr(self, name) + getattr(other, name) for name in Usage.model_fields})


class Cost(Part):
    """Cost in US dollars by the dated list prices in models.toml."""

    priced_as: str
    usd: float
    usd_expected: float | None = None
    """Estimate for one call, made before it; None if the family's way of counting is unknown."""
    usd_unshrunk: float | None = None
    """The cost at full size; None if the family does not accept full size."""


class Record(DescriptionState):
    """One picture's record; its JSON form is the sidecar `descriptions/<container>/<blob name>.json`."""

    schema_version: Annotated[Literal[1], WithJsonSchema(_VERSIONS)] = VERSION
    sent: Sent | None = None
    prepared: str | None = None
    """A digest of the prepared picture, the decoders and the context: for another file with the same one, the model is
    not asked again.
    """
    usage: Usage = Usage()
    cost: Cost | None = None
    edited: bool = False
    """Whether a person made the last change, by HTTP or the command line."""
    deleted_at: Moment | None = None
    """When the picture was found deleted; the record is retained for a time because of a person's text."""
    history: tuple[HistoryEntry, ...] = ()

    @classmethod
    def of_answer(
        cls, brief: DescriptionRequest, source: Source, description: Description | None, **rest: object
    ) -> Self:
        """Return the record of a model's answer with every text marked as machine-made; without one, the model refused.

        `rest` are the record's other fields, including `status` and `model`.
        """
        texts = description.texts if description else {}
        fields = description.model_dump(exclude={"texts", "uncertainties"}) if description else {}
        fields |= texts.get(brief.language, Texts()).model_dump()
        fields["translations"] = {tag: texts[tag].model_dump() for tag in brief.languages[1:] if tag in texts}
        made = cls.model_validate(fields | cls._asked(brief, source) | rest)
        return made.replacing({}, by_model(str(made.model), made.values()) if description else {})

    @classmethod
    def refused(cls, brief: DescriptionRequest, source: Source, refusal: ImageRejected) -> Self:
        """Return the record of a picture that cannot be described."""
        fields = {"status": refusal.status, "reason": str(refusal)}
        fields |= {"reader": brief.decoders} if refusal.status is Status.CORRUPT else {}
        return cls.model_validate(cls._asked(brief, source) | fields)

    @classmethod
    def unasked(cls, brief: DescriptionRequest, source: Source, sent: Sent, reason: str) -> Self:
        """Return the record of a picture that needs no model: decorative, unless a person says otherwise."""
        fields = {"status": Status.NEEDS_REVIEW, "reason": reason, "is_decorative": True, "sent": sent}
        return cls.model_validate(cls._asked(brief, source) | fields)

    @classmethod
    def restored(cls, line: DescriptionState, source: Source) -> Self:
        """Return the record of a history entry whose bytes are back."""
        fields = {name: getattr(line, name) for name in DescriptionState.model_fields} | {"source": source}
        return cls(**fields)

    @staticmethod
    def _asked(brief: DescriptionRequest, source: Source) -> dict[str, object]:
        about = {"language": brief.language, "fingerprint": brief.fingerprint, "request": Request.of(brief)}
        answers = (Answered(languages=brief.languages, fingerprint=brief.fingerprint),)
        return about | {"answers": answers, "source": source, "at": datetime.now(UTC)}

    def earlier(self, etag: str) -> HistoryEntry:
        """Return this record as a history entry; `etag` is its sidecar's."""
        fields = {name: getattr(self, name) for name in DescriptionState.model_fields}
        return HistoryEntry(record=unquoted(etag), **fields)

    def after(self, *lines: HistoryEntry) -> Self:
        """Return this record with the entries `lines`, newest first, as its history, without those that add nothing."""
        newer: list[DescriptionState] = [self]
        for line in lines:
            if all(adds_to(line, known) for known in newer):
                newer.append(line)
        kept = [line for line in newer if isinstance(line, HistoryEntry)]
        return self.model_copy(update={"history": bounded(kept, self)})

    def to_json(self) -> bytes:
        """Return the sidecar's bytes: UTF-8 JSON, indented for people."""
        return self.model_dump_json(indent=2).encode()

    @classmethod
    def from_json(cls, data: bytes) -> Self:
        """Parse a sidecar, with or without a byte order mark.

        Raises:
            NewerRecord: a later version wrote the record.
            ValueError: it is not a record of the app.
        """
        fields = from_json(data.decode(json.detect_encoding(data)))
        version = fields.get("schema_version") if isinstance(fields, dict) else None
        if isinstance(version, int) and version > VERSION:
            raise NewerRecord(f"schema_version is {version}; this app writes {VERSION}")
        try:
            return cls.model_validate(fields)
        except ValidationError as error:
            if all(fault["type"] == "enum" for fault in error.errors()):
                fault = error.errors()[0]
                where = ".".join(str(part) for part in fault["loc"])
                raise NewerRecord(f"{where} is {str(fault['input'])[:100]!r}, which is not known here") from error
            raise
