"""Applies people's texts from a file, row by row; repeating a row does no harm."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from describer.domain.correction import Correction
from describer.domain.errors import InvalidRequest, Newer, NotFound, NotOurs, Outdated, RecordUnreadable
from describer.domain.etag import quoted, unquoted
from describer.domain.image_blob import StoredRecord
from describer.domain.record import Record
from describer.domain.texts import Review, key_of
from describer.entrypoints.on_demand.corrections import corrected
from describer.entrypoints.transfer.rows import DEFAULT, InvalidRow, Row
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.correct import ANY, Corrector

_STALE: Final = "The record has changed since the file was written; export it again and review its current texts."
_A_PERSONS: Final = "This would replace a person's text, and the row has no ETag to show that the text was seen."


class Kind(StrEnum):
    """The outcome of a row."""

    CHANGED = "changed"
    """In a dry run: would be changed."""
    UNCHANGED = "unchanged"
    """The record contains everything already."""
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of one row. `reason`: the changed keys, or why the row was rejected."""

    number: int
    name: str
    kind: Kind
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Importer:
    """Applies rows.

    Args:
        write: False: only determine each row's outcome.
        overwrite: whether rows without an ETag may replace people's texts.
        reviewed_by: who wrote rows that do not say so.
    """

    catalogue: Catalogue
    corrector: Corrector
    write: bool = False
    overwrite: bool = False
    reviewed_by: str = ""

    async def take(self, row: Row | InvalidRow) -> Outcome:
        """Apply a row and return its outcome.

        Raises:
            NotNow: not now; earlier rows are applied, this one is not.
        """
        if isinstance(row, InvalidRow):
            return Outcome(row.number, row.name, Kind.REFUSED, row.reason)
        try:
            return await self._taken(row)
        except (InvalidRequest, NotFound, Newer, RecordUnreadable, NotOurs) as error:
            return Outcome(row.number, row.ref.name, Kind.REFUSED, str(error))
        except Outdated:
            return Outcome(row.number, row.ref.name, Kind.REFUSED, _STALE)

    async def _taken(self, row: Row) -> Outcome:
        stored = await self._stored(row)
        record = stored.record
        texts = _changed(row, record)
        is_fresh = row.etag == unquoted(stored.etag)
        decorative = row.is_decorative if row.is_decorative != record.is_decorative else None
        review = _review(row, record, is_fresh=is_fresh)
        if not (texts or review) and decorative is None:
            return Outcome(row.number, row.ref.name, Kind.UNCHANGED)
        if row.etag and not is_fresh:
            return Outcome(row.number, row.ref.name, Kind.REFUSED, _STALE)
        if not row.etag and not self.overwrite and _replaces_persons(texts, record):
            return Outcome(row.number, row.ref.name, Kind.REFUSED, _A_PERSONS)
        reviewed_by = row.reviewed_by or self.reviewed_by
        correction = corrected(texts, is_decorative=decorative, review=review, reviewed_by=reviewed_by)
        self.corrector.check(correction)
        return await self._applied(row, stored, correction)

    async def _stored(self, row: Row) -> StoredRecord:
        catalogue = self.catalogue
        stored = await catalogue.records.read(row.ref) if catalogue.blob_filter.covers(row.ref) else None
        if stored is None:
            raise NotFound("There is no record of this blob.")
        return stored

    async def _applied(self, row: Row, stored: StoredRecord, correction: Correction) -> Outcome:
        said = correction.applied(stored.record)
        if said == stored.record:
            return Outcome(row.number, row.ref.name, Kind.UNCHANGED)
        if self.write:
            await self.corrector.correct(row.ref, correction, (quoted(row.etag),) if row.etag else ANY)
        keys = [f"{name} ({tag})" for tag, given in correction.texts.items() for name in given]
        keys += ["is_decorative"] if correction.is_decorative is not None else []
        keys += [str(correction.review)] if correction.review else []
        return Outcome(row.number, row.ref.name, Kind.CHANGED, ", ".join(keys))


def _changed(row: Row, record: Record) -> dict[str, dict[str, str]]:
    """Return the texts that the record does not contain yet, by language."""
    texts: dict[str, dict[str, str]] = {}
    for tag, given in row.texts.items():
        language = record.language if tag == DEFAULT else tag
        standing = record if language == record.language else record.translations.get(language)
        new = {name: text for name, text in given.items() if _plain(text) != _plain(getattr(standing, name, ""))}
        if clash := [name for name in new if texts.get(language, {}).get(name, new[name]) != new[name]]:
            raise InvalidRequest(f"Two columns have different texts for {clash[0]} in {language}.", field="file")
        if new:
            texts[language] = texts.get(language, {}) | new
    return texts


def _plain(text: str) -> str:
    """Return the text without what spreadsheets change: line ends and outer spaces."""
    return text.replace("\r\n", "\n").replace("\r", "\n").strip()


def _review(row: Row, record: Record, *, is_fresh: bool) -> str:
    """Return the row's review if it differs from the record's.

    A row that was applied before has no review to apply, since its text has made the record a person's.
    """
    if row.review and row.review not in set(Review):
        raise InvalidRequest(f"review is {row.review[:40]!r}; expected approved, rejected or suggested.", field="file")
    if row.review in {"", Review.EDITED, record.review} or (not is_fresh and record.review == Review.EDITED):
        return ""
    return row.review


def _replaces_persons(texts: Mapping[str, Mapping[str, str]], record: Record) -> bool:
    of_people = record.of_people()
    keys = (key_of(name, tag, record.language) for tag, given in texts.items() for name in given)
    return any(key in of_people for key in keys)
