"""Code and documents speak the field's language: tests/words.toml lists our own words, each with the field's."""

import ast
import io
import re
import tokenize
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.generated import ROOT

WORDS: Final[Mapping[str, Mapping[str, str]]] = tomllib.loads((ROOT / "tests" / "words.toml").read_text("utf-8"))
CODE: Final = ("describer", "infra", "local")
_SENTENCES: Final = (tokenize.COMMENT, tokenize.STRING, tokenize.FSTRING_MIDDLE)
_PART: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])")


def _documents() -> Iterator[Path]:
    yield from (ROOT / "docs").rglob("*.md")
    yield from (ROOT / name for name in ("README.md", "CONTRIBUTING.md"))


def _read_by_users() -> Iterator[Path]:
    yield from (file for file in (ROOT / "docs").rglob("*.md") if file.name != "ARCHITECTURE.md")
    names = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "llms.txt", "CHANGELOG.md")
    yield from (ROOT / name for name in names)


def _modules() -> Iterator[Path]:
    yield ROOT / "function_app.py"
    for folder in CODE:
        yield from (file for file in (ROOT / folder).rglob("*.py") if "hooks_env" not in file.parts)


def _private(sentence: str, words: str = "everywhere") -> Iterator[str]:
    for word, better in WORDS[words].items():
        if re.search(rf"\b{word}\b", sentence, re.IGNORECASE):
            yield f"{word!r}: say {better}"


def _private_parts(name: str) -> Iterator[str]:
    parts = {part.lower() for part in _PART.findall(name)}
    for word, better in {**WORDS["names"], **WORDS["everywhere"]}.items():
        if word in parts:
            yield f"{name}: say {better}"


def _of_module(source: str) -> Iterator[str]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.NAME:
            yield from _private_parts(token.string)
        elif token.type in _SENTENCES:
            yield from _private(token.string)


def test_documents_use_the_fields_words() -> None:
    found = {file.relative_to(ROOT).as_posix(): list(_private(file.read_text("utf-8"))) for file in _documents()}
    assert {file: words for file, words in found.items() if words} == {}


def test_documents_for_users_are_in_plain_english() -> None:
    found = {
        file.relative_to(ROOT).as_posix(): list(_private(file.read_text("utf-8").replace("\n", " "), "documents"))
        for file in _read_by_users()
    }
    assert len(found) > 20
    assert {file: words for file, words in found.items() if words} == {}


@pytest.mark.parametrize("sentence", ["What is told", "A picture is put off.", "It wakes somebody.", "Whoever asks"])
def test_a_phrase_that_readers_stumble_over_is_found(sentence: str) -> None:
    assert list(_private(sentence, "documents"))


def test_code_uses_the_fields_words() -> None:
    found = {file.relative_to(ROOT).as_posix(): list(_of_module(file.read_text("utf-8"))) for file in _modules()}
    assert len(found) > 200
    assert {file: words for file, words in found.items() if words} == {}


def _named_in(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = getattr(node, "name", "")
            said = name.replace("_", " ") if name.startswith("test_") else ""
            for words in ("documents", "tests"):
                yield from _private(f"{said}. {ast.get_docstring(node) or ''}".replace("\n", " "), words)


def test_tests_are_named_in_plain_english() -> None:
    files = (ROOT / "tests").rglob("*.py")
    found = {file.relative_to(ROOT).as_posix(): list(_named_in(file.read_text("utf-8"))) for file in files}
    assert len(found) > 200
    assert {file: words for file, words in found.items() if words} == {}


@pytest.mark.parametrize("source", ["def test_a_bug_is_told(): ...", 'class Fake:\n    """Open to anybody."""'])
def test_a_riddle_in_a_tests_name_is_found(source: str) -> None:
    assert list(_named_in(source))


@pytest.mark.parametrize(
    "source", ["class AsideQueue: ...", '"""The wiring."""', "# a specimen\n", 'f"the {x} scribe"']
)
def test_a_word_of_our_own_is_found(source: str) -> None:
    assert list(_of_module(source))
