"""The CSV for spreadsheets: a row for each picture, a column for each text in each language.

A cell that a spreadsheet would treat as a formula gets an apostrophe in front, which `unguarded` removes. Do not give
this file to ExifTool: it would write the apostrophes into the pictures.
"""

import csv
import io
import re
from collections.abc import Sequence
from typing import Final

from describer.domain.etag import unquoted
from describer.domain.image_blob import StoredRecord
from describer.domain.record import Record
from describer.domain.texts import TEXT_FIELDS

BOM: Final = "\ufeff"
"""The byte order mark by which spreadsheets recognize UTF-8."""
LEADING: Final = ("container", "name", "status", "review", "is_decorative", "language")
TRAILING: Final = ("tags", "visible_text", "reason", "flags", "etag")

_FORMULA: Final = re.compile(r"[\s']*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]")
"""The start of a text that a spreadsheet may calculate, with apostrophes of its own before it."""


def header(languages: Sequence[str]) -> list[str]:
    """Return the first row."""
    return [*LEADING, *(f"{field}:{tag}" for tag in languages for field in TEXT_FIELDS), *TRAILING]


def row(stored: StoredRecord, languages: Sequence[str]) -> list[str]:
    """Return the record's row, each text guarded."""
    cells = cells_of(stored.record, languages) | {"etag": unquoted(stored.etag)}
    return [guarded(cells.get(name, "")) for name in header(languages)]


def cells_of(record: Record, languages: Sequence[str]) -> dict[str, str]:
    """Return the record's cells by column, not guarded."""
    return {
        "container": record.source.container,
        "name": record.source.name,
        "status": record.status,
        "review": record.review,
        "is_decorative": "yes" if record.is_decorative else "no",
        "language": record.language,
        "tags": "; ".join(record.tags),
        "visible_text": record.visible_text,
        "reason": record.reason,
        "flags": " ".join(record.flags),
    } | {f"{field}:{tag}": text for tag in languages for field, text in texts_in(record, tag).items()}


def texts_in(record: Record, language: str) -> dict[str, str]:
    """Return the record's texts in one language by the names of `TEXT_FIELDS`; empty if it has none."""
    texts = record if language == record.language else record.translations.get(language)
    return {field: getattr(texts, field) for field in TEXT_FIELDS} if texts else {}


def guarded(cell: str) -> str:
    """Return the cell in a form that no spreadsheet calculates."""
    return f"'{cell}" if _FORMULA.match(cell) else cell


def unguarded(cell: str) -> str:
    """Return the original of a guarded cell."""
    return cell[1:] if cell.startswith("'") and _FORMULA.match(cell[1:]) else cell


def line(cells: Sequence[str]) -> str:
    """Return one line of CSV (RFC 4180)."""
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    return out.getvalue()
