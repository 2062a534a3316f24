"""The published event for a record: a CloudEvent with a summary, and the texts in the languages of EVENTS_TEXTS.

The `id` is derived from the picture's path and its record's ETag, so that subscribers can recognize duplicates.
"""

import hashlib
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, WithJsonSchema
from pydantic.config import JsonDict

from describer.domain.dates import Moment
from describer.domain.description import Texts
from describer.domain.etag import unquoted
from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.status import Status
from describer.domain.texts import TEXT_FIELDS

ALL: Final = "all"
"""Stands for every language."""
MOST_BYTES: Final = 45_000
"""Maximum bytes of an event's JSON in ASCII: an event that waits in a queue must fit into 64 KiB of Base64. Event Grid
takes 1 MB and charges for each 64 KB."""
_LONGEST_REASON = 300
_Type = Literal["ImageDescriber.ImageDescribed", "ImageDescriber.ImageNotDescribed", "ImageDescriber.DescriptionEdited"]
_TYPES: Final = {
    "type": "string",
    "minLength": 1,
    "description": "ImageDescriber.ImageDescribed, ImageDescriber.ImageNotDescribed or "
    "ImageDescriber.DescriptionEdited; more may come.",
}
_ATTRIBUTE: Final[JsonDict] = {
    "type": ["string", "integer", "boolean"],
    "description": "An extension attribute beside the listed CloudEvent attributes.",
}


class EventTexts(Texts):
    """The texts in one language; an empty one is empty in the record."""


class Summary(BaseModel, frozen=True, json_schema_serialization_defaults_required=True):
    """The event's data: enough to decide whether to fetch the sidecar."""

    container: str
    name: str
    status: Status
    reason: str = Field(max_length=_LONGEST_REASON)
    language: str
    languages: tuple[str, ...]
    """The default language, then those of the translations."""
    flags: tuple[str, ...]
    review: str
    demand: Demand | None = None
    """Why a person must review the texts, if so."""
    is_decorative: bool = False
    """An empty alt text is correct."""
    sidecar: str
    """The sidecar's name in the descriptions container."""
    record: str
    """The sidecar's ETag, without quotes."""
    sha256: str | None
    size: int
    """Size of the picture in bytes."""
    model: str | None
    fingerprint: str
    prompt_tokens: int
    completion_tokens: int
    usd: float | None
    """Estimated cost by list price; None if unknown."""
    texts: dict[str, EventTexts] = Field(default_factory=dict)
    """Texts for publication by language, in the languages of EVENTS_TEXTS."""
    texts_left_out: tuple[str, ...] = ()
    """Languages of EVENTS_TEXTS whose texts did not fit into the event; the sidecar has them."""


class OutcomeEvent(BaseModel):
    """A CloudEvent 1.0 in JSON."""

    model_config = ConfigDict(
        frozen=True,
        json_schema_serialization_defaults_required=True,
        json_schema_extra={"propertyNames": {"pattern": "^[a-z0-9]+$"}, "additionalProperties": _ATTRIBUTE},
    )

    specversion: Literal["1.0"] = "1.0"
    type: Annotated[_Type, WithJsonSchema(_TYPES)]
    source: Annotated[str, Field(min_length=1, json_schema_extra={"format": "uri-reference"})]
    """The blob service of the picture."""
    id: Annotated[str, Field(min_length=1)]
    subject: Annotated[str, Field(min_length=1)]
    """The picture's subject, as in Event Grid's blob events."""
    time: Moment
    datacontenttype: Literal["application/json"] = "application/json"
    data: Summary

    @classmethod
    def of(cls, stored: StoredRecord, source: str, languages: Sequence[str] = ()) -> "OutcomeEvent":
        """Return the event for a stored record, with its texts in these languages (`all`: in each) as far as they fit.

        The type is `DescriptionEdited` if a person has just changed it, else `ImageDescribed` if it has a text for
        publication without a review, else `ImageNotDescribed`.
        """
        record = stored.record
        ref = record.source.ref
        event = cls(
            type=_type_of(record),
            source=source,
            id=hashlib.sha256(f"{source}{ref.subject} {stored.etag}".encode()).hexdigest()[:32],
            subject=ref.subject,
            time=datetime.now(UTC),
            data=_summary(stored, ref),
        )
        return event.model_copy(update={"data": _with_texts(event, record, languages)})


def _with_texts(event: OutcomeEvent, record: Record, languages: Sequence[str]) -> Summary:
    """Return the data with the texts for publication; a language that does not fit whole is left out by name."""
    said = {record.language: record, **record.translations} if record.status.is_published else {}
    wanted = [tag for tag in said if ALL in languages or tag in languages]
    room, texts = MOST_BYTES - _size(event.model_dump(mode="json")), dict[str, EventTexts]()
    for tag in wanted:
        given = EventTexts.model_validate({name: getattr(said[tag], name) for name in TEXT_FIELDS})
        room -= (size := _size({tag: given.model_dump()}))
        if room >= 0:
            texts[tag] = given
        else:
            room += size
    left_out = tuple(tag for tag in wanted if tag not in texts)
    return event.data.model_copy(update={"texts": texts, "texts_left_out": left_out})


def _size(value: object) -> int:
    return len(json.dumps(value))


def _type_of(record: Record) -> _Type:
    if record.edited:
        return "ImageDescriber.DescriptionEdited"
    published = record.status.is_published
    return "ImageDescriber.ImageDescribed" if published else "ImageDescriber.ImageNotDescribed"


def _summary(stored: StoredRecord, ref: ImageRef) -> Summary:
    record = stored.record
    return Summary(
        container=ref.container,
        name=ref.name,
        status=record.status,
        reason=record.reason[:_LONGEST_REASON],
        language=record.language,
        languages=(record.language, *record.translations),
        flags=record.flags,
        review=record.review,
        demand=record.demand,
        is_decorative=record.is_decorative,
        sidecar=sidecar_name(ref),
        record=unquoted(stored.etag),
        sha256=record.source.sha256,
        size=record.source.size,
        model=record.model,
        fingerprint=record.fingerprint,
        prompt_tokens=record.usage.prompt_tokens,
        completion_tokens=record.usage.completion_tokens,
        usd=record.cost.usd if record.cost else None,
    )
