"""Records in the forms of other programs, piece by piece, so that memory stays flat."""

from collections.abc import AsyncGenerator, AsyncIterable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import blake2b

from describer.domain.image_blob import StoredRecord
from describer.domain.index import IndexEntry
from describer.entrypoints.transfer import exiftool, jsonl, spreadsheet


class Form(StrEnum):
    """How records are written."""

    CSV = "csv"
    JSONL = "jsonl"
    EXIFTOOL = "exiftool"
    XMP = "xmp"


@dataclass(slots=True)
class Survey:
    """What has to be known of all records before the first is written: languages, and names that are alike.

    Args:
        languages: that some record has a text in; the settings' first.

    It remembers 16 bytes of each name.
    """

    languages: dict[str, None]
    _seen: set[bytes] = field(default_factory=set)
    _alike: set[bytes] = field(default_factory=set)

    @classmethod
    async def of(cls, entries: AsyncIterable[IndexEntry], languages: Sequence[str]) -> "Survey":
        """The survey of these records."""
        survey = cls(dict.fromkeys(languages))
        async for entry in entries:
            survey.languages |= dict.fromkeys((*entry.languages, *entry.further_languages))
            folded = _folded(entry.ref.name)
            (survey._alike if folded in survey._seen else survey._seen).add(folded)
        return survey

    def fault_of(self, name: str) -> str:
        """Why a blob of this name cannot be a file of its own on every system; empty if it can."""
        if _folded(name) in self._alike:
            return "another name differs from it by capital letters only"
        return exiftool.fault_of(name)


@dataclass(slots=True)
class Export:
    """Records as lines of one form. What cannot be written is told in `reported`, a sentence each."""

    form: Form
    survey: Survey
    written: int = 0
    reported: list[str] = field(default_factory=list)

    def head(self) -> str:
        """What comes before the first record."""
        languages = tuple(self.survey.languages)
        match self.form:
            case Form.CSV:
                return spreadsheet.BOM + spreadsheet.line(spreadsheet.header(languages))
            case Form.EXIFTOOL:
                return spreadsheet.line(exiftool.header(languages))
            case _:
                return ""

    async def lines(self, records: AsyncIterable[StoredRecord]) -> AsyncGenerator[str]:
        """The head, and a line for each record that can be written."""
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
        """Whether the picture's name can be a file's; if not, that is reported."""
        name = stored.record.source.name
        fault = self.survey.fault_of(name)
        if fault:
            self.reported.append(f"{name}: not written, because {fault}")
        return not fault


def _folded(name: str) -> bytes:
    return blake2b(name.casefold().encode(errors="surrogatepass"), digest_size=16).digest()
