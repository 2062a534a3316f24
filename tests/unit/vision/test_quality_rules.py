"""Is the answer a description? What all rules together make of one."""

import time
import tomllib
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.quality import FILES, count
from describer.domain.description import Texts
from describer.domain.record import Usage
from describer.domain.status import Status
from describer.vision.answer import Answer
from describer.vision.policy import Policy
from describer.vision.quality.lexicon import begins_with_refusal
from describer.vision.quality.rules import check, repaired
from tests.fakes import answer
from tests.unit.conftest import BRIEF

CASES = tomllib.loads((Path(__file__).parents[2] / "cases" / "refusals.toml").read_text(encoding="utf-8"))
TWO = replace(BRIEF, languages=("en", "de"))


def saying(texts: dict[str, str], **facts: object) -> Answer:
    """An answer with these alt texts by language."""
    said = answer(languages=tuple(texts))
    assert said.description
    given = {tag: Texts(alt_text=text) for tag, text in texts.items()}
    return replace(said, description=said.description.model_copy(update={"texts": given, **facts}))


@pytest.mark.parametrize("case", CASES["refused"], ids=lambda case: case["reason"])
def test_a_refusal_is_no_description(case: dict[str, str]) -> None:
    verdict = check(answer(case["text"]), BRIEF)
    assert (verdict.status, verdict.flags, verdict.description) == (Status.NEEDS_REVIEW, ("refusal",), None)
    assert begins_with_refusal(case["text"])


@pytest.mark.parametrize("case", CASES["accepted"], ids=lambda case: case["reason"])
def test_a_text_about_the_picture_is_no_refusal(case: dict[str, str]) -> None:
    assert "refusal" not in check(answer(case["text"]), BRIEF).flags
    assert not begins_with_refusal(case["text"])


def test_an_answer_in_json_is_never_taken_for_a_refusal_whatever_it_speaks_of() -> None:
    text = "Unable to process this image due to safety policies"
    assert begins_with_refusal(text)
    assert not begins_with_refusal(
        f'{{"image_kind": "document", "texts": {{"en": {{"alt_text": "A page: {text}."}}}}}}'
    )
    assert not begins_with_refusal(f'```json\n{{ "visible_text": "{text}"}}')


@pytest.mark.parametrize("text", ["", "  \n"])
def test_an_empty_text_needs_review(text: str) -> None:
    verdict = check(answer(text), BRIEF)
    assert (verdict.status, verdict.flags) == (Status.NEEDS_REVIEW, ("empty",))


def test_every_language_is_checked_and_the_missing_one_is_to_be_asked_for() -> None:
    verdict = check(saying({"en": "A cat on a sofa."}), TWO)
    assert verdict.repairable == {"de": ["The model gave no alt text (language: de)."]}


@pytest.mark.parametrize("languages", [("en", "de"), ("en", "de", "fr", "ja", "pl")])
def test_a_text_in_the_wrong_language_is_distinguished_from_the_others(languages: tuple[str, ...]) -> None:
    texts = {
        "en": "A red boat lies on a beach below a white lighthouse.",
        "de": "A red boat is lying on the sand beneath a tall white lighthouse.",
        "fr": "Un bateau rouge est posé sur une plage, au pied d'un phare blanc.",
        "ja": "白い灯台の下の砂浜に赤い船がある。",
        "pl": "Czerwona łódź leży na plaży pod białą latarnią morską.",
    }
    said = saying({tag: texts[tag] for tag in languages})
    assert [*check(said, replace(BRIEF, languages=languages)).repairable] == ["de"]


def test_a_refusal_in_one_language_leaves_the_others() -> None:
    verdict = check(saying({"en": "A cat on a sofa.", "de": "Das Bild konnte nicht geladen werden."}), TWO)
    assert verdict.flags == ("refusal",)
    assert verdict.description and [*verdict.description.texts] == ["en"]


def test_the_services_own_refusal_is_kept_for_the_reviewer() -> None:
    verdict = check(Answer("luna", Usage(), refusal="I can't.\u202e\x1b"), BRIEF)
    assert verdict.reason == "The model refused: I can't."


@pytest.mark.parametrize(("allowed", "status"), [(10, Status.DESCRIBED), (9, Status.NEEDS_REVIEW)])
def test_a_text_may_have_as_many_characters_as_are_allowed_and_no_more(allowed: int, status: Status) -> None:
    assert check(answer("Ten signs."), replace(BRIEF, max_chars=allowed)).status is status
    assert check(answer("Ten signs."), replace(BRIEF, policy=Policy(hard_chars=allowed))).status is status


def test_a_rule_can_be_switched_off_and_a_word_added() -> None:
    hedged = answer("A house that is possibly a mill.")
    assert check(hedged, BRIEF).flags == ("hedging",)
    assert check(hedged, replace(BRIEF, policy=Policy(off=frozenset({"hedging"})))).flags == ()
    own = replace(BRIEF, policy=Policy(words=(("placeholder", "stock shot"), ("hedging", "in a way"))))
    assert check(answer("Stock shot."), own).flags == ("placeholder",)
    assert check(answer("A house, in a way."), own).flags == ("hedging",)


def test_words_of_the_model_reach_the_reviewer_in_sentences() -> None:
    said = saying({"en": "Angela Merkel, possibly at a desk."}, uncertainties=("who it is",))
    verdict = check(said, BRIEF)
    assert verdict.flags == ("hedging", "person_name", "uncertain")
    assert verdict.reason == (
        "The texts in en are in doubt: possibly. "
        "The texts in en name somebody whose name is not given: Angela Merkel. "
        "The model doubts: who it is"
    )


def test_a_corrected_text_replaces_the_first_one_only_if_it_is_better() -> None:
    first = check(saying({"en": "DSC_0001.jpg", "de": "Ein Bild"}), TWO)
    assert first.flags == ("file_name", "placeholder")
    second = saying({"en": "A cat on a sofa.", "de": "Es tut mir leid, ich kann das Bild nicht beschreiben."})
    verdict = repaired(first, second, TWO)
    assert verdict.flags == ("placeholder",)
    assert verdict.description
    assert {tag: texts.alt_text for tag, texts in verdict.description.texts.items()} == {
        "en": "A cat on a sofa.",
        "de": "Ein Bild",
    }


def test_the_labelled_answers_come_out_as_well_as_is_promised() -> None:
    for half in map(count, FILES):
        assert half.cases >= 120
        assert half.precision >= 0.95 and half.recall >= 0.9, half.odd


@pytest.mark.parametrize("filling", ["_a ", "[", "<a ", "&lt;", "`", "please ", "black ", "אX\u200f", "I am sorry "])
def test_a_text_that_fills_its_bounds_is_checked_in_seconds(filling: str) -> None:
    text = filling * 8000
    said = saying({"en": text}, visible_text=text, tags=(text,) * 1000)
    began = time.perf_counter()
    assert check(said, BRIEF).faults
    assert time.perf_counter() - began < 20
