"""What people wrote into an exported file becomes theirs in the records, and nothing else happens."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from describer.domain.correction import Correction
from describer.domain.errors import InvalidRequest, Transient
from describer.domain.image_ref import ImageRef
from describer.domain.texts import Review
from describer.entrypoints.transfer.export import Export, Form, Survey
from describer.entrypoints.transfer.import_rows import Importer, Kind, Outcome
from describer.entrypoints.transfer.rows import read
from tests.fakes import answer
from tests.unit.conftest import BRIEF, Harness

REFS = [ImageRef("images", f"cats/{number}.jpg") for number in range(4)]
type Edit = Callable[[list[dict[str, str]]], None]


@pytest.fixture
async def library() -> Harness:
    """Four pictures in two languages, one corrected by a person, one rejected, one that looks like a formula."""
    harness = Harness()
    for number, ref in enumerate(REFS):
        harness.images.put(ref, b"%d" % number)
        harness.model.script = [answer("=A cat\non a sofa", languages=("en", "de"))] if number == 3 else []
        await harness.describe(ref, BRIEF.with_wishes(languages=("en", "de")))
    await harness.corrector.correct(REFS[1], Correction({"en": {"alt_text": "Tom."}}))
    await harness.corrector.correct(REFS[2], Correction(review=Review.REJECTED))
    harness.records.writes = 0
    harness.queue.sent.clear()
    return harness


async def exported(library: Harness, form: Form) -> str:
    catalogue = library.catalogue
    survey = await Survey.of(catalogue.entries("images"), ("en",))
    return "".join([line async for line in Export(form, survey).lines(catalogue.stored("images"))])


async def imported(library: Harness, path: Path, *, write: bool = True, overwrite: bool = False) -> list[Outcome]:
    importer = Importer(library.catalogue, library.corrector, write=write, overwrite=overwrite)
    return [await importer.take(row) for row in read(path, "images")]


def kinds(outcomes: list[Outcome]) -> list[Kind]:
    return [outcome.kind for outcome in outcomes]


async def worked_on(library: Harness, folder: Path, edit: Edit, **form: str) -> Path:
    """The exported CSV as a spreadsheet saves it after a person has edited it."""
    rows = list(csv.DictReader(io.StringIO((await exported(library, Form.CSV)).removeprefix("\ufeff"), newline="")))
    edit(rows)
    path = folder / "texts.csv"
    columns = form.get("columns", ",".join(rows[0])).split(",")
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, delimiter=form.get("delimiter", ","), extrasaction="ignore")
    writer.writeheader()
    writer.writerows(rows)
    path.write_bytes(out.getvalue().encode(form.get("encoding", "utf-8-sig")))
    return path


@pytest.mark.parametrize("form", [Form.CSV, Form.JSONL, Form.EXIFTOOL])
async def test_what_was_exported_and_not_changed_writes_nothing(library: Harness, tmp_path: Path, form: Form) -> None:
    path = tmp_path / f"texts.{'jsonl' if form is Form.JSONL else 'csv'}"
    path.write_text(await exported(library, form), encoding="utf-8", newline="")
    assert kinds(await imported(library, path)) == [Kind.UNCHANGED] * 4
    assert (library.records.writes, library.queue.sent) == (0, [])


async def test_a_spreadsheets_own_csv_is_read(library: Harness, tmp_path: Path) -> None:
    """Semicolons, Windows line ends, UTF-16, columns in another order and left out, an empty row at the end."""

    def edit(rows: list[dict[str, str]]) -> None:
        rows[0]["alt_text:de"] = "Eine Katze; sie schläft."
        rows.append(dict.fromkeys(rows[0], ""))

    for encoding in ("utf-8-sig", "utf-8", "utf-16"):
        path = await worked_on(
            library, tmp_path, edit, delimiter=";", columns="etag,alt_text:de,name", encoding=encoding
        )
        outcomes = await imported(library, path, write=encoding == "utf-16")
        assert kinds(outcomes) == [Kind.CHANGED, *[Kind.UNCHANGED] * 3]
        assert outcomes[0].reason == "alt_text (de)"
    record = library.records.stored[REFS[0]].record
    assert record.translations["de"].alt_text == "Eine Katze; sie schläft."
    assert record.provenance["de/alt_text"].origin == "human"
    assert record.alt_text == "A cat on a sofa."


async def test_a_dry_run_writes_nothing(library: Harness, tmp_path: Path) -> None:
    path = await worked_on(library, tmp_path, lambda rows: rows[0].update({"alt_text:en": "Tom asleep."}))
    assert kinds(await imported(library, path, write=False))[0] is Kind.CHANGED
    assert (library.records.writes, library.queue.sent) == (0, [])


@pytest.mark.parametrize("write", [True, False], ids=["written", "dry run"])
async def test_a_row_of_a_record_that_changed_since_is_refused(
    library: Harness, tmp_path: Path, *, write: bool
) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        for row in rows[:2]:
            row["alt_text:en"] = "Mine."

    path = await worked_on(library, tmp_path, edit)
    await library.corrector.correct(REFS[0], Correction({"en": {"alt_text": "Theirs."}}))
    outcomes = await imported(library, path, write=write)
    assert kinds(outcomes) == [Kind.REFUSED, Kind.CHANGED, Kind.UNCHANGED, Kind.UNCHANGED]
    assert "has changed since the file was written" in outcomes[0].reason
    assert library.records.stored[REFS[0]].record.alt_text == "Theirs."


async def test_an_import_that_was_interrupted_goes_on(library: Harness, tmp_path: Path) -> None:
    """Rows that were taken already are unchanged, whatever their column `review` says."""

    def edit(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row["alt_text:en"] = f"Mine, {row['name']}."
        rows[0]["review"] = "approved"

    path = await worked_on(library, tmp_path, edit)
    importer = Importer(library.catalogue, library.corrector, write=True)
    rows = list(read(path, "images"))
    for row in rows[:3]:
        assert (await importer.take(row)).kind is Kind.CHANGED
    writes = library.records.writes
    assert kinds([await importer.take(row) for row in rows]) == [*[Kind.UNCHANGED] * 3, Kind.CHANGED]
    assert library.records.writes == writes + 1
    assert library.records.stored[REFS[2]].record.review == Review.EDITED


async def test_reviews_and_decorative_pictures_are_taken(library: Harness, tmp_path: Path) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        rows[0]["review"] = "Approved"
        rows[3]["is_decorative"] = "YES"
        rows[1]["review"] = "perhaps"
        rows[2]["is_decorative"] = "maybe"

    outcomes = await imported(library, await worked_on(library, tmp_path, edit))
    assert kinds(outcomes) == [Kind.CHANGED, Kind.REFUSED, Kind.REFUSED, Kind.CHANGED]
    assert "approved, rejected or suggested" in outcomes[1].reason
    assert "true or false" in outcomes[2].reason
    assert library.records.stored[REFS[0]].record.review == Review.APPROVED
    assert library.records.stored[REFS[3]].record.is_decorative


async def test_an_empty_cell_leaves_what_stands(library: Harness, tmp_path: Path) -> None:
    def edit(rows: list[dict[str, str]]) -> None:
        for row in rows:
            row.update(dict.fromkeys(("alt_text:en", "alt_text:de", "description:en", "is_decorative", "review"), ""))

    path = await worked_on(library, tmp_path, edit)
    assert kinds(await imported(library, path)) == [Kind.UNCHANGED] * 4


EXIFTOOLS = (
    "SourceFile,AltTextAccessibility,AltTextAccessibility-de,Subject",  # what `exiftool -csv` prints
    "SourceFile,XMP-iptcCore:AltTextAccessibility,XMP-iptcCore:AltTextAccessibility-de,XMP-dc:Subject",
    "SourceFile,XMP-iptcCore:AltTextAccessibility-x-default,XMP-iptcCore:AltTextAccessibility-DE,XMP-dc:Subject",
)


@pytest.mark.parametrize("columns", EXIFTOOLS)
async def test_both_forms_of_exiftools_columns_are_taken(library: Harness, tmp_path: Path, columns: str) -> None:
    path = tmp_path / "back.csv"
    path.write_text(f"{columns}\n./cats/0.jpg,'=Tom,Kater Tom,cat\ncats/3.jpg,-,,cat\n", encoding="utf-8")
    assert kinds(await imported(library, path)) == [Kind.CHANGED, Kind.UNCHANGED]
    record = library.records.stored[REFS[0]].record
    assert (record.alt_text, record.translations["de"].alt_text) == ("'=Tom", "Kater Tom")


async def test_without_an_etag_a_persons_text_stands(library: Harness, tmp_path: Path) -> None:
    path = tmp_path / "back.csv"
    path.write_text("name,alt_text\ncats/0.jpg,New.\ncats/1.jpg,New.\n", encoding="utf-8")
    outcomes = await imported(library, path)
    assert kinds(outcomes) == [Kind.CHANGED, Kind.REFUSED]
    assert "would replace a person's text" in outcomes[1].reason
    assert kinds(await imported(library, path, overwrite=True)) == [Kind.UNCHANGED, Kind.CHANGED]
    history = library.records.stored[REFS[1]].record.history
    assert "Tom." in {line.alt_text for line in history}


async def test_rows_that_say_nothing_are_refused_one_by_one(library: Harness, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    lines = [
        "no json",
        "[1]",
        json.dumps({"name": "../x.jpg", "alt_text": "x"}),
        json.dumps({"name": "gone.jpg", "alt_text": "x"}),
        json.dumps({"name": "cats/0.jpg", "container": "secrets", "alt_text": "x"}),
        json.dumps({"name": "cats/0.jpg", "translations": {"no language!": {"alt_text": "x"}}}),
        json.dumps({"name": "cats/0.jpg", "alt_text": "x" * 9000}),
        json.dumps({"name": "cats/0.jpg", "alt_text": "Tom.", "is_decorative": True}),
        json.dumps({"name": "cats/0.jpg", "alt_text": "Tom, the last one."}),
    ]
    path.write_text("\n".join(lines), encoding="utf-8")
    outcomes = await imported(library, path)
    assert kinds(outcomes) == [Kind.REFUSED] * 8 + [Kind.CHANGED]
    assert all(outcome.reason for outcome in outcomes)


async def test_a_text_is_emptied_by_json_only(library: Harness, tmp_path: Path) -> None:
    path = tmp_path / "texts.jsonl"
    path.write_text(json.dumps({"name": "cats/0.jpg", "language": "en", "description": ""}), encoding="utf-8")
    assert kinds(await imported(library, path)) == [Kind.CHANGED]
    assert library.records.stored[REFS[0]].record.description == ""


FAULTY = {
    b"alt_text:en\nx\n": "has no column `name`",
    b"name,title\na,b\n": "has no column for texts",
    b"name,alt_text:klingonish-x\na,b\n": "has no valid language",
    b"name,alt_text:en,alt_text:EN\na,b,c\n": "mean the same",
    b"name,alt_text\na.jpg,K\xe4se\n": "is not in UTF-8",
    b'name,alt_text\na.jpg,"no end\n': "is not valid CSV",
    b"": "has no column `name`",
    b"PK\x03\x04\x00\x00\xff": "is not in UTF-8",
}


@pytest.mark.parametrize("data", FAULTY)
def test_a_file_that_cannot_be_read_is_refused_with_a_sentence(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "texts.csv"
    path.write_bytes(data)
    with pytest.raises(InvalidRequest, match=FAULTY[data]):
        list(read(path, "images"))


async def test_an_outage_ends_the_import_and_loses_nothing(library: Harness, tmp_path: Path) -> None:
    path = await worked_on(library, tmp_path, lambda rows: rows[0].update({"alt_text:en": "Mine."}))

    async def outage(message: str, *, delay: float) -> None:
        await asyncio.sleep(delay * 0)
        raise Transient(f"the queue is down, and takes no message of {len(message)} letters")

    library.queue.send = outage  # type: ignore[method-assign]
    with pytest.raises(Transient):
        await imported(library, path)
    assert library.records.writes == 0
