"""What became of one picture, as the command line tells it."""

import html
import json
import re
from dataclasses import dataclass
from typing import Any, Final

from describer.domain.errors import Declined, DescriberError, Excluded, FetchFailed, ImageRejected, NotFound, Transient
from describer.domain.record import Record
from describer.domain.status import Status

_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
"""What a terminal obeys, and what cannot be written: the halves of characters in file names that are no UTF-8."""
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
        return " ".join(printable(self.record.alt_text).split())

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


def printable(text: str) -> str:
    """`text` without control characters: a picture, or its file's name, can hold what a terminal would obey."""
    return _CONTROLS.sub("\N{REPLACEMENT CHARACTER}", text)


def line(value: dict[str, Any]) -> str:
    """`value` as a line of JSON, which holds no control character either."""
    text = json.dumps(value, ensure_ascii=False)
    return _CONTROLS.sub(lambda found: f"\\u{ord(found[0]):04x}", text)
