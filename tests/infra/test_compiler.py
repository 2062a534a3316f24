"""What the compiler says of infra/ is nothing."""

import json
import shutil
from collections.abc import Mapping
from difflib import unified_diff
from pathlib import Path

import pytest

from tests.infra import compiler
from tests.infra.compiler import ENTRIES, INFRA, PARAMETERS, SUBSCRIPTIONS, Compiler, Done, label, snapshot_of
from tests.infra.session import Session

ALL = [*PARAMETERS, *SUBSCRIPTIONS]


def test_there_are_four_installations_and_three_routes() -> None:
    assert [label(path) for path in PARAMETERS] == ["dev", "existing", "isolated", "prod"]
    routes = ["blobTrigger", "eventGridTrigger", "queue"]
    assert [label(path) for path in SUBSCRIPTIONS] == [f"subscriptions/{route}" for route in routes]


@pytest.mark.parametrize("name", [path.stem for path in ENTRIES])
def test_lint_and_build_have_nothing_to_say(linted: Mapping[str, Done], built: Mapping[str, Done], name: str) -> None:
    assert (linted[name].lines, linted[name].output.strip(), linted[name].status) == ([], "", 0)
    assert (built[name].lines, built[name].status) == ([], 0)
    assert json.loads(built[name].output)["resources"]


@pytest.mark.parametrize("path", ALL, ids=label)
def test_the_committed_snapshot_is_what_would_be_created(session: Session, path: Path) -> None:
    assert session.findings(path) == []
    committed, predicted = snapshot_of(path).read_text(encoding="utf-8"), session.snapshot(path)
    difference = unified_diff(committed.splitlines(), predicted.splitlines(), "committed", "predicted", lineterm="")
    assert list(difference) == [], "run: make snapshots, and read the difference"


def test_the_files_are_formatted(bicep: Compiler, tmp_path: Path) -> None:
    copy = shutil.copytree(INFRA, tmp_path / "infra")
    (copy / "modules" / "seeded.bicep").write_text("param   x string\n", encoding="utf-8")
    assert bicep.format(copy).status == 0
    assert (copy / "modules" / "seeded.bicep").read_text(encoding="utf-8") == "param x string\n", (
        "nothing was formatted"
    )
    paths = [path for path in INFRA.rglob("*.bicep*") if path.suffix in {".bicep", ".bicepparam"}]
    wrong = [path for path in paths if path.read_bytes() != (copy / path.relative_to(INFRA)).read_bytes()]
    assert wrong == [], "run: bicep format"


def test_without_a_compiler_it_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BICEP", "/nowhere/bicep")
    assert compiler.find() is None
