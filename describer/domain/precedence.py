"""Who may replace whom: what people wrote, emptied or judged, then the author, then the model; per text and language.

Their words reach us in the sidecar and in the picture's metadata (edits.py), and are kept in the history. The newest
word on each text of the very same bytes stands, wherever it was found; only what is missing is taken from the model.
What that makes of a record's status is the table in review.py.
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
from describer.domain.texts import TEXT_FIELDS, Provenance, Review, Translation, Value, digest_of

AUTHOR_DIFFERS: Final = "author_texts_differ"
"""Flag: the picture's file and the XMP file beside it have different texts of the same kind; the file's stands."""

_OF_LANGUAGES: Final = frozenset({"languages"})


def asked[R: DescriptionRequest](
    picture: ImageBlob, content: ImageContent, stored: StoredRecord | None, brief: R, models: Sequence[str] = ()
) -> R:
    """What is asked about these bytes: as the stored record was asked, unless `brief` has wishes of a caller's own.

    Who only names languages wants the stored texts in these; his other wishes are those of the record.

    Args:
        picture: the picture.
        content: its bytes.
        stored: its record.
        brief: what is asked of any picture, or what a caller asks.
        models: that a caller may choose, beside the usual one. A stored wish for another is passed over.
    """
    request = stored.record.request if stored else None
    if request and brief.chosen <= _OF_LANGUAGES:
        brief = _as_requested(request, brief, models)
    removed = Evidence(picture, content.size, content.sha256, stored).is_removed
    return brief.asked_again() if removed else brief


def unchanged(
    picture: ImageBlob, content: ImageContent, stored: StoredRecord | None, brief: DescriptionRequest
) -> bool:
    """True if the record is complete: the metadata names it, it answers this brief, and nobody edited anything."""
    known = Evidence(picture, content.size, content.sha256, stored)
    unedited = stored is not None and known.is_marked and known.previous == stored.record
    if stored and stored.record.deleted_at:
        return False  # the picture is back, and its record is to say so
    if stored and new_file.is_other_sidecar(stored.record, content.beside):
        return False
    return unedited and looked_up(picture, content, stored, brief) == known.previous


@dataclass(frozen=True, slots=True)
class Unanswered[R: DescriptionRequest]:
    """What the model is to be asked.

    Args:
        known: what is known of these bytes.
        brief: what is wanted in all.
        left: the same in those languages that are not there.
    """

    known: Record | None
    brief: R
    left: R

    def with_answer(self, made: Record) -> Record:
        """Return the record of these bytes: what was made, beside what was known."""
        record = further_languages.joined(self.known, made, self.brief, self.left.languages)
        return record if record is made else further_languages.led_as_asked(record, self.brief)


def looked_up[R: DescriptionRequest](
    picture: ImageBlob, content: ImageContent, stored: StoredRecord | None, brief: R
) -> Record | Unanswered[R]:
    """Return what is known of these bytes, whoever wrote the texts, if that is the last word on them and this brief.

    That is the stored record, or a line of its history in which a person had a word, if its bytes are back.
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
        unread = content.sha256 and not stored.record.source.sha256  # it can be read by now
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
    """`record` with people's texts in their places, and with what it replaces in its history.

    A person's text for other bytes does not describe these: it goes into the history, and the new one asks for review.

    Args:
        record: what is known of the bytes.
        picture: the picture.
        stored: what lies in its place.
        origin: the record, of another name, that the metadata speaks of. Where it is of the same bytes, the picture was
            renamed or copied, and the texts that people wrote come along.
        brief: what was asked; if it asks for another answer, no rejected or emptied text is in its way.
        author: what the picture's author wrote into its file or beside it. It stands before the model's texts, and
            behind what people wrote in the sidecar or the metadata.
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
    """Name the XMP file that was read, now or for the same bytes earlier, and flag texts that differ."""
    beside = author.beside
    xmp = XmpSource(name=beside.name, sha256=beside.sha256) if beside else previous and previous.source.xmp
    flags = tuple(flag for flag in record.flags if flag != AUTHOR_DIFFERS) + (AUTHOR_DIFFERS,) * differs
    return record.model_copy(update={"flags": flags, "source": record.source.model_copy(update={"xmp": xmp})})


def has_words_of_people(record: Record) -> bool:
    """Return whether a person wrote, emptied or judged anything in the record or in its history."""
    read = edits.in_sidecar(record).applied(record)
    return any(known.of_editors() for known in (read, *record.history))


def _as_requested[R: DescriptionRequest](request: Request, brief: R, models: Sequence[str]) -> R:
    names = Request.model_fields.keys() - brief.chosen
    wishes = {name: wish for name in names if (wish := getattr(request, name)) is not None}
    if wishes.get("model") not in {brief.model, *models}:
        wishes.pop("model", None)
    return brief.with_wishes(**wishes)


def _is_better(previous: Record, record: Record, brief: DescriptionRequest) -> bool:
    """Return whether the record that stands says more than a new one of the same bytes, or says it already."""
    is_retried = further_languages.is_retried(previous, brief)
    if record.ended.status is Status.FAILED and previous.alt_text and not is_retried:
        return True  # an older answer to another brief is better than none
    return is_retried and _end(record) == _end(previous)  # tried in vain: nobody is told twice


def _end(known: DescriptionState) -> tuple[object, ...]:
    return known.ended, known.reader, known.fingerprint


def _with_words(
    record: Record, lines: Sequence[DescriptionState], elsewhere: Sequence[DescriptionState], *, again: bool
) -> Record:
    """`record` with the newest word of people's on each text: of those that were said here, else elsewhere.

    Where one of them stands at the top, its language stays the default one, whichever the brief names first.
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
        key: entry for key, entry in entries.items() if _is_removed(key, values) and key not in record.provenance
    }
    return record.replacing(said, removed | signed)


def _is_removed(key: str, values: Mapping[str, Value]) -> bool:
    return key.rpartition("/")[2] in TEXT_FIELDS and not values.get(key)


def _signed(entry: Provenance, value: Value) -> Provenance:
    return entry if entry.digest else entry.model_copy(update={"digest": digest_of(value)})


def _keeping_unknown(record: Record, previous: Record) -> Record:
    """`record` with the fields that a later version, or another program, added to the one that it replaces."""
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
