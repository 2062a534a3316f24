"""Is the answer a description? Applies the rules of rules.toml, one after another, to each language of an answer."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any, Final

from describer.domain.description import Description
from describer.domain.status import Status
from describer.vision.answer import Answer
from describer.vision.brief import Brief
from describer.vision.characters import cleaned
from describer.vision.quality import about_form, about_language, about_subject
from describer.vision.quality.draft import RULES, Action, Draft, Finding

MODULES: Final = (about_form, about_language, about_subject)
"""What enters the rules into `RULES`."""
_ONCE: Final = frozenset({"characters", "uncertain"})
"""Rules on the whole answer, whose language does not count."""
_REASON: Final = 1000
"""Characters."""


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """What rules.toml says of a rule; `says` is the sentence for the model that mends and the person who looks."""

    name: str
    about: str
    basis: str
    action: Action
    says: str = ""
    accepted: tuple[Mapping[str, Any], ...] = ()
    rejected: tuple[Mapping[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """What was found in the texts of a language."""

    rule: str
    action: Action
    language: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What may become of an answer.

    Args:
        status: `described`, or `needs_review`.
        description: the answer without what was taken off or is not to be written; None where no alt text is left.
        faults: what was found and is not taken off.
        stripped: the ids of the rules that took something off.
    """

    status: Status
    description: Description | None = None
    faults: tuple[Fault, ...] = ()
    stripped: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """The ids of the rules that found something."""
        return tuple(dict.fromkeys(fault.rule for fault in self.faults))

    @property
    def reason(self) -> str:
        """What was found, in sentences."""
        return " ".join(dict.fromkeys(fault.sentence for fault in self.faults))[:_REASON]

    @property
    def mendable(self) -> dict[str, list[str]]:
        """What the model is to be asked to mend, by language; none where a text was refused."""
        languages: dict[str, list[str]] = {}
        for fault in self.faults:
            if fault.action is Action.REPAIR:
                languages.setdefault(fault.language, []).append(fault.sentence)
        refused = {fault.language for fault in self.faults if fault.action is Action.REFUSE}
        return {language: sentences for language, sentences in languages.items() if language not in refused}


@cache
def catalogue() -> Sequence[RuleInfo]:
    """The rules, in the order in which they are applied."""
    data = tomllib.loads(files("describer.vision.quality").joinpath("rules.toml").read_text(encoding="utf-8"))
    return tuple(
        RuleInfo(
            name,
            row["about"],
            row["basis"],
            Action(row["action"]),
            row.get("says", ""),
            tuple(row["accepted"]),
            tuple(row["rejected"]),
        )
        for name, row in data.items()
    )


def check(answer: Answer, brief: Brief, name: str = "") -> Verdict:
    """Judge an answer before anything is written. A refusal is never written as a text.

    Args:
        answer: the model's.
        brief: what was asked, and by which policy answers are checked.
        name: the picture's file name, or empty.
    """
    if answer.description is None:
        sentence = f"The model refused: {cleaned(answer.refusal).strip()[:300]}"
        return Verdict(Status.NEEDS_REVIEW, None, (Fault("refusal", Action.REFUSE, brief.language, sentence),))
    description, faults = answer.description, list[Fault]()
    for language in brief.languages:
        draft, found = _checked(Draft(description, language, name), brief)
        description, faults = draft.description, [*faults, *found]
    return _verdict(_filled(description, faults), faults)


def _verdict(description: Description | None, found: Sequence[Fault]) -> Verdict:
    faults = _each_once(fault for fault in found if fault.action is not Action.STRIP)
    stripped = tuple(dict.fromkeys(fault.rule for fault in found if fault.action is Action.STRIP))
    reviewed = any(fault.action is not Action.FLAG for fault in faults)
    return Verdict(Status.NEEDS_REVIEW if reviewed else Status.DESCRIBED, description, faults, stripped)


def _checked(draft: Draft, brief: Brief) -> tuple[Draft, list[Fault]]:
    faults = list[Fault]()
    for info in catalogue():
        finding = None if info.name in brief.policy.off else RULES[info.name](draft, brief)
        if finding is None:
            continue
        faults.append(Fault(info.name, info.action, draft.language, _sentence(info, finding, draft)))
        draft = finding.left or draft
        if info.action is Action.REFUSE and not draft.alt_text:
            break
    return draft, faults


def _sentence(info: RuleInfo, finding: Finding, draft: Draft) -> str:
    text = f"The alt text in {draft.language}"
    return info.says.format(text=text, language=draft.language, detail=finding.detail)


def _filled(description: Description, faults: Iterable[Fault]) -> Description | None:
    """The description without languages of which nothing may be written; None where that is all of them."""
    refused = {fault.language for fault in faults if fault.action is Action.REFUSE}
    texts = {tag: texts for tag, texts in description.texts.items() if tag not in refused or texts.alt_text}
    return description.model_copy(update={"texts": texts}) if texts or not refused else None


def _each_once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Without what was found of the whole answer in each of its languages."""
    seen, kept = set[str](), list[Fault]()
    for fault in faults:
        if fault.rule not in _ONCE or fault.rule not in seen:
            kept.append(fault)
        seen.add(fault.rule)
    return tuple(kept)


def mended(first: Verdict, second: Answer, brief: Brief, name: str = "") -> Verdict:
    """What becomes of an answer, some of whose texts were asked for once more.

    Args:
        first: what was found in it.
        second: the answer in the languages of `first.mendable` only. A text of it counts where less is found in it.
        brief: what was asked at first.
        name: the picture's file name, or empty.
    """
    description, kept = first.description, list(first.faults)
    if description is None or second.description is None:
        return first
    for language in first.mendable:
        texts = second.description.texts.get(language)
        if texts is None:
            continue
        changed = description.model_copy(update={"texts": {**description.texts, language: texts}})
        draft, faults = _checked(Draft(changed, language, name), brief)
        before = [fault for fault in kept if fault.language == language]
        if _weight(faults) < _weight(before):
            description, kept = draft.description, [fault for fault in kept if fault.language != language] + faults
    return _verdict(_in_order(description, brief), kept)


def _weight(faults: Iterable[Fault]) -> tuple[int, int, int]:
    actions = [fault.action for fault in faults if fault.action is not Action.STRIP]
    return actions.count(Action.REFUSE), actions.count(Action.REPAIR) + actions.count(Action.REVIEW), len(actions)


def _in_order(description: Description, brief: Brief) -> Description:
    texts = {tag: description.texts[tag] for tag in brief.languages if tag in description.texts}
    return description.model_copy(update={"texts": texts})
