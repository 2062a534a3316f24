"""Choices that no parameter file makes: the rules hold for them too, and what does not go together is refused."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra import rules
from tests.infra.compiler import ROOT
from tests.infra.installation import Installation
from tests.infra.session import Session, Stopped

Variant = Mapping[str, Any]
CASES = tomllib.loads((ROOT / "tests" / "cases" / "infra_variants.toml").read_text("utf-8"))


def _written(variant: Variant, infra: Path) -> Path:
    path = infra / "params" / f"{variant['base']}.bicepparam"
    lines = path.read_text(encoding="utf-8").splitlines()
    for name, value in variant["parameters"].items():
        lines = [line for line in lines if not line.startswith(f"param {name} ")] + [f"param {name} = {value}"]
    path.write_text("\n".join([*lines, ""]), encoding="utf-8")
    return path


@pytest.mark.parametrize("variant", CASES["holds"], ids=lambda variant: str(variant["name"]))
def test_the_rules_hold(session: Session, infra: Path, variant: Variant) -> None:
    path = _written(variant, infra)
    installation = Installation.parse(session.snapshot(path), path, infra)
    assert [fault for rule in rules.RULES for fault in rule(installation, infra)] == []


@pytest.mark.parametrize("variant", CASES["refused"], ids=lambda variant: str(variant["name"]))
def test_what_does_not_go_together_is_refused(session: Session, infra: Path, variant: Variant) -> None:
    with pytest.raises(Stopped, match=variant["says"]):
        session.snapshot(_written(variant, infra))
