"""The result for one picture, formatted for output."""

import html
import json
import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from describer.domain.errors import Declined, DescriberError, Excluded, FetchFailed, ImageRejected, NotFound, Transient
from describer.domain.image_ref import ImageRef
from describer.domain.record import Record
from describer.domain.status import Status
from describer.domain.texts import TEXT_FIELDS
from describer.entrypoints.transfer import spreadsheet

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""Control characters for terminals, and lone surrogates from file names that are not UTF-8."""
_BREAKS: Final = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
"""Characters that separate lines or cells."""
_WORDS: Final[dict[type[DescriberError], str]] = {
    Declined: Status.FAILED,
    Transient: "later",
    FetchFailed: "unfetchable",
    NotFound: "absent",
    Excluded: "off_limits",
}


class Unreadable(DescriberError):
    """The file cannot be read."""


@dataclass(frozen=True, slots=True)
class Result:
    """A picture by its name on the command line, with its record or an error."""

    picture: str
    record: Record | None = None
    fault: DescriberError | None = None

    @property
    def status(self) -> str:
        """The record's status, a rejection's, or `later`, `unfetchable`, `unreadable`, `absent`, `off_limits`."""
        if self.record is not None:
            return self.record.status
        if isinstance(self.fault, ImageRejected):
            return self.fault.status
        return next((word for kind, word in _WORDS.items() if isinstance(self.fault, kind)), "unreadable")

    @property
    def reason(self) -> str:
        """A sentence on why there is no text for publication, or empty."""
        if self.record is not None:
            return self.record.reason
        return self.fault.sentence if self.fault is not None else ""

    @property
    def alt_text(self) -> str:
        """The text for publication on one line; empty if there is none or none is needed."""
        if self.record is None or not self.record.status.is_published:
            return ""
        return one_line(self.record.alt_text)

    def as_html(self) -> str:
        """Return an escaped `<img>` on one line, without an `alt` attribute if there is no text for publication."""
        address = f'<img src="{html.escape(printable(self.picture))}"'
        if self.record is None or not self.record.status.is_published:
            return f"{address}>"
        return f'{address} lang="{html.escape(self.record.language)}" alt="{html.escape(self.alt_text)}">'

    def as_json(self) -> str:
        """Return one line: the record, or `status` and `reason`, with `picture`."""
        if self.record is not None:
            return line({"picture": self.picture} | self.record.model_dump(mode="json"))
        return line({"picture": self.picture, "status": self.status, "reason": self.reason})

    def as_csv(self, languages: Sequence[str]) -> str:
        """Return the row below `csv_header`; a cell that a spreadsheet would calculate starts with an apostrophe."""
        cells = {"picture": self.picture, "status": self.status, "reason": self.reason}
        if record := self.record:
            cells |= spreadsheet.cells_of(record, languages)
        return spreadsheet.line([spreadsheet.guarded(printable(cells.get(name, ""))) for name in _columns(languages)])


def csv_header(languages: Sequence[str]) -> str:
    """Return the first row of the CSV, with the byte order mark by which spreadsheets recognise UTF-8."""
    return spreadsheet.BOM + spreadsheet.line(_columns(languages))


def _columns(languages: Sequence[str]) -> list[str]:
    texts = (f"{name}:{tag}" for tag in languages for name in TEXT_FIELDS)
    return ["picture", "status", "is_decorative", "language", *texts, "tags", "visible_text", "reason", "flags"]


def no_record(ref: ImageRef) -> NotFound:
    """Return the error for a blob without a record, with the command that describes it."""
    blob = shlex.join([ref.container, ref.name])
    return NotFound(
        f"There is no record of {ref.path}. If it was just uploaded, wait with `describer show {shlex.quote(ref.path)} "
        f"--wait 60`; otherwise describe it with `describer describe --container {blob} --write`."
    )


def one_line(text: str) -> str:
    """Return `text` as one cell of one line: without line breaks, tabs and control characters."""
    return " ".join(printable(_BREAKS.sub(" ", text)).split(" ")).strip()


def printable(text: str) -> str:
    """Return `text` without control characters: a picture's text or file name can contain terminal commands."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def line(value: dict[str, Any]) -> str:
    """Return `value` as a line of JSON without control characters."""
    text = json.dumps(value, ensure_ascii=False)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
