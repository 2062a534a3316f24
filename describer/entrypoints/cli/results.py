"""What became of one picture, as the command line tells it."""

import html
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from describer.domain.errors import Declined, DescriberError, Excluded, FetchFailed, ImageRejected, NotFound, Transient
from describer.domain.record import Record
from describer.domain.status import Status
from describer.domain.texts import TEXT_FIELDS
from describer.entrypoints.transfer import spreadsheet

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What a terminal obeys, and what cannot be written: the halves of characters in file names that are no UTF-8."""
_BREAKS: Final = re.compile(r"[\t\n\v\f\r\x1c-\x1e\x85\u2028\u2029]")
"""What parts lines or cells."""
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
    """A picture by its name on the command line, and its record, or the fault that kept it from having one."""

    picture: str
    record: Record | None = None
    fault: DescriberError | None = None

    @property
    def status(self) -> str:
        """That of the record; else `later`, `unfetchable`, `unreadable`, `absent`, `off_limits`, or a refusal's."""
        if self.record is not None:
            return self.record.status
        if isinstance(self.fault, ImageRejected):
            return self.fault.status
        return next((word for kind, word in _WORDS.items() if isinstance(self.fault, kind)), "unreadable")

    @property
    def reason(self) -> str:
        """Why there is no text, or none without a person's look; a sentence, or nothing."""
        if self.record is not None:
            return self.record.reason
        said = str(self.fault)
        return said if said.endswith((".", "?", "!")) else f"{said}."

    @property
    def alt_text(self) -> str:
        """The text that may be published as it is, on one line; empty where there is none, or needs to be none."""
        if self.record is None or not self.record.status.is_published:
            return ""
        return one_line(self.record.alt_text)

    def as_html(self) -> str:
        """An `<img>` on one line, escaped; without an `alt` attribute if no text may be published as it is."""
        address = f'<img src="{html.escape(printable(self.picture))}"'
        if self.record is None or not self.record.status.is_published:
            return f"{address}>"
        return f'{address} lang="{html.escape(self.record.language)}" alt="{html.escape(self.alt_text)}">'

    def as_json(self) -> str:
        """One line: the record, or `status` and `reason`; and `picture`."""
        if self.record is not None:
            return line({"picture": self.picture} | self.record.model_dump(mode="json"))
        return line({"picture": self.picture, "status": self.status, "reason": self.reason})

    def as_csv(self, languages: Sequence[str]) -> str:
        """A row below `csv_header`; what a spreadsheet would calculate has an apostrophe before it."""
        cells = {"picture": self.picture, "status": self.status, "reason": self.reason}
        if record := self.record:
            cells |= {
                "is_decorative": "yes" if record.is_decorative else "no",
                "language": record.language,
                "tags": "; ".join(record.tags),
                "visible_text": record.visible_text,
                "flags": " ".join(record.flags),
            }
            for tag in languages:
                cells |= {f"{name}:{tag}": text for name, text in spreadsheet.texts_in(record, tag).items()}
        return spreadsheet.line([spreadsheet.guarded(printable(cells.get(name, ""))) for name in _columns(languages)])


def csv_header(languages: Sequence[str]) -> str:
    """The first row of CSV, with the byte order mark by which spreadsheets know UTF-8."""
    return spreadsheet.BOM + spreadsheet.line(_columns(languages))


def _columns(languages: Sequence[str]) -> list[str]:
    texts = (f"{name}:{tag}" for tag in languages for name in TEXT_FIELDS)
    return ["picture", "status", "is_decorative", "language", *texts, "tags", "visible_text", "reason", "flags"]


def one_line(text: str) -> str:
    """`text` as one cell of one line: no line break, no tab, no control character."""
    return " ".join(printable(_BREAKS.sub(" ", text)).split(" ")).strip()


def printable(text: str) -> str:
    """`text` without control characters: a picture, or its file's name, can hold what a terminal would obey."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def line(value: dict[str, Any]) -> str:
    """`value` as a line of JSON, which holds no control character either."""
    text = json.dumps(value, ensure_ascii=False)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
