"""What is exported for ExifTool is what ExifTool writes into pictures, and what a reader finds there.

Run with ExifTool on PATH, or named by the variable EXIFTOOL; skipped where there is none.
"""

import asyncio
import csv
import io
import json
import os
import shlex
import shutil
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from describer.domain.image_blob import StoredRecord
from describer.domain.image_ref import ImageRef
from describer.domain.index import IndexEntry
from describer.domain.language import normal
from describer.domain.record import Record
from describer.domain.texts import TEXT_FIELDS
from describer.entrypoints.transfer import exiftool, xmp
from describer.entrypoints.transfer.export import Export, Form, Survey
from describer.vision.embedded_text.read import embedded_texts
from tests.fakes import answer
from tests.unit.conftest import BRIEF, Harness

PROGRAM = os.environ.get("EXIFTOOL") or shutil.which("exiftool")
needs_exiftool = pytest.mark.skipif(not PROGRAM, reason="ExifTool is neither on PATH nor named by EXIFTOOL")

FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "GIF")
PICTURES = 200
TEXTS = {
    "en": 'Tom, asleep; "his" cup = red, 50% & <b>\nsecond line',
    "de": "Käse, „Größe“ ßü",
    "pt-BR": "=SUM(A1) não é fórmula",
    "zh-Hans": "一只猫在沙发上睡觉。",
    "sr-Latn-RS": "Mačka spava",
    "ar": "قطة نائمة",
}


def _record(number: int, form: str) -> Record:
    tags = list(TEXTS)[: 1 + number % len(TEXTS)]
    first = tags[number % len(tags)]
    texts = {tag: {name: f"{TEXTS[tag]} {name} {number}" for name in TEXT_FIELDS} for tag in tags}
    return Record.model_validate(
        {
            "status": "described",
            "language": first,
            **texts[first],
            "translations": {tag: texts[tag] for tag in tags if tag != first},
            "tags": ["cat; asleep", "sofa, grey", f"number|{number}"],
            "source": {"container": "images", "name": _name(number, form), "etag": '"1"', "size": 3},
            "fingerprint": "f",
            "at": "2026-11-23T00:00:00Z",
        }
    )


def _name(number: int, form: str) -> str:
    return f"{('', 'album/', 'álbum 2/ü #1/')[number % 3]}{number:03} cat.{form.lower()}"


def _records() -> list[Record]:
    return [_record(number, FORMATS[number % len(FORMATS)]) for number in range(PICTURES)]


async def _stored(records: Sequence[Record]) -> AsyncIterator[StoredRecord]:
    for record in records:
        yield StoredRecord(record, '"0x1"')


async def _entries(records: Sequence[Record]) -> AsyncIterator[IndexEntry]:
    for record in records:
        yield IndexEntry.of(ImageRef("images", record.source.name), record)


async def exported(records: Sequence[Record], form: Form = Form.EXIFTOOL) -> tuple[str, Export]:
    """The file, and what was reported."""
    export = Export(form, await Survey.of(_entries(records), ("en",)))
    return "".join([line async for line in export.lines(_stored(records))]), export


def _pictures(folder: Path, records: Sequence[Record]) -> None:
    for number, record in enumerate(records):
        path = folder / record.source.name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8), (number % 256, 9, 9)).save(path, FORMATS[number % len(FORMATS)])


