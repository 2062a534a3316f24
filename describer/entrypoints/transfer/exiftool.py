"""The CSV by which ExifTool writes the texts into copies of the pictures, each text under its language.

An empty cell leaves the file's text unchanged. Formulas are not guarded: this file is not for spreadsheets.
"""

from collections.abc import Sequence
from shlex import quote
from typing import Final

from describer.domain.record import Record
from describer.domain.texts import TEXT_FIELDS
from describer.entrypoints.transfer.spreadsheet import texts_in

DEFAULT: Final = "x-default"
TAGS: Final = {
    "alt_text": "XMP-iptcCore:AltTextAccessibility",
    "extended_description": "XMP-iptcCore:ExtDescrAccessibility",
    "description": "XMP-dc:Description",
}
"""ExifTool's tags by the names of `TEXT_FIELDS`."""
SUBJECT: Final = "XMP-dc:Subject"
SEPARATOR: Final = "~|~"
"""Separator of keywords, which needs no escape in any shell's double quotes."""
MISSING: Final = "-"
"""ExifTool's value for deleting a tag."""


def header(languages: Sequence[str]) -> list[str]:
    """Return the first row; `languages` are those of translations."""
    return ["SourceFile", *(f"{TAGS[field]}-{tag}" for field in TAGS for tag in (DEFAULT, *languages)), SUBJECT]


def row(record: Record, languages: Sequence[str]) -> list[str]:
    """Return the record's row. Keywords that contain a part of the separator are left out; see `lost`."""
    cells = {f"{TAGS[field]}-{DEFAULT}": text for field, text in texts_in(record, record.language).items()}
    for tag in record.translations:
        cells |= {f"{TAGS[field]}-{tag}": text for field, text in texts_in(record, tag).items()}
    cells |= {"SourceFile": record.source.name, SUBJECT: SEPARATOR.join(_separable(record.tags))}
    return ["" if cells.get(name) == MISSING else cells.get(name, "") for name in header(languages)]


def lost(record: Record) -> str:
    """Return what of a record this form cannot contain; empty if it can contain everything."""
    if _separable(record.tags) != record.tags:
        return f"its keywords, because one contains a part of {SEPARATOR}"
    values = [record, *record.translations.values()]
    if any(getattr(texts, field) == MISSING for texts in values for field in TAGS):
        return "a text that is a single hyphen, which ExifTool treats as a deletion"
    return ""


def _separable(keywords: tuple[str, ...]) -> tuple[str, ...]:
    same = not keywords or SEPARATOR.join(keywords).split(SEPARATOR) == [*keywords]
    return keywords if same and MISSING not in keywords else ()


def fault_of(name: str) -> str:
    """Return why ExifTool cannot process a file of this name; empty if it can."""
    if name == "*":
        return "ExifTool treats the name * as all files"
    if any(part in {"", ".", ".."} for part in name.split("/")):
        return "it has an empty folder name, which no file can have"
    if any(ord(letter) < 32 for letter in name):
        return "it has control characters"
    return ""


def command(file: str) -> str:
    """Return the command to run in a folder with the container's pictures."""
    return f'exiftool -csv={quote(file)} -sep "{SEPARATOR}" -charset filename=utf8 -r .'


assert TAGS.keys() == set(TEXT_FIELDS)  # noqa: S101 - a new text needs a tag in XMP
