"""Decides whose texts apply: a person's before the author's before the model's, per text and language.

People's texts come from the sidecar and the picture's metadata (edits.py) and are kept in the history. For each text,
the newest of people's versions for the very same bytes applies, wherever it was found. The model supplies what is
missing. The table in review.py derives the record's status.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from describer.domain import edits, further_languages, new_file
from describer.domain.embedded import AuthorTexts
from describer.domain.evidence import Evidence
from describer.domain.history import DescriptionState, Request, XmpSource
from describer.domain.image_blob import ImageBlob, ImageContent, StoredRecord
from describer.domain.record import Record
from describer.domain.request import DescriptionRequest
from describer.domain.status import Status
from describer.domain.texts import TEXT_FIELDS, Provenance, Review, Translation, Value, digest_of, is_text

AUTHOR_DIFFERS: Final = "author_texts_differ"
"""Flag: the picture's file and the XMP file beside it have different texts for the same key; the file's applies."""

_OF_LANGUAGES: Final = frozenset({"languages"})


def asked[R: DescriptionRequest](
    picture: ImageBlob, content: ImageContent, stored: StoredRecord | None, brief: R, models: Sequence[str] = ()
) -> R:
    """Return the request for these bytes: with the stored record's options, unless `brief` has a caller's own.

    A caller who only chooses languages gets the stored texts in them; the other options are the record's. A stored
    choice of a model is ignored if it is neither the default nor one of `models`.
    """
    request = stored.record.request if stored else None
    if request and brief.chosen <= _OF_LANGUAGES:
        brief = _as_requested(request, brief, models)
    removed = Evidence(picture, content.size, content.sha256, stored).is_removed
    return brief.asked_again() if removed else brief


def unchanged(
    picture: ImageBlob, content: ImageContent, stored: StoredRecord | None, brief: DescriptionRequest
) -> bool:
    """Return whether the record is complete: the metadata names it, it answers this brief, and nothing was edited."""
    known = Evidence(picture, content.size, content.sha256, stored)
    unedited = stored is not None and known.is_marked and known.previous == stored.record
    if stored and stored.record.deleted_at:
        return False  # the picture is back; the record must be updated
    if stored and new_file.is_other_sidecar(stored.record, content.beside):
        return False
    return unedited and looked_up(picture, content, stored, brief) == known.previous


@dataclass(frozen=True, slots=True)
class Unanswered[R: DescriptionRequest]:
    """The part of a request that must be sent to the model.

    Args:
        known: the record of these bytes, or None.
        brief: the whole request.
        left: the request for the missing languages only.
    """

    known: Record | None
    brief: R
    left: R

    def with_answer(self, made: Record) -> Record:
        """Return the record of these bytes: the new answer merged with what was known."""
        record = further_languages.joined(self.known, made, self.brief, self.left.languages)
        return record if record is made else further_languages.led_as_asked(record, self.brief)


def looked_up[R: DescriptionRequest](
    picture: ImageBlob, content: ImageContent, stored: StoredRecord | None, brief: R
) -> Record | Unanswered[R]:
    """Return the record of these bytes if it answers this brief, else what to ask the model.

    That is the stored record, or, if earlier bytes are back, a history entry with a person's text.
    """
    known = _known(picture, content, stored)
    left = brief.languages if known is None or brief.again else further_languages.left(known, brief)
    if left or known is None:
        return Unanswered(known, brief, brief.in_languages(left))
    return further_languages.led_as_asked(known, brief)


def _known(picture: ImageBlob, content: ImageContent, stored: StoredRecord | None) -> Record | None:
    if stored is None:
        return None
    known = Evidence(picture, content.size, content.sha256, stored)
    if known.here and known.previous:
        unread = content.sha256 and not stored.record.source.sha256  # it was unreadable and now is readable
        return None if unread else known.previous
    line = next(iter(known.lines), None)
    if line is None or not (line.of_people() or line.demand):
        return None
    return Record.restored(line, line.source.model_copy(update={"etag": picture.etag}))


def reconciled(
    record: Record,
    picture: ImageBlob,
    stored: StoredRecord | None,
    origin: StoredRecord | None,
    brief: DescriptionRequest,
    author: AuthorTexts | None = None,
) -> Record:
    """Return `record` with people's texts applied, and with its history.

    A person's text for other bytes does not describe these: it goes into the history, and the new one needs a review.

    Args:
        record: the record of the bytes.
        picture: the picture.
        stored: the record in its sidecar.
        origin: the record of another name that the metadata refers to. If it is about the same bytes, the picture was
            renamed or copied, and people's texts are carried over.
        brief: the request; if it asks for a new answer, rejected and emptied texts do not block that.
        author: the author's texts in the file or beside it. They precede the model's texts and follow people's texts
            in the sidecar or the metadata.
    """
    author = author or AuthorTexts()
    languages = (record.language, *(tag for tag in brief.languages if tag != record.language))
    texts = author.by_source(languages)
    known = Evidence(picture, record.source.size, record.source.sha256, stored, origin, texts, record.language)
    previous = known.previous if known.here else None
    if previous and _is_better(previous, record, brief):
        record = previous
    record = _with_words(record, known.lines, known.elsewhere, again=brief.again).judged(known.demand)
    record = _keeping_unknown(record, stored.record) if stored else record
    record = _with_sidecar(record, author, previous, differs=known.author_differs)
    return record.model_copy(update={"deleted_at": None}).after(*known.replaced)


def _with_sidecar(record: Record, author: AuthorTexts, previous: Record | None, *, differs: bool) -> Record:
    """Add the XMP file that was read, now or earlier for the same bytes, and a flag if its texts differ."""
    beside = author.beside
    xmp = XmpSource(name=beside.name, sha256=beside.sha256) if beside else previous and previous.source.xmp
    flags = tuple(flag for flag in record.flags if flag != AUTHOR_DIFFERS) + (AUTHOR_DIFFERS,) * differs
    return record.model_copy(update={"flags": flags, "source": record.source.model_copy(update={"xmp": xmp})})


def has_words_of_people(record: Record) -> bool:
    """Return whether a person wrote, emptied or reviewed anything in the record or its history."""
    read = edits.in_sidecar(record).applied(record)
    return any(known.of_editors() for known in (read, *record.history))


def _as_requested[R: DescriptionRequest](request: Request, brief: R, models: Sequence[str]) -> R:
    names = Request.model_fields.keys() - brief.chosen
    wishes = {name: wish for name in names if (wish := getattr(request, name)) is not None}
    if wishes.get("model") not in {brief.model, *models}:
        wishes.pop("model", None)
    return brief.with_wishes(**wishes)


def _is_better(previous: Record, record: Record, brief: DescriptionRequest) -> bool:
    """Return whether the stored record is better than a new one of the same bytes, or says the same."""
    is_retried = further_languages.is_retried(previous, brief)
    if record.ended.status is Status.FAILED and previous.alt_text and not is_retried:
        return True  # an older answer to another brief is better than none
    return is_retried and _end(record) == _end(previous)  # same failure: keep the record that was already published


def _end(known: DescriptionState) -> tuple[object, ...]:
    return known.ended, known.reader, known.fingerprint


def _with_words(
    record: Record, lines: Sequence[DescriptionState], elsewhere: Sequence[DescriptionState], *, again: bool
) -> Record:
    """Return `record` with the newest of people's versions of each text: from here, else from elsewhere.

    If one of them is in the default language, that language stays the default, whatever the brief's is.
    """
    leading = (known for known in (*lines, *elsewhere) if not known.of_people().keys().isdisjoint(TEXT_FIELDS))
    language = next((known.language for known in leading if known.language), record.language)
    record, decided = record.led_by(language), set[str]()
    for group in (lines, elsewhere):
        for line in group:
            known = line.led_by(language) if line.language else line
            entries = {key: entry for key, entry in known.provenance.items() if key not in decided}
            decided |= entries.keys()
            record = _with_entries(record, known.values(), entries, again=again)
        decided = {key for key in decided if (entry := record.provenance.get(key)) and entry.is_persons}
    return record


def _with_entries(
    record: Record, values: Mapping[str, Value], entries: Mapping[str, Provenance], *, again: bool
) -> Record:
    words = {key: entry for key, entry in entries.items() if entry.is_persons}
    if again:
        words = {key: entry for key, entry in words.items() if values.get(key) and entry.review != Review.REJECTED}
    said = {key: values.get(key, "") for key in words}
    signed = {key: _signed(entry, said[key]) for key, entry in words.items()}
    removed = {
        key: entry
        for key, entry in entries.items()
        if is_text(key) and not values.get(key) and key not in record.provenance
    }
    return record.replacing(said, removed | signed)


def _signed(entry: Provenance, value: Value) -> Provenance:
    return entry if entry.digest else entry.model_copy(update={"digest": digest_of(value)})


def _keeping_unknown(record: Record, previous: Record) -> Record:
    """Return `record` with the unknown fields of the previous one, which a later version or another program added."""
    unknown = {
        name: value for name, value in (previous.model_extra or {}).items() if name not in (record.model_extra or {})
    }
    translations = dict(record.translations)
    for tag, texts in previous.translations.items():
        if texts.model_extra:
            translations[tag] = translations.get(tag, Translation()).model_copy(update=texts.model_extra)
    source = record.source
    if source.sha256 == previous.source.sha256:
        source = source.model_copy(update=previous.source.model_extra or {})
    return record.model_copy(update=unknown | {"translations": translations, "source": source})
