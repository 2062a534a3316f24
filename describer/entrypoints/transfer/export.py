"""Writes records in other programs' forms as a stream, so that memory use stays constant."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from describer.domain.image_blob import StoredRecord
from describer.domain.index import IndexEntry
from describer.entrypoints.transfer import exiftool, jsonl, spreadsheet


class Form(StrEnum):
    CSV = "csv"
    JSONL = "jsonl"
    EXIFTOOL = "exiftool"
    XMP = "xmp"


@dataclass(slots=True)
class Survey:
    """The facts that are needed before the first record is written: languages, and names that differ only by case.

    Args:
        languages: the languages in which any record has a text; the settings' first.

    It holds 16 bytes per name.
    """

    languages: dict[str, None]
    _seen: set[bytes] = field(default_factory=set)
    _alike: set[bytes] = field(default_factory=set)

    @classmethod
    async def of(cls, entries: AsyncIterable[IndexEntry], languages: Sequence[str]) -> "Survey":
        survey = cls(dict.fromkeys(languages))
        async for entry in entries:
            survey.languages |= dict.fromkeys((*entry.languages, *entry.further_languages))
            folded = _folded(entry.ref.name)
            (survey._alike if folded in survey._seen else survey._seen).add(folded)
        return survey

    def fault_of(self, name: str) -> str:
        """Return why a blob's name cannot be a separate file on every system; empty if it can."""
        if _folded(name) in self._alike:
            return "another name differs from it only by capital letters"
        return exiftool.fault_of(name)


@dataclass(slots=True)
class Export:
    """Records as lines of one form. `reported` has a sentence for each thing that cannot be written."""

    form: Form
    survey: Survey
    written: int = 0
    reported: list[str] = field(default_factory=list)

    def head(self) -> str:
        """Return the text before the first record."""
        languages = tuple(self.survey.languages)
        match self.form:
            case Form.CSV:
                return spreadsheet.BOM + spreadsheet.line(spreadsheet.header(languages))
            case Form.EXIFTOOL:
                return spreadsheet.line(exiftool.header(languages))
            case _:
                return ""

    async def lines(self, records: AsyncIterable[StoredRecord]) -> AsyncGenerator[str]:
        """Yield the head, and a line for each record that can be written."""
        yield self.head()
        async for stored in records:
            if line := self._line(stored):
                self.written += 1
                yield line

    def _line(self, stored: StoredRecord) -> str:
        languages = tuple(self.survey.languages)
        match self.form:
            case Form.CSV:
                return spreadsheet.line(spreadsheet.row(stored, languages))
            case Form.EXIFTOOL if self.is_file(stored):
                if lost := exiftool.lost(stored.record):
                    self.reported.append(f"{stored.record.source.name}: left out {lost}")
                return spreadsheet.line(exiftool.row(stored.record, languages))
            case Form.JSONL:
                return jsonl.line(stored)
            case _:
                return ""

    def is_file(self, stored: StoredRecord) -> bool:
        """Return whether the picture's name can be a file's; if not, report it."""
        name = stored.record.source.name
        fault = self.survey.fault_of(name)
        if fault:
            self.reported.append(f"{name}: not written, because {fault}")
        return not fault


def _folded(name: str) -> bytes:
    return blake2b(name.casefold().encode(errors="surrogatepass"), digest_size=16).digest()
