"""Pictures as real programs wrote them: each is read as `expected.toml` says."""

import hashlib
import tomllib
from pathlib import Path
from typing import Any

import pytest

from describer.domain.embedded import EmbeddedTexts, default_of
from describer.vision.embedded_text.exif import exif_texts
from describer.vision.embedded_text.iim import iim_texts
from describer.vision.embedded_text.read import blocks_of, embedded_texts

FOLDER = Path(__file__).parents[3] / "cases" / "embedded_texts"
PICTURES: list[dict[str, Any]] = tomllib.loads((FOLDER / "expected.toml").read_text("utf-8"))["picture"]
EACH = pytest.mark.parametrize("row", PICTURES, ids=lambda row: str(row["file"]))
LANGUAGES = ("alt_text", "extended_description", "description", "title")


def read(row: dict[str, Any]) -> EmbeddedTexts:
    return embedded_texts((FOLDER / row["file"]).read_bytes())


def plain(texts: Any) -> Any:
    return {tag: text.replace("\r\n", "\n").strip() for tag, text in texts.items()}


def test_each_picture_has_a_row() -> None:
    assert {row["file"] for row in PICTURES} == {path.name for path in FOLDER.iterdir() if path.suffix != ".toml"}


@EACH
def test_texts_by_language(row: dict[str, Any]) -> None:
    texts = read(row)
    expected = {name: row.get(f"better_{name}", row.get(name)) for name in LANGUAGES}
    found = {name: dict(getattr(texts, name)) for name in LANGUAGES if expected[name] is not None}
    assert found == {name: plain(texts) for name, texts in expected.items() if texts is not None}


@EACH
def test_the_text_without_a_requested_language(row: dict[str, Any]) -> None:
    assert default_of(read(row).alt_text) == row.get("better_alt_text_default", row["alt_text_default"])


@EACH
def test_keywords(row: dict[str, Any]) -> None:
    assert set(read(row).keywords) == set(row["keywords"])


@pytest.mark.parametrize(
    "row", [row for row in PICTURES if "context_description" in row], ids=lambda row: str(row["file"])
)
def test_the_one_description_that_is_context(row: dict[str, Any]) -> None:
    right = {row["context_description"], *row.get("context_description_also_right", [])}
    assert read(row).context_description in right


@pytest.mark.parametrize("row", [row for row in PICTURES if "never" in row], ids=lambda row: str(row["file"]))
def test_what_is_nobodys_text(row: dict[str, Any]) -> None:
    texts = read(row)
    said = {text for name in LANGUAGES for text in getattr(texts, name).values()} | {texts.context}
    assert not said & set(row["never"])


@pytest.mark.parametrize("row", [row for row in PICTURES if "iim" in row], ids=lambda row: str(row["file"]))
def test_iim(row: dict[str, Any]) -> None:
    found = iim_texts(blocks_of((FOLDER / row["file"]).read_bytes()).iim)
    for name, value in row["iim"].items():
        assert getattr(found, name) == (tuple(value) if isinstance(value, list) else value)


@pytest.mark.parametrize("row", [row for row in PICTURES if "exif" in row], ids=lambda row: str(row["file"]))
def test_exif(row: dict[str, Any]) -> None:
    found = exif_texts(blocks_of((FOLDER / row["file"]).read_bytes()).exif)
    assert found == {name: text.strip() for name, text in row["exif"].items() if text.strip()}


@pytest.mark.parametrize("row", [row for row in PICTURES if "png_text" in row], ids=lambda row: str(row["file"]))
def test_png_texts(row: dict[str, Any]) -> None:
    assert blocks_of((FOLDER / row["file"]).read_bytes()).png == row["png_text"]


def test_an_extended_packet_is_read_whole() -> None:
    row = next(row for row in PICTURES if "extended_description_length" in row)
    text = default_of(read(row).extended_description)
    assert len(text) == row["extended_description_length"]
    assert hashlib.sha256(text.encode()).hexdigest() == row["extended_description_sha256"]
