"""One list of deviations: the document and checkov's exceptions are made from it, PSRule's options are compared."""

import re

import yaml

from infra import baseline
from tests.infra import azd
from tests.infra.compiler import ROOT


def test_the_document_is_that_of_the_list() -> None:
    document = baseline.DOCUMENT.read_text(encoding="utf-8")
    assert document == baseline.document(), "run: python -m infra.baseline --write"
    assert "security-baseline.md" in (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")


def test_each_deviation_has_its_reason_and_a_variable_that_there_is() -> None:
    variables = {*azd.variables().values()}
    for row in baseline.rows():
        assert row["why"].endswith("."), row
        named = re.findall(r"\b([A-Z][A-Z_]{4,})=", row.get("change", "")) + re.findall(
            r"\b([A-Z]+_[A-Z]+_ID)\b", row.get("change", "")
        )
        assert bool(named) is ("change" in row), row
        assert set(named) <= variables, row


def test_psrule_leaves_out_what_the_list_names_and_nothing_else() -> None:
    options = yaml.safe_load((ROOT / "ps-rule.yaml").read_text(encoding="utf-8"))
    named = [rule for row in baseline.rows() for rule in row.get("psrule", [])]
    assert sorted(options["rule"]["exclude"]) == sorted(named)
    assert options["configuration"]["AZURE_BICEP_FILE_EXPANSION_TIMEOUT"] >= 60
    assert options["input"]["pathIgnore"] == ["**/*", "!infra/params/*.bicepparam"]
