"""Collects what is already known of a picture: from its sidecar, history, metadata and origin.

People's texts are assigned to the bytes that they describe: a text for other bytes does not describe these.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property

from describer.domain import dates, edits, metadata
from describer.domain.edits import Edits
from describer.domain.etag import unquoted
from describer.domain.history import DescriptionState, HistoryEntry, Source
from describer.domain.image_blob import ImageBlob, StoredRecord
from describer.domain.metadata import Copy
from describer.domain.record import Record
from describer.domain.review import Demand
from describer.domain.status import Status
from describer.domain.texts import Origin, Value, by_author, digest_of, is_text, split_key


@dataclass(frozen=True)
class Evidence:
    """The facts about a picture that were read.

    Args:
        size: number of its bytes.
        sha256: digest of its bytes, or None if they were not read.
        stored: the record in its sidecar.
        origin: the record of another name that the metadata refers to.
        author: the author's texts by key: those in these bytes, then those beside them. The first ones take precedence.
        language: default language of these texts.
    """

    picture: ImageBlob
    size: int
    sha256: str | None
    stored: StoredRecord | None
    origin: StoredRecord | None = None
    author: Sequence[Mapping[str, str]] = ()
    language: str = ""

    @cached_property
    def here(self) -> bool:
        """Whether the stored record is about these bytes or, if either were not read, about this very blob."""
        if self.stored is None:
            return False
        source = self.stored.record.source
        if self.sha256 and source.sha256:
            return source.sha256 == self.sha256
        return source.size == self.size and (source.etag == self.picture.etag or self._was_written_for(self.stored))

    @cached_property
    def is_marked(self) -> bool:
        """Whether the metadata names the stored record, which shows that its processing was complete."""
        return self.stored is not None and self._copy.record == unquoted(self.stored.etag)

    @cached_property
    def previous(self) -> Record | None:
        """The stored record with people's later changes in it and in the metadata."""
        record = self._saved
        if record and self._is_of_stored:
            return self._in_metadata.applied(record, self._copy.language)
        return record

    @cached_property
    def is_removed(self) -> bool:
        """Whether people removed a text of these bytes, so that the model is asked for a new one."""
        return self.here and bool(self._in_sidecar.gone or (self._is_of_stored and self._in_metadata.gone))

    @cached_property
    def lines(self) -> Sequence[DescriptionState]:
        """The recorded states of these very bytes, newest first."""
        found: list[DescriptionState] = [self._apart] if self._apart and self._is_of_these else []
        if self.previous:
            found += [self.previous] if self.here else []
            found += [line for line in self.previous.history if self._is_about(line)]
        return found

    @cached_property
    def elsewhere(self) -> Sequence[DescriptionState]:
        """People's texts for these very bytes under another name or in another account, newest first.

        The metadata leads to them: by the record that it names, or else as far as they are copied there; last come the
        author's texts in the file. Texts that are known here too are ignored, since they may have been removed here.
        """
        said = [*self.lines, *([self._as_written(self.stored)] if self.stored else [])]
        copied = [edits.copied(self._copy, self._blank)] if self._is_of_these else []
        return [_beside(known, said) for known in (*self._of_origin, *copied, *self._of_author)]

    @cached_property
    def replaced(self) -> Sequence[HistoryEntry]:
        """The states to add to the history, newest first."""
        found = [self._apart] if self._apart and not self._is_of_these else []
        if self.stored and self._saved and self.previous:
            found += [known.earlier(self.stored.etag) for known in (self.previous, self._saved)]
            found += [self._as_written(self.stored), *self.previous.history]
        return found

    @cached_property
    def demand(self) -> Demand | None:
        """Why a person must review the texts, until one does."""
        if self.here and self.previous and self.previous.demand:
            return self.previous.demand
        of_these = next(iter([*([] if self.here else self._settling), *self._of_origin]), None)
        if of_these and (of_these.of_people() or of_these.demand):
            return of_these.demand
        if self.here:
            return Demand.NEW_PICTURE if self._is_said_of_others else None
        if self.previous and (self.previous.of_editors() or self.previous.demand):
            return Demand.NEW_PICTURE
        if self._apart and not self._is_of_these:
            return Demand.NEW_PICTURE
        return self._copy.demand if self._is_of_these else None

    @property
    def _is_said_of_others(self) -> bool:
        """Whether the metadata has words of a person's about other bytes that are not in the history yet.

        A person sees this picture, and may have written about it before the app had written its metadata anew.
        """
        if self._apart is None or self._is_of_these or self.stored is None:
            return False
        return bool(_beside(self._apart, self.stored.record.history).provenance)

    @property
    def _settling(self) -> Sequence[DescriptionState]:
        """The states that settle a review of these bytes; the metadata alone settles it only with an alt text."""
        apart = self._apart
        is_alt_text = apart is None or not {"alt_text", metadata.DECORATIVE}.isdisjoint(apart.provenance)
        return self.lines if is_alt_text else [line for line in self.lines if line is not apart]

    @cached_property
    def author_differs(self) -> bool:
        """Whether the file and the XMP file beside it have different texts for a key."""
        first, *others = self._by_author or [{}]
        return any(first[key] != text for other in others for key, text in other.items() if key in first)

    @cached_property
    def _copy(self) -> Copy:
        return metadata.read(self.picture.metadata)

    @cached_property
    def _in_sidecar(self) -> Edits:
        return edits.in_sidecar(self.stored.record) if self.stored else Edits()

    @cached_property
    def _saved(self) -> Record | None:
        """The stored record with people's changes in it, without those in the metadata."""
        return self._in_sidecar.applied(self.stored.record) if self.stored else None

    @cached_property
    def _in_metadata(self) -> Edits:
        chain = [stored.record for stored in (self.stored, self.origin) if stored]
        return edits.in_metadata(self._copy, [known for record in chain for known in (record, *record.history)])

    @cached_property
    def _is_of_these(self) -> bool:
        """Whether the metadata is about these bytes: another program may have kept it for new ones."""
        if not self._copy.marked:
            return True
        if self._copy.sha256 and self.sha256:
            return self._copy.sha256 == self.sha256
        return self.here or self.stored is None

    @cached_property
    def _is_of_stored(self) -> bool:
        """Whether the metadata is about the bytes of the stored record."""
        if self.stored is None:
            return False
        if self._is_of_these:
            return self.here
        return self.is_marked or self._copy.sha256 == self.stored.record.source.sha256

    @cached_property
    def _apart(self) -> HistoryEntry | None:
        """People's texts in the metadata about other bytes than the stored record's."""
        if not self._in_metadata or self._is_of_stored:
            return None
        return self._in_metadata.applied(self._blank)

    @cached_property
    def _blank(self) -> HistoryEntry:
        ref, known = self.picture.ref, self.stored or self.origin
        sha256 = self.sha256 if self._is_of_these else self._copy.sha256
        return HistoryEntry(
            language=self._copy.language or (known.record.language if known else ""),
            status=Status.KEPT,
            fingerprint="",
            at=known.record.at if known else datetime.now(UTC),
            source=Source(container=ref.container, name=ref.name, etag="", size=self.size, sha256=sha256),
        )

    @cached_property
    def _of_origin(self) -> list[DescriptionState]:
        if self.origin is None:
            return []
        record = self.origin.record
        unread = self.sha256 is None and record.source.sha256 is None and record.source.size == self.size
        unread = unread and self._was_written_for(self.origin)
        known = edits.in_sidecar(record).applied(record)
        found: list[DescriptionState] = [known] if unread or self._is_about(known) else []
        return found + [line for line in record.history if self._is_about(line)]

    @cached_property
    def _of_author(self) -> list[DescriptionState]:
        texts = {key: text for given in reversed(self._by_author) for key, text in given.items()}
        line = self._blank.model_copy(update={"language": self.language})
        return [line.replacing(texts, by_author(texts))] if texts else []

    @cached_property
    def _by_author(self) -> Sequence[Mapping[str, str]]:
        """The author's texts by source, without those that a program copied into the file from the app's records."""
        return [{key: text for key, text in of.items() if not self._is_models(key, text)} for of in self.author]

    def _is_models(self, key: str, text: str) -> bool:
        """Whether the app ever wrote this text of this picture in this language, as the model's.

        A text without a language counts in any: in a file it is the default one, and the app's default language may
        have been another when it was exported.
        """
        tag, _ = split_key(key)
        digest = digest_of(text)
        return any(digest == found and (tag is None or language == tag) for language, found in self._models)

    @cached_property
    def _models(self) -> set[tuple[str, str]]:
        """Language and digest of all that the app ever wrote of this picture as the model's."""
        records = [stored.record for stored in (self.stored, self.origin) if stored]
        lines = [line for record in records for line in (record, *record.history)]
        written = self._copy.written.values()
        found = {(self._copy.language, digest) for origin, digest in written if origin == Origin.MODEL}
        for line in lines:
            values = line.values()
            for key, entry in line.provenance.items():
                if entry.origin == Origin.MODEL and entry.digest:
                    language = split_key(key)[0] or line.language
                    found.add((language, entry.digest))
                    value = values.get(key)
                    if isinstance(value, str) and digest_of(value) == entry.digest:
                        found.add((language, digest_of(value.strip())))
        return found

    def _was_written_for(self, stored: StoredRecord) -> bool:
        """Return whether the metadata was written for this record, which people may have edited since."""
        return self._copy.record == unquoted(stored.etag) or dates.is_same(self._copy.at, stored.record.at)

    def _is_about(self, known: DescriptionState) -> bool:
        return self.sha256 is not None and known.source.sha256 == self.sha256

    def _as_written(self, stored: StoredRecord) -> HistoryEntry:
        """Return the stored record before people's edits, as far as the metadata still has it."""
        record, values = stored.record, dict[str, Value]()
        if self._copy.language == record.language:
            for name in metadata.TEXTS:
                entry, value = record.provenance.get(name), self._copy.values.get(name)
                if value and entry and entry.digest == digest_of(value):
                    values[name] = value
        texts = {key for key in record.values() if is_text(key)}
        lost = self._in_sidecar.written.keys() & texts - values.keys()
        entries = {key: entry for key, entry in record.provenance.items() if key not in lost}
        blank = dict.fromkeys(lost, "")
        before = record.replacing(values | blank, {}).model_copy(update={"provenance": entries})
        return before.earlier(stored.etag)


def _beside(known: DescriptionState, said: Sequence[DescriptionState]) -> DescriptionState:
    """Return `known` with only those of people's texts that are not in `said`."""
    others = [line.led_by(known.language).of_people() if line.language else line.of_people() for line in said]
    new = {key for key, value in known.of_people().items() if all(other.get(key) != value for other in others)}
    return known.model_copy(update={"provenance": {key: known.provenance[key] for key in new}})
