"""Is the answer a description?"""

import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from describer.domain.record import Usage
from describer.domain.status import Status
from describer.vision.answer import Answer
from describer.vision.quality.rules import check
from tests.fakes import answer
from tests.unit.conftest import BRIEF

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "refusals.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["reason"])
def test_a_refusal_is_no_description(case: dict[str, str]) -> None:
    verdict = check(answer(case["text"]), BRIEF)
    assert (verdict.status, verdict.flags) == (Status.NEEDS_REVIEW, ("refusal",))


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["reason"])
def test_a_text_about_the_picture_is_one(case: dict[str, str]) -> None:
    assert check(answer(case["text"]), BRIEF).status is Status.DESCRIBED


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_needs_review(text: str) -> None:
    verdict = check(answer(text), BRIEF)
    assert (verdict.status, verdict.flags) == (Status.NEEDS_REVIEW, ("empty",))


def test_every_language_is_checked() -> None:
    both = answer(languages=("en", "de"))
    assert both.description
    texts = both.description.texts | {"de": both.description.texts["de"].model_copy(update={"alt_text": ""})}
    spoilt = replace(both, description=both.description.model_copy(update={"texts": texts}))
    assert check(spoilt, replace(BRIEF, languages=("en", "de"))).reason == "The model gave no alt text in de."


def test_the_services_own_refusal_is_kept_for_the_reviewer() -> None:
    verdict = check(Answer("luna", Usage(), refusal="I can't."), BRIEF)
    assert verdict.reason == "The model refused: I can't."


@pytest.mark.parametrize(("allowed", "status"), [(10, Status.DESCRIBED), (9, Status.NEEDS_REVIEW)])
def test_a_text_may_have_as_many_characters_as_are_allowed_and_no_more(allowed: int, status: Status) -> None:
    assert check(answer("Ten signs."), replace(BRIEF, max_chars=allowed)).status is status
