"""Checkov on the predicted resources.

It does not look into nested deployments, of which a built template consists: on that it finds nothing at all. So each
snapshot is given to it as one flat template for Azure Resource Manager.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra import baseline
from tests.infra.compiler import PARAMETERS, ROOT, label
from tests.infra.installation import Installation

CHECKOV = ROOT / ".local" / "checkov" / "bin" / "checkov"
STANDS = [{**row, "check": check} for row in baseline.rows() for check in row.get("checkov", [])]
SCHEMA = "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    if not CHECKOV.is_file():
        pytest.skip("checkov is not installed: make check installs it into .local/checkov")
    folder = tmp_path_factory.mktemp("templates")
    for path in PARAMETERS:
        resources = Installation.read(path).resources
        template = {"$schema": SCHEMA, "contentVersion": "1.0.0.0", "resources": resources}
        (folder / f"{label(path)}.json").write_text(json.dumps(template), encoding="utf-8")
    # No word to its maker's servers: no download, no token of whoever runs this.
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "LOG_LEVEL": "ERROR"}
    command = [str(CHECKOV), "-d", str(folder), "--framework", "arm", "--skip-download", "-o", "json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=False, timeout=120)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_it_looked_at_the_resources(report: dict[str, Any]) -> None:
    assert report["summary"]["parsing_errors"] == 0
    assert report["summary"]["passed"] > 100


def test_its_findings_are_those_accepted_with_a_reason(report: dict[str, Any]) -> None:
    found = {(failed["check_id"], Path(failed["file_path"]).stem) for failed in report["results"]["failed_checks"]}
    lines = sorted(
        f"{failed['check_id']} {failed['check_name']}: {failed['resource']}"
        for failed in report["results"]["failed_checks"]
        if not any(_stands(row, failed["check_id"], Path(failed["file_path"]).stem) for row in STANDS)
    )
    assert lines == []
    assert [row["check"] for row in STANDS if row["check"] not in {check for check, _ in found}] == []


def _stands(row: dict[str, Any], check: str, installation: str) -> bool:
    return bool(row["check"] == check and not (row.get("isolated") and installation == "isolated"))
