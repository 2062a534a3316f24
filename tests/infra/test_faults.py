"""A fault of each kind, seeded in a copy of infra/, is found by the rule that is meant for it, without a snapshot."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra import rules
from tests.infra.compiler import INFRA, ROOT
from tests.infra.installation import Installation
from tests.infra.session import Session

Fault = Mapping[str, Any]
FAULTS: list[Fault] = tomllib.loads((ROOT / "tests" / "cases" / "infra_faults.toml").read_text("utf-8"))["fault"]
RULES = {rule.__name__: rule for rule in rules.RULES}


@pytest.fixture
def infra(tmp_path: Path) -> Path:
    return Path(shutil.copytree(INFRA, tmp_path / "infra", ignore=shutil.ignore_patterns("*.snapshot.json")))


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["name"]))
def test_a_seeded_fault_is_found(session: Session, infra: Path, fault: Fault) -> None:
    seeded = infra / fault["file"]
    text = seeded.read_text(encoding="utf-8")
    assert fault["old"] in text, "nothing to seed"
    seeded.write_text(text.replace(fault["old"], fault["new"], 1), encoding="utf-8")
    parameters = infra / "params" / f"{fault['installation']}.bicepparam"
    predicted = session.predict(parameters)
    if fault["rule"] == "compiler":
        found = predicted.lines
    else:
        assert predicted.lines == [], "the compiler finds it already: another fault would say more of the rule"
        found = list(RULES[fault["rule"]](Installation.parse(predicted.text, parameters, infra), infra))
    assert any(fault["finds"] in sentence for sentence in found), found or "nothing was found"


def test_each_rule_has_its_fault() -> None:
    # A diagnostic of the prediction cannot be seeded by one change that the compiler lets pass.
    assert {fault["rule"] for fault in FAULTS} == {*RULES, "compiler"} - {"foreseen"}
