"""What is asked, and the one fingerprint that changes when the answer would."""

from dataclasses import replace
from typing import Any

import pytest

from describer.domain.description import Description, schema
from describer.vision import preparation, prompt
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
    assert "(BCP 47: de, pt-BR)" in replace(BRIEF, languages=("de", "pt-BR")).instructions


@pytest.mark.parametrize("profile", prompt.PROFILES)
def test_every_profile_fills_the_prompt(profile: str) -> None:
    assert "{" not in replace(BRIEF, profile=profile).instructions
    assert set(prompt.profiles()) == set(prompt.PROFILES)


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
