"""Parses edited rows one by one: spreadsheets' CSV, ExifTool's CSV, JSON lines."""

import csv
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, TextIO

from describer.domain import language
from describer.domain.errors import InvalidName, InvalidRequest
from describer.domain.etag import unquoted
from describer.domain.image_ref import ImageRef
from describer.domain.texts import TEXT_FIELDS
from describer.entrypoints.transfer import exiftool
from describer.entrypoints.transfer.spreadsheet import unguarded

DEFAULT: Final = ""
"""The language of a column that names none: the record's default."""

_DELIMITERS: Final = ",;\t"
_LONGEST_CELL: Final = 1 << 20
_BOMS: Final = {b"\xef\xbb\xbf": "utf-8-sig", b"\xff\xfe": "utf-16", b"\xfe\xff": "utf-16"}
_TRUTHS: Final = {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}
_EXIFTOOL: Final = {tag.rpartition(":")[2].lower(): name for name, tag in exiftool.TAGS.items()}
_TEXT_COLUMN: Final = re.compile(rf"({'|'.join(TEXT_FIELDS)})(?::(.*))?", re.IGNORECASE)
_EXIFTOOL_COLUMN: Final = re.compile(rf"(?:[\w-]+:)?({'|'.join(_EXIFTOOL)})(?:-(.*))?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Row:
    """A row's changes to one picture; what it leaves out stays.

    Args:
        number: the row's number in the file, from 1.
        etag: ETag of the record that the person saw, without quotes; empty if the file has none.
        texts: by language tag (`DEFAULT`: the record's), then by the names of `TEXT_FIELDS`.
        is_decorative: None: unchanged.
        review: as people write it; empty: unchanged.
        reviewed_by: who wrote the row; empty: it does not say.
    """

    number: int
    ref: ImageRef
    etag: str = ""
    texts: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    is_decorative: bool | None = None
    review: str = ""
    reviewed_by: str = ""


@dataclass(frozen=True, slots=True)
class InvalidRow:
    """A row that cannot be parsed, and why."""

    number: int
    name: str
    reason: str


def read(path: Path, container: str) -> Iterator[Row | InvalidRow]:
    """Yield the rows of a file, by its extension `.csv` (or `.tsv`, `.txt`) or `.jsonl`.

    `container` is that of rows that name none.

    Raises:
        InvalidRequest: the file as a whole cannot be read; the sentence says what to do.
    """
    try:
        with path.open(encoding=_encoding(path), newline="") as file:
            jsonl = path.suffix.lower() in {".jsonl", ".ndjson"}
            yield from _of_lines(file, container) if jsonl else _of_table(file, container)
    except OSError as error:
        raise _fault(f"{path.name} cannot be read: {error.strerror}.") from error
    except UnicodeDecodeError as error:
        sentence = f"{path.name} is not in UTF-8; save it again as “CSV UTF-8”."
        raise _fault(sentence) from error
    except csv.Error as error:
        raise _fault(f"{path.name} is not valid CSV: {error}.") from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        start = file.read(3)
    return next((name for bom, name in _BOMS.items() if start.startswith(bom)), "utf-8")


def _of_table(file: TextIO, container: str) -> Iterator[Row | InvalidRow]:
    csv.field_size_limit(_LONGEST_CELL)
    first = file.readline()
    if re.fullmatch(r'"?sep=."?', first.strip(), re.IGNORECASE):
        first = file.readline()
    columns, delimiter = _columns(first)
    for number, cells in enumerate(csv.reader(file, delimiter=delimiter, strict=True), 2):
        if any(cell.strip() for cell in cells):
            yield columns.row(number, cells, container)


@dataclass(frozen=True, slots=True)
class _Columns:
    """The positions of known columns; others are ignored."""

    places: Mapping[str, int]
    texts: Mapping[int, tuple[str, str]]
    """Language and name of the text by position."""
    guarded: bool

    def row(self, number: int, cells: list[str], container: str) -> Row | InvalidRow:
        def cell(name: str, around: str = " \t\r\n") -> str:
            place = self.places.get(name, len(cells))
            given = cells[place] if place < len(cells) else ""
            return (unguarded(given) if self.guarded else given).strip(around)

        name = cell("name", "") or cell("sourcefile", "").removeprefix("./")
        texts: dict[str, dict[str, str]] = {}
        for place, (tag, of) in self.texts.items():
            given = cells[place] if place < len(cells) else ""
            text = unguarded(given) if self.guarded else given
            if text.strip() and not (text == exiftool.MISSING and not self.guarded):
                texts.setdefault(tag, {})[of] = text
        decorative = cell("is_decorative").lower()
        if decorative and decorative not in _TRUTHS:
            return InvalidRow(number, name, f"is_decorative is {decorative[:40]!r}; expected true or false.")
        judged = _TRUTHS.get(decorative), cell("review").lower(), cell("reviewed_by")
        return _row(number, cell("container") or container, name, cell("etag"), texts, *judged)


def _columns(first: str) -> tuple[_Columns, str]:
    """Parse the header, with any delimiter that spreadsheets use."""
    for delimiter in _DELIMITERS:
        header = [name.strip() for name in next(csv.reader([first], delimiter=delimiter, strict=True), [])]
        places = {name.lower(): place for place, name in enumerate(header)}
        if "name" in places or "sourcefile" in places:
            return _Columns(places, _texts(header), guarded="sourcefile" not in places), delimiter
    raise _fault("The first row has no column `name` (or SourceFile), so the rows cannot be assigned to pictures.")


def _texts(header: list[str]) -> dict[int, tuple[str, str]]:
    found: dict[int, tuple[str, str]] = {}
    for place, name in enumerate(header):
        known = _TEXT_COLUMN.fullmatch(name) or _EXIFTOOL_COLUMN.fullmatch(name)
        if not known:
            continue
        of = known[1].lower()
        key = _tag(known[2] or "", name), _EXIFTOOL.get(of, of)
        if key in found.values():
            raise _fault(f"Two columns are named {name[:60]!r} or mean the same; remove one.")
        found[place] = key
    if not found:
        raise _fault("The first row has no column for texts, such as alt_text:en or XMP-dc:Description-x-default.")
    return found


def _tag(tag: str, column: str) -> str:
    if tag.lower() in {"", exiftool.DEFAULT}:
        return DEFAULT
    try:
        return language.normal(tag)
    except ValueError:
        raise _fault(
            f"The column {column[:60]!r} has no valid language; write a tag such as en, pt-BR or zh-Hans."
        ) from None


def _of_lines(file: Iterable[str], container: str) -> Iterator[Row | InvalidRow]:
    for number, text in enumerate(file, 1):
        if text.strip():
            yield _of_line(number, text, container)


def _of_line(number: int, text: str, container: str) -> Row | InvalidRow:
    try:
        given = json.loads(text)
    except (ValueError, RecursionError):
        return InvalidRow(number, "", "The line is not JSON.")
    if not isinstance(given, dict) or not isinstance(given.get("name"), str):
        return InvalidRow(number, "", "The line is not an object with a name.")
    name, main = given["name"], given.get("language")
    texts = {main if isinstance(main, str) else DEFAULT: _of_object(given)}
    translations = given.get("translations")
    for tag, part in (translations if isinstance(translations, dict) else {}).items():
        texts[tag] = _of_object(part if isinstance(part, dict) else {})
    decorative, review, by = (given.get(name) for name in ("is_decorative", "review", "reviewed_by"))
    try:
        normal = {tag and language.normal(tag): part for tag, part in texts.items() if part}
    except ValueError as error:
        return InvalidRow(number, name, f"{error}.")
    return _row(
        number,
        str(given.get("container") or container),
        name,
        str(given.get("etag") or ""),
        normal,
        decorative if isinstance(decorative, bool) else None,
        review if isinstance(review, str) else "",
        by if isinstance(by, str) else "",
    )


def _of_object(given: Mapping[str, Any]) -> dict[str, str]:
    return {name: given[name] for name in TEXT_FIELDS if isinstance(given.get(name), str)}


def _row(
    number: int,
    container: str,
    name: str,
    etag: str,
    texts: Mapping[str, Mapping[str, str]],
    is_decorative: bool | None,
    review: str,
    reviewed_by: str,
) -> Row | InvalidRow:
    if not name:
        return InvalidRow(number, name, "The row does not name a picture.")
    try:
        return Row(number, ImageRef(container, name), unquoted(etag), texts, is_decorative, review, reviewed_by)
    except InvalidName as error:
        return InvalidRow(number, name, str(error))


def _fault(sentence: str) -> InvalidRequest:
    return InvalidRequest(sentence, field="file")
