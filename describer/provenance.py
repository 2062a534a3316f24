"""Who may replace whom: a person's text before the model's, per text and language.

A person's work reaches us in two ways: in the sidecar, marked as theirs, and in the picture's metadata, where people
have long kept `alt_text` and `description` of their own. Both stand; only what is missing is taken from the model.
A record with a person's alt text is `kept`, however the model's part ended; its `flags` and `reason` say how.
"""

from collections.abc import Mapping
from typing import Final

from describer import metadata
from describer.brief import Brief
from describer.description import Texts
from describer.image.version import version
from describer.outcome import Status
from describer.ports import Content, Picture, Stored
from describer.record import TEXT_FIELDS, Earlier, Origin, Provenance, Record

_RETRIED: Final = frozenset({Status.FAILED, Status.TOO_LARGE, Status.UNSUPPORTED})
"""Not the last word on these bytes: the model, a limit or what is installed may be another by now."""

_HUMAN: Final = Provenance(origin=Origin.HUMAN)
_ALONE: Final = "Nothing was added to the person's text:"
_NEW_PICTURE: Final = "The picture is new; a person's text for the earlier one is in the history."


def texts_of_people(picture: Picture, stored: Stored | None, origin: Stored | None = None) -> dict[str, str]:
    """The texts in the picture's metadata that a person put there, by name.

    A value is ours where it is the copy of the record that the metadata names: the one that stands, or one that it
    replaced, or that of `origin` (see `reconciled`). Where none knows that record, our mark beside a value tells.
    Everything else is a person's.
    """
    pairs = picture.metadata
    present = {name: found for name in metadata.TEXTS if (found := metadata.value(pairs, name))}
    if not metadata.value(pairs, metadata.STATUS):
        ours: Mapping[str, str] = {}
    elif copied := _copied(pairs, stored) or _copied(pairs, origin):
        ours = {name: metadata.copy_of(copied, name, present=found) for name, found in present.items()}
    else:
        ours = present
    replaced = origin is None and (stored is None or not _names(pairs, stored))
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
    """The stored record, where it is the last word on these bytes and this brief, whoever wrote its texts."""
    if stored is None or _is_retried(stored.record) or stored.record.fingerprint != brief.fingerprint:
        return None
    if content.sha256 and not stored.record.source.sha256:
        return None  # it can be read by now
    return stored.record if _same_picture(picture, content.size, content.sha256, stored) else None


def reconciled(record: Record, picture: Picture, stored: Stored | None, origin: Stored | None = None) -> Record:
    """`record` with people's texts in their places, and with what it replaces in its history.

    A person's text for other bytes does not describe these: it goes into the history, and the new one asks for review.

    Args:
        record: what is known of the bytes.
        picture: the picture.
        stored: what lies in its place.
        origin: the record, of another name, that the metadata speaks of. Where it is of the same bytes, the picture was
            renamed or copied, and the texts that people wrote come along.
    """
    origin = origin if origin and _came_from(origin, picture, record) else None
    people = texts_of_people(picture, stored, origin)
    same = stored and _same_picture(picture, record.source.size, record.source.sha256, stored)
    if stored and same and record.status is Status.FAILED and _is_answer(stored.record):
        record = stored.record  # an older answer to another brief is better than none
    if origin:
        record, _ = _beside(record, origin.record, {})
    if stored is None:
        return _with(record, people)
    previous = stored.record
    if same:
        record, people = _beside(record, previous, people)
        if _is_retried(record) and _end(record) == _end(previous):
            record = _with(previous, people)  # tried again in vain: as it was, so that nobody is told twice
    else:
        record = _with(record, people)
        if texts_by_people(previous) and record.status is Status.DESCRIBED:
            record = record.model_copy(update={"status": Status.NEEDS_REVIEW, "reason": _NEW_PICTURE})
    return record if record == previous else record.after(previous, stored.etag)


def _beside(record: Record, previous: Record, people: dict[str, str]) -> tuple[Record, dict[str, str]]:
    """`record` with the texts by people that stand for these bytes, and these texts.

    Where one of them stands at the top, its language stays the default one, whichever the brief names first.
    """
    leads = people or not texts_by_people(previous).keys().isdisjoint(TEXT_FIELDS)
    language = previous.language if leads else record.language
    texts = texts_by_people(previous.led_by(language)) | people
    return _with(record.led_by(language), texts), texts


def _came_from(origin: Stored, picture: Picture, record: Record) -> bool:
    source, of = origin.record.source, record.source
    same_bytes = (source.sha256, source.size) == (of.sha256, of.size)
    return same_bytes and _copied(picture.metadata, origin) is not None


def _is_answer(record: Record) -> bool:
    return bool(record.alt_text) and not _is_retried(record)


def _is_retried(record: Record) -> bool:
    ends = {record.status, *record.flags}
    return not _RETRIED.isdisjoint(ends) or (Status.CORRUPT in ends and record.reader != version())


def _end(record: Record) -> tuple[str, ...]:
    return record.status, record.reason, record.reader, record.fingerprint


def texts_by_people(record: Record) -> dict[str, str]:
    """The record's texts that a person wrote, by name: `alt_text`, or `de/alt_text` for a translation."""
    flat = {name: getattr(record, name) for name in TEXT_FIELDS}
    others = {f"{tag}/{name}": getattr(of, name) for tag, of in record.translations.items() for name in TEXT_FIELDS}
    return {name: text for name, text in (flat | others).items() if record.origin(name) is Origin.HUMAN}


def _with(record: Record, people: Mapping[str, str]) -> Record:
    keeps = "alt_text" in people
    if people.items() <= texts_by_people(record).items() and (record.status is Status.KEPT or not keeps):
        return record
    translations = dict(record.translations)
    for name, text in people.items():
        tag, slash, field = name.partition("/")
        if slash:
            translations[tag] = translations.get(tag, Texts()).model_copy(update={field: text})
    update: dict[str, object] = {name: text for name, text in people.items() if name in TEXT_FIELDS}
    update |= {"translations": translations, "provenance": record.provenance | dict.fromkeys(people, _HUMAN)}
    return record.model_copy(update=update | (_kept(record) if keeps else {}))


def _kept(record: Record) -> dict[str, object]:
    """What changes where a person's alt text stands in `record`."""
    kept: dict[str, object] = {"status": Status.KEPT, "review": "edited"}
    if record.status not in {Status.DESCRIBED, Status.NEEDS_REVIEW, Status.KEPT}:
        kept |= {"flags": (*record.flags, str(record.status)), "reason": f"{_ALONE} {record.reason}"}
    return kept | ({"reason": ""} if record.reason == _NEW_PICTURE else {})


def _same_picture(picture: Picture, size: int, sha256: str | None, stored: Stored) -> bool:
    """Whether the record is of these bytes; where either were not read, whether it is of this very blob."""
    source = stored.record.source
    if sha256 and source.sha256:
        return source.sha256 == sha256
    return source.size == size and (source.etag == picture.etag or _names(picture.metadata, stored))


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
