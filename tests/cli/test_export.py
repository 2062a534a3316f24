"""Export and import at the command line, on real containers."""

import csv
import io
import json
from pathlib import Path

import pytest

from local.storage import Storage
from tests.cli.conftest import Shell
from tests.cli.test_set import _described


@pytest.mark.long
async def test_a_person_works_on_a_spreadsheet(storage: Storage, installation: Shell) -> None:
    blob = await _described(storage, installation)
    assert (await installation.run("export", "--format", "csv", "-o", "texts.csv")).code == 0
    file = installation.folder / "texts.csv"
    same = await installation.run("import", "texts.csv", "--write")
    assert (same.code, same.out, same.err) == (0, "", "0 changed, 1 unchanged, 0 refused.\n")
    _edit(file, "Tom, asleep.")
    dry = await installation.run("import", "texts.csv")
    assert (dry.code, dry.out) == (0, "row 2, cat.jpg: changed: alt_text (en)\n")
    assert "With --write it is." in dry.err
    done = await installation.run("import", "texts.csv", "--write")
    assert (done.code, done.err) == (0, "1 changed, 0 unchanged, 0 refused.\n")
    shown = await installation.run("show", blob, "--json")
    assert (shown.lines[0]["alt_text"], shown.lines[0]["review"]) == ("Tom, asleep.", "edited")
    _edit(file, "Another text, of a file that is old by now.")
    stale = await installation.run("import", "texts.csv", "--write")
    assert stale.code == 1
    assert "refused: The record has changed since the file was written" in stale.err


def _edit(file: Path, text: str) -> None:
    with file.open(encoding="utf-8-sig", newline="") as read:
        saved = read.read()
    [row] = csv.DictReader(io.StringIO(saved, newline=""), delimiter=";" if ";" in saved.splitlines()[0] else ",")
    with file.open("w", encoding="utf-8", newline="") as write:
        writer = csv.DictWriter(write, row.keys(), delimiter=";")
        writer.writeheader()
        writer.writerow(row | {"alt_text:en": text})


@pytest.mark.long
async def test_other_forms_are_written(storage: Storage, installation: Shell) -> None:
    await _described(storage, installation)
    lines = await installation.run("export", "--format", "jsonl")
    assert (lines.code, json.loads(lines.out)["name"]) == (0, "cat.jpg")
    for_exiftool = await installation.run("export", "--format", "exiftool", "-o", "it.csv")
    assert 'exiftool -csv=it.csv -sep "~|~" -charset filename=utf8 -r .' in for_exiftool.err
    assert (await installation.run("export", "--format", "xmp", "-o", "files")).code == 0
    assert "AltTextAccessibility" in (installation.folder / "files" / "cat.jpg.xmp").read_text(encoding="utf-8")
    faulty = await installation.run("export", "--format", "xmp")
    assert (faulty.code, "give a folder with --output" in faulty.err) == (2, True)
