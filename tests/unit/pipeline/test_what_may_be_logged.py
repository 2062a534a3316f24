"""What may be logged is seen where it is written: events by listed names, faults without the words of others."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from describer.adapters.chat.dialect import ADAPTED
from describer.entrypoints.openai_compatible.interface import ANSWERED
from describer.entrypoints.storage_events.backfill_steps import BEGUN, STILL_RUNNING
from describer.entrypoints.storage_events.inbox import DEAD_LETTERED, UNEXPECTED, UNFINISHED
from describer.entrypoints.storage_events.poison import RETURNED
from describer.operations.smoke_image import FAILED, PASSED
from describer.pipeline import vocabulary as v
from describer.pipeline.cleanup import CLEANED, CLEANUP_UNFINISHED
from describer.pipeline.daily_budget import USED_UP
from describer.pipeline.describe import NOT_MENDED, NOT_SHARED
from describer.pipeline.work_log import DEFERRED, DONE
from describer.vision.embedded_text.read import UNREADABLE
from tests.generated import ROOT

CONSTANTS = {"DONE": DONE, "DEFERRED": DEFERRED, "RETURNED": RETURNED, "DEAD_LETTERED": DEAD_LETTERED}
CONSTANTS |= {
    "FAILED": FAILED,
    "PASSED": PASSED,
    "UNEXPECTED": UNEXPECTED,
    "UNFINISHED": UNFINISHED,
    "NOT_MENDED": NOT_MENDED,
    "NOT_SHARED": NOT_SHARED,
    "UNREADABLE": UNREADABLE,
    "ADAPTED": ADAPTED,
    "ANSWERED": ANSWERED,
    "BEGUN": BEGUN,
    "CLEANED": CLEANED,
    "CLEANUP_UNFINISHED": CLEANUP_UNFINISHED,
    "STILL_RUNNING": STILL_RUNNING,
    "USED_UP": USED_UP,
}
LOGGED = {"Transient", "Misconfigured", "Busy", "NotOurs"}
"""Faults whose sentences are logged."""
OURS = {
    "ROUNDS": "a constant",
    "max_wait": "seconds, a setting",
    "self.deadline": "seconds, a setting",
    "self.queueing": "seconds, a setting",
    "what": "which store: the callers of storage_errors name no blob",
    "status": "a status code",
    "error.status_code": "a status code",
    "answer.status_code": "a status code",
    "response.status_code": "a status code",
    "code or error.reason": "the service's code",
    "error.reason": "the phrase of a status code",
    "WAITING[code]": "our words for what a code of storage's waits for",
    "type(error).__name__": "a class",
    "', '.join(sorted(missing))": "languages, by their tags",
    "said": "Entra's sentence about the app's own identity",
    "str(file)": "the command line's own file",
    "error.strerror": "the operating system's sentence about it",
    "error": "where that file is no JSON",
    "sentence": "a sentence of the same function",
}
"""What a sentence that is logged may be made of, and why: whoever adds to it looks here first."""


def _calls() -> Iterator[tuple[Path, ast.Call]]:
    for path in sorted((ROOT / "describer").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                yield path, node


def _name(call: ast.Call) -> str:
    return ast.unparse(call.func).rpartition(".")[2]


def _logs() -> Iterator[ast.Call]:
    for path, call in _calls():
        if ast.unparse(call.func).startswith("_log.") and path.name != "run.py":
            yield call


@pytest.mark.parametrize("call", list(_logs()), ids=ast.unparse)
def test_each_event_is_listed_and_takes_no_argument_or_trace_along(call: ast.Call) -> None:
    event = call.args[1 if _name(call) == "log" else 0]
    name = event.value if isinstance(event, ast.Constant) else CONSTANTS[ast.unparse(event)]
    assert name in v.EVENTS
    assert len(call.args) == (2 if _name(call) == "log" else 1)
    assert {keyword.arg for keyword in call.keywords} <= {"extra"}
    assert _name(call) != "exception"


def test_every_listed_event_is_logged() -> None:
    logged = {ast.unparse(call.args[1 if _name(call) == "log" else 0]).strip("'") for call in _logs()}
    assert {CONSTANTS.get(name, name) for name in logged} == set(v.EVENTS)


def test_a_sentence_that_is_logged_is_made_of_known_parts() -> None:
    parts = {
        ast.unparse(value.value)
        for _, call in _calls()
        if _name(call) in LOGGED and call.args
        for value in getattr(call.args[0], "values", ())
        if isinstance(value, ast.FormattedValue)
    }
    assert parts
    assert parts - OURS.keys() == set()
