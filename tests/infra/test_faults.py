"""A fault of each kind, seeded in a copy of infra/, is found by the project's own rules, not only by a snapshot."""

import shutil
import tomllib
from collections.abc import Mapping
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest

from tests.infra import rules
from tests.infra.compiler import INFRA, ROOT, Compiler
from tests.infra.installation import Installation

Fault = Mapping[str, Any]
FAULTS: list[Fault] = tomllib.loads((ROOT / "tests" / "cases" / "infra_faults.toml").read_text("utf-8"))["fault"]


def _found(bicep: Compiler, fault: Fault, infra: Path) -> list[str]:
    shutil.copytree(INFRA, infra)
    seeded = infra / fault["file"]
    text = seeded.read_text(encoding="utf-8")
    assert text.count(fault["old"]) >= 1, f"{fault['name']}: nothing to seed; {fault['old']!r} is gone"
    seeded.write_text(text.replace(fault["old"], fault["new"], 1), encoding="utf-8")
    parameters = infra / "params" / f"{fault['installation']}.bicepparam"
    parameters.with_suffix(".snapshot.json").unlink()
    done = bicep.snapshot(parameters, "overwrite")
    if done.status:
        return done.lines
    return [*done.lines, *rules.faults(Installation.read(parameters, infra), infra)]


@pytest.fixture(scope="module")
def found(bicep: Compiler, workers: Executor, tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, list[str]]:
    place = tmp_path_factory.mktemp("faults")
    jobs = {
        fault["name"]: workers.submit(_found, bicep, fault, place / str(number)) for number, fault in enumerate(FAULTS)
    }
    return {name: job.result() for name, job in jobs.items()}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["name"]))
def test_a_seeded_fault_is_found(found: Mapping[str, list[str]], fault: Fault) -> None:
    sentences = found[fault["name"]]
    assert any(fault["finds"] in sentence for sentence in sentences), sentences or "nothing was found"
