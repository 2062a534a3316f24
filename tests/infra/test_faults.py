"""A fault of each kind, seeded in a copy of infra/, is found by the rule that is meant for it, without a snapshot."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra import rules
from tests.infra.compiler import ROOT
from tests.infra.installation import Installation
from tests.infra.session import Session

Fault = Mapping[str, Any]
FAULTS: list[Fault] = tomllib.loads((ROOT / "tests" / "cases" / "infra_faults.toml").read_text("utf-8"))["fault"]
RULES = {rule.__name__: rule for rule in rules.RULES}


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: str(fault["name"]))
def test_a_seeded_fault_is_found(session: Session, infra: Path, fault: Fault) -> None:
    seeded = infra / fault["file"]
    text = seeded.read_text(encoding="utf-8")
    assert fault["old"] in text, "nothing to seed"
    seeded.write_text(text.replace(fault["old"], fault["new"], 1), encoding="utf-8")
    parameters = infra / "params" / f"{fault['installation']}.bicepparam"
    if fault["rule"] == "compiler":
        found = session.findings(parameters)
    else:
        installation = Installation.parse(session.snapshot(parameters), parameters, infra)
        found = list(RULES[fault["rule"]](installation, infra))
    assert any(fault["finds"] in sentence for sentence in found), found or "nothing was found"


def test_each_rule_has_its_fault() -> None:
    # A diagnostic of the prediction cannot be seeded by one change that the compiler lets pass.
    assert {fault["rule"] for fault in FAULTS} == {*RULES, "compiler"} - {"foreseen"}
