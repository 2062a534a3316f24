"""Each rule on its own examples, and what is made of all that they find."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from describer.domain.description import Description, ImageKind, Texts
from describer.vision.policy import RULE_IDS
from describer.vision.quality.draft import RULES, Action, Draft
from describer.vision.quality.rules import RuleInfo, catalogue
from tests.unit.conftest import BRIEF


def drafted(case: Mapping[str, Any]) -> Draft:
    """An example of rules.toml as a draft."""
    language = case.get("language", "en")
    own = Texts(
        alt_text=case["text"], description=case.get("description", ""), extended_description=case.get("extended", "")
    )
    others = {tag: Texts(alt_text=text) for tag, text in case.get("also", {}).items()}
    description = Description(
        image_kind=ImageKind(case.get("kind", "photo")),
        is_decorative=case.get("is_decorative", False),
        visible_text=case.get("visible_text", ""),
        tags=tuple(case.get("tags", ())),
        texts={**others, language: own},
        uncertainties=tuple(case.get("uncertainties", ())),
    )
    return Draft(description, language, case.get("name", ""))


def cases(side: str) -> Sequence[Any]:
    """The examples of all rules on one side, with the rule of each."""
    return [
        pytest.param(info, case, id=f"{info.name}: {case['text'][:40]!r}")
        for info in catalogue()
        for case in getattr(info, side)
    ]


def _brief(draft: Draft, case: Mapping[str, Any]) -> Any:
    return replace(
        BRIEF,
        languages=tuple(draft.description.texts),
        context=case.get("context", ""),
        words_to_use=tuple(case.get("use", ())),
        words_to_avoid=tuple(case.get("avoid", ())),
    )


@pytest.mark.parametrize(("info", "case"), cases("accepted"))
def test_a_rule_finds_nothing_in_what_it_accepts(info: RuleInfo, case: Mapping[str, Any]) -> None:
    draft = drafted(case)
    assert RULES[info.name](draft, _brief(draft, case)) is None


@pytest.mark.parametrize(("info", "case"), cases("rejected"))
def test_a_rule_finds_what_it_rejects(info: RuleInfo, case: Mapping[str, Any]) -> None:
    draft = drafted(case)
    finding = RULES[info.name](draft, _brief(draft, case))
    assert finding is not None
    if "left" in case:
        assert finding.left and finding.left.alt_text == case["left"]


def test_every_rule_has_a_function_and_every_function_a_row() -> None:
    assert {info.name for info in catalogue()} == set(RULES) == set(RULE_IDS)


def test_every_rule_that_is_reported_has_a_sentence() -> None:
    assert all(bool(info.says) is (info.action is not Action.STRIP) for info in catalogue())
