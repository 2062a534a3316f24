"""Who may replace whom: a person's text before the model's, per text and language.

A person's work reaches us in two ways: in the sidecar, marked as theirs, and in the picture's metadata, where people
have long kept `alt_text` and `description` of their own. Both stand; only what is missing is taken from the model.
"""

from collections.abc import Mapping
from typing import Final

from describer import metadata
from describer.brief import Brief
from describer.description import Texts
from describer.outcome import Status
from describer.ports import Content, Picture, Stored
from describer.record import TEXT_FIELDS, Earlier, Origin, Provenance, Record

_RETRIED: Final = frozenset({Status.FAILED, Status.TOO_LARGE, Status.UNSUPPORTED})
"""Not the last word on these bytes: the model, a limit or what is installed may be another by now."""

_HUMAN: Final = Provenance(origin=Origin.HUMAN)
_NEW_PICTURE: Final = "The picture is new; a person's text for the earlier one is in the history."


def texts_of_people(picture: Picture, stored: Stored | None) -> dict[str, str]:
    """The texts in the picture's metadata that a person put there, by name.

    A value is ours where it is the copy of the record that the metadata names: the one that stands, or one that it
    replaced. Where neither knows that record, our mark beside a value tells. Everything else is a person's.
    """
    pairs = picture.metadata
    present = {name: found for name in metadata.TEXTS if (found := metadata.value(pairs, name))}
    if not metadata.value(pairs, metadata.STATUS):
        ours: Mapping[str, str] = {}
    elif copied := _copied(pairs, stored):
        ours = {name: metadata.copy_of(copied, name, present=found) for name, found in present.items()}
    else:
        ours = present
    replaced = stored is None or not _names(pairs, stored)
    if replaced and metadata.value(pairs, metadata.SOURCE) == Origin.HUMAN:
        ours = {name: found for name, found in ours.items() if name != "alt_text"}
    return {name: metadata.decode(found) for name, found in present.items() if found != ours.get(name)}


def unchanged(picture: Picture, content: Content, stored: Stored | None, brief: Brief) -> bool:
    """True where the record is complete: the metadata names it, and it answers these bytes and this brief."""
    return (
        stored is not None
        and _names(picture.metadata, stored)
        and settled(picture, content, stored, brief) is not None
        and not texts_of_people(picture, stored)
    )


def settled(picture: Picture, content: Content, stored: Stored | None, brief: Brief) -> Record | None:
    """The stored record, where it answers these bytes and this brief, or is a person's for these bytes."""
    if stored is None or stored.record.status in _RETRIED:
        return None
    record = stored.record
    answers = record.origin("alt_text") is Origin.HUMAN or record.fingerprint == brief.fingerprint
    same_size = record.source.size == content.size
    return record if answers and same_size and _same_picture(picture, content.sha256, stored) else None


def reconciled(record: Record, picture: Picture, stored: Stored | None) -> Record:
    """`record` with people's texts in their places, and with what it replaces in its history.

    A person's text for other bytes does not describe these: it goes into the history, and the new one asks for review.
    """
    people = texts_of_people(picture, stored)
    if stored is None:
        return _with(record, people)
    previous, standing = stored.record, texts_by_people(stored.record)
    if _same_picture(picture, record.source.sha256, stored):
        if (record.status is Status.FAILED and previous.alt_text) or _same_end(record, previous):
            record = previous  # an older answer to another brief is better than none
        record = _with(record, standing | people)
    else:
        record = _with(record, people)
        if standing and record.status is Status.DESCRIBED:
            record = record.model_copy(update={"status": Status.NEEDS_REVIEW, "reason": _NEW_PICTURE})
    return record if record == previous else record.after(previous, stored.etag)


def _same_end(record: Record, previous: Record) -> bool:
    """Tried again in vain: the record stands as it is, so that nobody is told twice."""
    ends = {(of.status, of.reason, of.fingerprint) for of in (record, previous)}
    return record.status in _RETRIED and len(ends) == 1


def texts_by_people(record: Record) -> dict[str, str]:
    """The record's texts that a person wrote, by name: `alt_text`, or `de/alt_text` for a translation."""
    flat = {name: getattr(record, name) for name in TEXT_FIELDS}
    others = {f"{tag}/{name}": getattr(of, name) for tag, of in record.translations.items() for name in TEXT_FIELDS}
    return {name: text for name, text in (flat | others).items() if record.origin(name) is Origin.HUMAN}


def _with(record: Record, people: Mapping[str, str]) -> Record:
    if not people:
        return record
    translations = dict(record.translations)
    for name, text in people.items():
        tag, slash, field = name.partition("/")
        if slash:
            translations[tag] = translations.get(tag, Texts()).model_copy(update={field: text})
    update: dict[str, object] = {name: text for name, text in people.items() if name in TEXT_FIELDS}
    update |= {"translations": translations, "provenance": record.provenance | dict.fromkeys(people, _HUMAN)}
    if "alt_text" in people:
        update |= {"status": Status.KEPT, "reason": "", "review": "edited"}
    return record.model_copy(update=update)


def _same_picture(picture: Picture, sha256: str | None, stored: Stored) -> bool:
    """Whether the record is of these bytes; of bytes that were not read, whether it is of this very blob."""
    source = stored.record.source
    if sha256 is None and source.sha256 is None:
        return source.etag == picture.etag or _names(picture.metadata, stored)
    return source.sha256 == sha256


def _copied(pairs: Mapping[str, str], stored: Stored | None) -> Record | Earlier | None:
    """What the metadata is a copy of: the record, or an earlier one from its history."""
    if stored is None:
        return None
    named = _named(pairs)
    if named == stored.etag.strip('"'):
        return stored.record
    return next((earlier for earlier in stored.record.history if named and earlier.record == named), None)


def _names(pairs: Mapping[str, str], stored: Stored) -> bool:
    return _named(pairs) == stored.etag.strip('"')


def _named(pairs: Mapping[str, str]) -> str:
    return metadata.decode(metadata.value(pairs, metadata.RECORD))
