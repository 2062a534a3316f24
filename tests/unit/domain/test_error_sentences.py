"""Every error that a user can see begins like a sentence, whichever entry point shows it."""

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from describer.domain.errors import InvalidRequest, Transient
from local.children import ROOT

BASE = "DescriberError"
INTERNAL = {"NewerRecord", "_Noted"}
"""Errors that another one replaces before anyone sees them."""
OF_THE_ANSWER = {"answer_reader.py", "responses.py"}
"""What the model is asked to repair: half sentences in its instructions."""
SUBJECT = "storage_errors"
"""Its argument begins the sentences of storage's errors."""
IDENTIFIERS = ("blob ", "review ", "status ", "undo ")
"""Options that begin a sentence are written as a caller writes them."""


def trees() -> dict[Path, ast.Module]:
    return {file: ast.parse(file.read_text("utf-8")) for file in sorted((ROOT / "describer").rglob("*.py"))}


def error_classes(modules: Iterable[ast.Module]) -> set[str]:
    classes = [node for module in modules for node in ast.walk(module) if isinstance(node, ast.ClassDef)]
    known, before = {BASE}, set[str]()
    while known != before:
        before = set(known)
        known |= {each.name for each in classes if {name(base) for base in each.bases} & known}
    return known - INTERNAL


def name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def assigned(variable: str, module: ast.Module) -> Iterator[ast.expr]:
    for each in ast.walk(module):
        match each:
            case ast.Assign(targets=[ast.Name(id=found)], value=value) if found == variable:
                yield value
            case ast.AnnAssign(target=ast.Name(id=found), value=ast.expr() as value) if found == variable:
                yield value
            case _:
                pass


def beginnings(node: ast.expr, module: ast.Module, *, follow: bool = True) -> Iterator[str]:
    """Yield how a message can begin; nothing for what only a run can show."""
    match node:
        case ast.Constant(value=str(text)):
            yield text
        case ast.JoinedStr(values=[first, *_]):
            yield from beginnings(first, module, follow=follow)
        case ast.FormattedValue(value=ast.Name() as variable):
            yield from beginnings(variable, module, follow=follow)
        case ast.IfExp(body=one, orelse=other):
            yield from (*beginnings(one, module, follow=follow), *beginnings(other, module, follow=follow))
        case ast.Call(func=ast.Attribute(attr="join"), args=[ast.List(elts=[first, *_])]):
            yield from beginnings(first, module, follow=follow)
        case ast.Name(id=name_) if follow:
            for value in assigned(name_, module):
                yield from beginnings(value, module, follow=False)
        case _:
            pass


def messages() -> Iterator[tuple[str, str]]:
    modules = trees()
    makers = error_classes(modules.values()) | {SUBJECT, "page_of"}
    for file, module in modules.items():
        for node in ast.walk(module):
            if not isinstance(node, ast.Call) or (
                name(node.func) in {"Unreadable", "Filled"} and file.name in OF_THE_ANSWER
            ):
                continue
            if name(node.func) in makers:
                texts = (each for each in node.args if not isinstance(each, ast.Starred))
                for text in texts:
                    yield from ((f"{file.name}:{node.lineno}", found) for found in beginnings(text, module))


def begins_a_sentence(text: str) -> bool:
    return not text[:1].islower() or text.startswith(IDENTIFIERS)


def test_every_message_begins_with_a_capital_or_with_a_name_as_it_is_written() -> None:
    found = list(messages())
    assert len(found) > 150
    assert [(place, text) for place, text in found if not begins_a_sentence(text)] == []


@pytest.mark.parametrize(
    ("text", "sentence"),
    [("It failed", "It failed."), ("It failed.", "It failed."), ("Why?", "Why?"), ("context is 1", "context is 1.")],
)
def test_a_sentence_ends_with_one_stop(text: str, sentence: str) -> None:
    assert Transient(text).sentence == sentence
    assert InvalidRequest(text, field="context").sentence == sentence


def test_quoted_words_come_before_the_stop() -> None:
    assert Transient("It failed", quoting="by a host").sentence == "It failed: by a host."
