"""Checks answers: applies the rules of rules.toml in order to each language of an answer."""

import threading
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
from describer.vision.quality import about_form, about_language, about_subject, detector
from describer.vision.quality.draft import RULES, Action, Draft, Finding
from describer.vision.quality.lexicon import LANGUAGES, lexicon

MODULES: Final = (about_form, about_language, about_subject)
"""The modules whose import registers the rules in `RULES`."""
_LANGUAGE_INDEPENDENT: Final = frozenset({"characters", "uncertain"})
"""Rules about the whole answer, regardless of language."""
_MAX_REASON: Final = 1000
"""Characters of a record's reason."""


@dataclass(frozen=True, slots=True)
class RuleInfo:
    """A rule's row in rules.toml; `says` is the sentence for the model in a repair and for a person in a review."""

    name: str
    about: str
    basis: str
    action: Action
    says: str = ""
    accepted: Sequence[Mapping[str, Any]] = ()
    rejected: Sequence[Mapping[str, Any]] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """A finding in the texts of one language."""

    rule: str
    action: Action
    language: str
    sentence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of the checks on an answer.

    Args:
        status: `described` or `needs_review`.
        description: the answer without removed or refused texts; None if no alt text remains.
        faults: the findings that remain.
        stripped: ids of the rules that removed something.
    """

    status: Status
    description: Description | None = None
    faults: tuple[Fault, ...] = ()
    stripped: tuple[str, ...] = ()

    @property
    def flags(self) -> tuple[str, ...]:
        """The ids of the rules with findings."""
        return tuple(dict.fromkeys(fault.rule for fault in self.faults))

    @property
    def reason(self) -> str:
        """The findings in sentences."""
        return " ".join(dict.fromkeys(fault.sentence for fault in self.faults))[:_MAX_REASON]

    @property
    def repairable(self) -> dict[str, list[str]]:
        """The sentences for a repair by language, except for languages with a refused text."""
        languages: dict[str, list[str]] = {}
        for fault in self.faults:
            if fault.action is Action.REPAIR:
                languages.setdefault(fault.language, []).append(fault.sentence)
        refused = {fault.language for fault in self.faults if fault.action is Action.REFUSE}
        return {language: sentences for language, sentences in languages.items() if language not in refused}


@cache
def catalogue() -> Sequence[RuleInfo]:
    """Return the rules in the order of their application."""
    data = tomllib.loads(files("describer.vision.quality").joinpath("rules.toml").read_text(encoding="utf-8"))
    return tuple(RuleInfo(name, **row | {"action": Action(row["action"])}) for name, row in data.items())


@cache
def begin_loading() -> threading.Thread:
    """Start a thread that loads what `check` needs, once in a process, so that it is there when the model answers."""
    thread = threading.Thread(target=load, name="rules")
    thread.start()
    return thread


def load() -> None:
    """Load the rules, word lists and language detector: about a second of computing. `check` loads what is missing."""
    catalogue()
    for language in LANGUAGES:
        lexicon(language)
    detector.load()


def check(answer: Answer, brief: Brief, name: str = "") -> Verdict:
    """Check an answer before anything is written. A refusal is never written as a text.

    `name` is the picture's file name, or empty.
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
    """Return the description without languages that may not be written; None if none is left."""
    refused = {fault.language for fault in faults if fault.action is Action.REFUSE}
    texts = {tag: texts for tag, texts in description.texts.items() if tag not in refused or texts.alt_text}
    return description.model_copy(update={"texts": texts}) if texts or not refused else None


def _each_once(faults: Iterable[Fault]) -> tuple[Fault, ...]:
    """Return the faults, those about the whole answer only once."""
    seen, kept = set[str](), list[Fault]()
    for fault in faults:
        if fault.rule not in _LANGUAGE_INDEPENDENT or fault.rule not in seen:
            kept.append(fault)
        seen.add(fault.rule)
    return tuple(kept)


def repaired(first: Verdict, second: Answer, brief: Brief, name: str = "") -> Verdict:
    """Merge the answer to a repair into an answer: a text of `second` is taken if it has fewer faults.

    `second` is in the languages of `first.repairable`; `brief` is the first request.
    """
    description, kept = first.description, list(first.faults)
    if description is None or second.description is None:
        return first
    for language in first.repairable:
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
