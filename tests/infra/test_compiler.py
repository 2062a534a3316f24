"""What the compiler says of infra/ is nothing."""

import json
import shutil
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path

import pytest

from tests.infra import compiler
from tests.infra.compiler import INFRA, PARAMETERS, SUBSCRIPTIONS, Compiler, Done, label

ENTRIES = [INFRA / "main.bicep", INFRA / "modules" / "event-subscription.bicep"]
ALL = [*PARAMETERS, *SUBSCRIPTIONS]


@pytest.fixture(scope="module")
def validated(bicep: Compiler, workers: Executor) -> Mapping[Path, Done]:
    return dict(zip(ALL, workers.map(lambda path: bicep.snapshot(path, "validate"), ALL), strict=True))


def test_there_are_four_installations_and_three_routes() -> None:
    assert [label(path) for path in PARAMETERS] == ["dev", "existing", "isolated", "prod"]
    routes = ["blobTrigger", "eventGridTrigger", "queue"]
    assert [label(path) for path in SUBSCRIPTIONS] == [f"subscriptions/{route}" for route in routes]


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.stem)
def test_lint_has_nothing_to_say(bicep: Compiler, path: Path) -> None:
    done = bicep.lint(path)
    assert (done.lines, done.output.strip(), done.status) == ([], "", 0)


@pytest.mark.parametrize("path", ENTRIES, ids=lambda path: path.stem)
def test_a_build_has_nothing_to_say(bicep: Compiler, path: Path) -> None:
    done = bicep.build(path)
    assert (done.lines, done.status) == ([], 0)
    assert json.loads(done.output)["resources"]


@pytest.mark.parametrize("path", ALL, ids=label)
def test_the_committed_snapshot_is_what_would_be_created(validated: Mapping[Path, Done], path: Path) -> None:
    done = validated[path]
    assert (done.lines, done.status) == ([], 0), f"{done.output}\nrun: make snapshots, and read the difference"


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
