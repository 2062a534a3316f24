"""The table that decides a record's status, row by row, and that it has a row for everything."""

import itertools

import pytest

from describer.domain.review import ANSWERED, REASONS, Demand, Judgement, Word, judge, word_on
from describer.domain.status import Status
from describer.domain.texts import AttributedTexts, Origin, Provenance, Review

REFUSALS = [status for status in Status if status not in {*ANSWERED, Status.KEPT}]
ENDS = [*ANSWERED, *REFUSALS]
DEMANDS = [None, *Demand]
NOBODYS_WORD = [Word.MODELS, Word.NOBODYS]

SAID = {
    Word.PERSONS: Judgement(Status.KEPT, Review.EDITED, None),
    Word.APPROVED: Judgement(Status.DESCRIBED, Review.APPROVED, None),
    Word.REJECTED: Judgement(Status.NEEDS_REVIEW, Review.REJECTED, Demand.REJECTED),
    Word.EMPTIED: Judgement(Status.NEEDS_REVIEW, Review.EDITED, Demand.EMPTIED),
}


def test_each_word_has_a_row() -> None:
    assert {*SAID, *NOBODYS_WORD} == set(Word)


@pytest.mark.parametrize(("word", "expected"), list(SAID.items()))
@pytest.mark.parametrize("outcome", ENDS)
def test_a_persons_word_decides_whatever_else_happened(word: Word, expected: Judgement, outcome: Status) -> None:
    assert {judge(outcome, word, demand) for demand in DEMANDS} == {expected}


@pytest.mark.parametrize("word", NOBODYS_WORD)
@pytest.mark.parametrize("outcome", ENDS)
def test_without_one_the_work_decides(word: Word, outcome: Status) -> None:
    assert judge(outcome, word, None) == Judgement(outcome, Review.SUGGESTED, None)


@pytest.mark.parametrize("word", NOBODYS_WORD)
@pytest.mark.parametrize(("outcome", "demand"), list(itertools.product(ENDS, Demand)))
def test_a_demand_lasts_and_nothing_is_published_under_it(word: Word, outcome: Status, demand: Demand) -> None:
    status = Status.NEEDS_REVIEW if outcome in ANSWERED else outcome
    assert judge(outcome, word, demand) == Judgement(status, Review.SUGGESTED, demand)


def test_each_demand_says_what_to_do() -> None:
    assert REASONS.keys() == set(Demand)


MODEL, HUMAN = Provenance(origin=Origin.MODEL), Provenance(origin=Origin.HUMAN)
APPROVED, REJECTED = (MODEL.model_copy(update={"review": said}) for said in (Review.APPROVED, Review.REJECTED))


@pytest.mark.parametrize(
    ("alt_text", "decorative", "alt_by", "decorative_by", "expected"),
    [
        ("A cat", False, MODEL, MODEL, Word.MODELS),
        ("A cat", True, MODEL, MODEL, Word.MODELS),
        ("A cat", False, None, None, Word.MODELS),
        ("", False, None, None, Word.NOBODYS),
        ("", True, None, MODEL, Word.NOBODYS),
        ("", True, MODEL, MODEL, Word.NOBODYS),
        ("A cat", False, HUMAN, MODEL, Word.PERSONS),
        ("A cat", True, HUMAN, HUMAN, Word.PERSONS),
        ("A cat", True, MODEL, HUMAN, Word.MODELS),
        ("", True, HUMAN, MODEL, Word.PERSONS),
        ("", True, HUMAN, HUMAN, Word.PERSONS),
        ("", True, None, HUMAN, Word.PERSONS),
        ("", True, MODEL, HUMAN, Word.PERSONS),
        ("", False, HUMAN, MODEL, Word.EMPTIED),
        ("", False, HUMAN, HUMAN, Word.EMPTIED),
        ("A cat", False, APPROVED, MODEL, Word.APPROVED),
        ("A cat", False, REJECTED, MODEL, Word.REJECTED),
        ("A cat", True, REJECTED, HUMAN, Word.REJECTED),
    ],
)
def test_the_author_of_an_alt_text(
    alt_text: str, *, decorative: bool, alt_by: Provenance | None, decorative_by: Provenance | None, expected: Word
) -> None:
    entries = {"alt_text": alt_by, "is_decorative": decorative_by}
    provenance = {key: entry for key, entry in entries.items() if entry}
    texts = AttributedTexts(language="en", alt_text=alt_text, is_decorative=decorative, provenance=provenance)
    assert word_on(texts) is expected
