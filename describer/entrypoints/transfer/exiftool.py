"""The CSV for ExifTool, which writes the texts into copies of the pictures, each under its language.

An empty cell leaves what stands in the file. Nothing is guarded: this file is not for spreadsheets.
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
"""By the names of `TEXT_FIELDS`."""
SUBJECT: Final = "XMP-dc:Subject"
SEPARATOR: Final = "~|~"
"""Between keywords. It needs no escape in any shell's double quotes."""
MISSING: Final = "-"
"""ExifTool's sign for a tag that is to go."""


def header(languages: Sequence[str]) -> list[str]:
    """The first row; `languages` are those of translations."""
    return ["SourceFile", *(f"{TAGS[field]}-{tag}" for field in TAGS for tag in (DEFAULT, *languages)), SUBJECT]


def row(record: Record, languages: Sequence[str]) -> list[str]:
    """The record's row. Keywords that the separator would not take apart again are left out; see `lost`."""
    cells = {f"{TAGS[field]}-{DEFAULT}": text for field, text in texts_in(record, record.language).items()}
    for tag in record.translations:
        cells |= {f"{TAGS[field]}-{tag}": text for field, text in texts_in(record, tag).items()}
    cells |= {"SourceFile": record.source.name, SUBJECT: SEPARATOR.join(_separable(record.tags))}
    return ["" if cells.get(name) == MISSING else cells.get(name, "") for name in header(languages)]


def lost(record: Record) -> str:
    """What of a record cannot be said in this form; empty if all can."""
    if _separable(record.tags) != record.tags:
        return f"its keywords, because one contains a part of {SEPARATOR}"
    values = [record, *record.translations.values()]
    if any(getattr(texts, field) == MISSING for texts in values for field in TAGS):
        return "a text that is a single hyphen, which ExifTool takes for a wish to delete"
    return ""


def _separable(keywords: tuple[str, ...]) -> tuple[str, ...]:
    same = not keywords or SEPARATOR.join(keywords).split(SEPARATOR) == [*keywords]
    return keywords if same and MISSING not in keywords else ()


def fault_of(name: str) -> str:
    """Why a blob of this name cannot be given to ExifTool as a file; empty if it can."""
    if name == "*":
        return "ExifTool takes the name * for all files"
    if any(part in {"", ".", ".."} for part in name.split("/")):
        return "it has an empty folder name, so that no file is called so"
    if any(ord(letter) < 32 for letter in name):
        return "it has control characters"
    return ""


def command(file: str) -> str:
    """What to type in a folder that holds the container's pictures, by their names."""
    return f'exiftool -csv={quote(file)} -sep "{SEPARATOR}" -charset filename=utf8 -r .'


assert TAGS.keys() == set(TEXT_FIELDS)  # noqa: S101 - a new text has a place in XMP too
