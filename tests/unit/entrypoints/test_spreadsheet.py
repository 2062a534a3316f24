"""The CSV for spreadsheets: nothing in it is calculated, and nothing is lost by that."""

import csv
import io

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from describer.domain.image_blob import StoredRecord
from describer.domain.record import Record
from describer.entrypoints.transfer.spreadsheet import BOM, guarded, header, line, row, unguarded

CALCULATED = ("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", " =1", "\r=1", "\uff1d1", "'=1", "''@x")


@pytest.mark.parametrize("text", CALCULATED)
def test_no_cell_is_a_formula(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["A cat - asleep", "'Tis a cat", "", "5 = five", "\u2013 dash"])
def test_other_texts_stay_as_they_are(text: str) -> None:
    assert guarded(text) == text


@given(st.text())
@example("'=")
@example("'")
def test_the_guard_is_undone(text: str) -> None:
    assert unguarded(guarded(text)) == text
    read = next(csv.reader(io.StringIO(line([guarded(text), "end"]), newline="")))
    assert [unguarded(cell) for cell in read] == [text, "end"]


def test_each_text_has_a_column_of_its_language() -> None:
    record = Record.model_validate(
        {
            "status": "needs_review",
            "language": "de",
            "alt_text": "Katze",
            "translations": {"en": {"alt_text": "=Cat", "description": "Two\nlines"}},
            "tags": ["cat", "sofa"],
            "source": {"container": "images", "name": "-cat.jpg", "etag": '"1"', "size": 3},
            "fingerprint": "f",
            "at": "2026-11-23T00:00:00Z",
        }
    )
    cells = dict(zip(header(("en", "de")), row(StoredRecord(record, '"0x8D"'), ("en", "de")), strict=True))
    assert (cells["alt_text:de"], cells["alt_text:en"], cells["description:en"]) == ("Katze", "'=Cat", "Two\nlines")
    assert (cells["name"], cells["etag"], cells["tags"]) == ("'-cat.jpg", "0x8D", "cat; sofa")
    assert (cells["language"], cells["is_decorative"]) == ("de", "no")


def test_a_spreadsheet_knows_that_it_is_utf_8() -> None:
    assert (BOM + line(["ü"])).encode() == b"\xef\xbb\xbf\xc3\xbc\r\n"
