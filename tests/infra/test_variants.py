"""Choices that no parameter file makes: the rules hold for them too, and what does not go together is refused."""

import shutil
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.infra import rules
from tests.infra.compiler import INFRA, ROOT
from tests.infra.installation import Installation
from tests.infra.session import Prediction, Session

Variant = Mapping[str, Any]
CASES = tomllib.loads((ROOT / "tests" / "cases" / "infra_variants.toml").read_text("utf-8"))


def _predicted(session: Session, variant: Variant, tmp_path: Path) -> tuple[Path, Prediction]:
    infra = Path(shutil.copytree(INFRA, tmp_path / "infra"))
    path = infra / "params" / f"{variant['base']}.bicepparam"
    text = path.read_text(encoding="utf-8")
    for name, value in variant["parameters"].items():
        kept = [line for line in text.splitlines() if not line.startswith(f"param {name} ")]
        text = "\n".join([*kept, f"param {name} = {value}", ""])
    path.write_text(text, encoding="utf-8")
    return path, session.predict(path)


@pytest.mark.parametrize("variant", CASES["holds"], ids=lambda variant: str(variant["name"]))
def test_the_rules_hold(session: Session, variant: Variant, tmp_path: Path) -> None:
    path, predicted = _predicted(session, variant, tmp_path)
    assert predicted.lines == []
    installation = Installation.parse(predicted.text, path, tmp_path / "infra")
    assert [fault for rule in rules.RULES for fault in rule(installation, tmp_path / "infra")] == []


@pytest.mark.parametrize("variant", CASES["refused"], ids=lambda variant: str(variant["name"]))
def test_what_does_not_go_together_is_refused(session: Session, variant: Variant, tmp_path: Path) -> None:
    _, predicted = _predicted(session, variant, tmp_path)
    assert predicted.text == ""
    assert any(variant["says"] in line for line in predicted.lines), predicted.lines