async def _run(folder: Path, command: str) -> str:
    assert PROGRAM
    words = [PROGRAM, *shlex.split(command)[1:]]
    process = await asyncio.create_subprocess_exec(
        *words, cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    return out.decode()


def _found(told: dict[str, Any], name: str, record: Record) -> dict[str, str]:
    """ExifTool's JSON: by language, the default one without a tag."""
    tag = exiftool.TAGS[name]
    found = {record.language: told.get(tag, "")}
    return found | {normal(key[len(tag) + 1 :]): value for key, value in told.items() if key.startswith(f"{tag}-")}


@needs_exiftool
@pytest.mark.long
async def test_exiftool_writes_every_language_into_every_format(tmp_path: Path) -> None:
    records = _records()
    _pictures(tmp_path, records)
    text, export = await exported(records)
    (tmp_path / "texts.csv").write_text(text, encoding="utf-8", newline="")
    assert (export.written, export.reported) == (PICTURES, [])
    await _run(tmp_path, exiftool.command("texts.csv"))
    told = json.loads(await _run(tmp_path, "exiftool -json -G1 -charset filename=utf8 -XMP:all -r ."))
    by_name = {each["SourceFile"].removeprefix("./"): each for each in told}
    assert by_name.keys() - {"texts.csv"} == {record.source.name for record in records}
    for record in records:
        _same(record, by_name[record.source.name])
        read = embedded_texts((tmp_path / record.source.name).read_bytes())
        languages = (record.language, *record.translations)
        assert read.by_key(languages) == {
            key: text
            for key, text in record.values().items()
            if key.rpartition("/")[2] in {"alt_text", "extended_description"}
        }
        assert read.keywords == record.tags


def _same(record: Record, told: dict[str, Any]) -> None:
    for name in TEXT_FIELDS:
        texts = {record.language: getattr(record, name)}
        texts |= {tag: getattr(given, name) for tag, given in record.translations.items()}
        assert _found(told, name, record) == texts
    assert told[exiftool.SUBJECT] == list(record.tags)


@needs_exiftool
async def test_translations_that_are_in_a_picture_stay(tmp_path: Path) -> None:
    """A column without a language would have erased them; an empty cell leaves them."""
    record = _record(0, "JPEG")
    _pictures(tmp_path, [record])
    tag = exiftool.TAGS["alt_text"]
    await _run(
        tmp_path, f"exiftool -q -{tag}-fr=Chat -{tag}-de=Katze -overwrite_original {shlex.quote(record.source.name)}"
    )
    other = _record(1, "PNG")
    text, _ = await exported([record, other])
    (tmp_path / "texts.csv").write_text(text, encoding="utf-8", newline="")
    await _run(tmp_path, exiftool.command("texts.csv"))
    [told] = json.loads(await _run(tmp_path, f"exiftool -json -G1 -XMP:all {shlex.quote(record.source.name)}"))
    assert (told[f"{tag}-fr"], told[f"{tag}-de"], told[tag]) == ("Chat", "Katze", record.alt_text)


@needs_exiftool
async def test_an_xmp_sidecar_says_the_same(tmp_path: Path) -> None:
    record = _record(5, "JPEG")
    (tmp_path / "cat.jpg.xmp").write_text(xmp.packet(record), encoding="utf-8")
    [told] = json.loads(await _run(tmp_path, "exiftool -json -G1 cat.jpg.xmp"))
    _same(record, told)


async def test_a_file_for_exiftool_leaves_alone_what_has_no_text() -> None:
    record = _record(0, "JPEG").model_copy(update={"alt_text": "-", "tags": ("a~", "b~|~c")})
    text, export = await exported([record])
    assert not text.startswith("\ufeff")
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["XMP-iptcCore:AltTextAccessibility-x-default"] == row["XMP-dc:Subject"] == ""
    assert row["XMP-dc:Description-x-default"] == record.description
    assert row["SourceFile"] == record.source.name
    assert export.reported == [f"{record.source.name}: left out its keywords, because one contains a part of ~|~"]


async def test_formulas_are_not_guarded_in_exiftools_file() -> None:
    record = _record(0, "JPEG").model_copy(update={"alt_text": "=1+1", "description": "-2 °C"})
    text, _ = await exported([record])
    [row] = csv.DictReader(io.StringIO(text, newline=""))
    assert row["XMP-iptcCore:AltTextAccessibility-x-default"] == "=1+1"
    assert row["XMP-dc:Description-x-default"] == "-2 °C"


@pytest.mark.parametrize(
    ("names", "reported"),
    [
        (["a/Cat.jpg", "A/cat.JPG", "dog.jpg"], ["a/Cat.jpg", "A/cat.JPG"]),
        (["*"], ["*"]),
        (["/root.jpg", "a//b.jpg", "ends/"], ["/root.jpg", "a//b.jpg", "ends/"]),
    ],
)
async def test_names_that_are_no_file_of_their_own_are_reported(names: list[str], reported: list[str]) -> None:
    record = _record(0, "JPEG")
    records = [record.model_copy(update={"source": record.source.model_copy(update={"name": name})}) for name in names]
    text, export = await exported(records)
    rows = [row["SourceFile"] for row in csv.DictReader(io.StringIO(text, newline=""))]
    assert rows == [name for name in names if name not in reported]
    assert [sentence.partition(": ")[0] for sentence in export.reported] == reported


@needs_exiftool
async def test_a_models_text_that_exiftool_put_into_the_picture_is_still_the_models(tmp_path: Path) -> None:
    """In both languages; one that the picture's author changed in the file is the author's."""
    harness, path = Harness(), tmp_path / "cat.jpg"
    Image.new("RGB", (8, 8), (9, 9, 9)).save(path)
    ref, brief = ImageRef("images", "cat.jpg"), BRIEF.with_wishes(languages=("en", "de"))
    harness.images.put(ref, path.read_bytes())
    harness.model.script = [
        answer("A cat on a sofa.", languages=("en", "de")),
        answer("Another.", languages=("en", "de")),
    ]
    first = await harness.described(ref, brief)
    text, _ = await exported([first])
    (tmp_path / "texts.csv").write_text(text, encoding="utf-8", newline="")
    await _run(tmp_path, exiftool.command("texts.csv"))
    harness.max_bytes = 10**6
    harness.images.put(ref, path.read_bytes())
    again = await harness.described(ref, brief)
    assert again.source.sha256 != first.source.sha256
    assert again.origin("alt_text") == again.origin("de/alt_text") == "model"
    assert again.status == "described"
    await _run(tmp_path, f"exiftool -q -{exiftool.TAGS['alt_text']}-de=Kater. -overwrite_original cat.jpg")
    harness.images.put(ref, path.read_bytes())
    edited = await harness.described(ref, brief)
    assert (edited.translations["de"].alt_text, edited.origin("de/alt_text")) == ("Kater.", "embedded")
    assert edited.origin("alt_text") == "model"
