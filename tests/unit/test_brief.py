"""What is asked, and the one fingerprint that changes when the answer would."""

from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image

from describer import preparation, prompt
from describer.description import Description, schema
from describer.image.render import prepare
from describer.image.values import Limits
from describer.tokens import Bounds
from tests import pictures
from tests.unit.conftest import BRIEF

FORBIDDEN = {"minLength", "maxLength", "pattern", "format", "minimum", "maximum", "minItems", "maxItems"}


def test_the_fingerprint_is_stable_and_does_not_know_the_cap() -> None:
    assert replace(BRIEF).fingerprint == BRIEF.fingerprint
    assert replace(BRIEF, max_completion_tokens=99).fingerprint == BRIEF.fingerprint
    assert len(BRIEF.fingerprint) == 16


@pytest.mark.parametrize("change", [{"languages": ("de",)}, {"model": "gpt-6-luna"}, {"detail": "low"}])
def test_the_fingerprint_changes_with_the_question(change: dict[str, Any]) -> None:
    assert replace(BRIEF, **change).fingerprint != BRIEF.fingerprint


def test_the_prompt_names_the_languages() -> None:
    assert "(BCP 47: de, pt-BR)" in prompt.instructions(("de", "pt-BR"))
    assert "{" not in prompt.instructions(("de",))


def _objects(node: Any) -> list[dict[str, Any]]:
    if not isinstance(node, dict):
        return []
    return [node, *(found for value in node.values() for found in _objects(value))]


def test_the_schema_keeps_to_what_azure_takes() -> None:
    whole = schema(("en", "de"))
    assert whole["properties"]["texts"]["required"] == ["en", "de"]
    assert set(whole["required"]) == set(Description.model_fields)
    for node in _objects(whole):
        assert not FORBIDDEN & node.keys()
        if node.get("type") == "object":
            assert node["additionalProperties"] is False
            assert node["required"] == [*node["properties"]]


def test_the_fingerprint_knows_how_pictures_are_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    before = BRIEF.fingerprint
    monkeypatch.setattr(preparation, "NAME", f"{preparation.NAME}+")
    assert BRIEF.fingerprint != before


def test_the_preparation_is_named_by_what_decides_it() -> None:
    """Records from before this name was put together still answer."""
    assert preparation.NAME == "jpeg85/768x2048/1"
    bounds = Bounds()
    quality, sides, revision = preparation.NAME.split("/")
    assert sides == f"{bounds.short_side}x{bounds.long_side}"
    assert revision == str(preparation.REVISION)
    assert quality == f"jpeg{_quality_of(prepare(pictures.jpeg(64, 64), lambda *size: size, Limits()).jpeg)}"


def _quality_of(jpeg: bytes) -> int:
    """Of a JPEG, by its quantisation tables: the one that Pillow writes with the same."""
    with Image.open(BytesIO(jpeg)) as image:
        tables = image.quantization  # type: ignore[attr-defined]
    return next(quality for quality in range(1, 101) if _tables(quality) == tables)


def _tables(quality: int) -> object:
    out = BytesIO()
    Image.new("RGB", (8, 8)).save(out, "JPEG", quality=quality)
    with Image.open(out) as image:
        return image.quantization  # type: ignore[attr-defined]
