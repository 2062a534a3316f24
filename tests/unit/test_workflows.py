"""GitHub's workflows: what they may do, what they run, and that they hold no secret."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}


def _read(name: str) -> dict[str, Any]:
    # In YAML 1.1 the key `on` is the truth; with strings for scalars it stays what it is.
    read: dict[str, Any] = yaml.load(WORKFLOWS[name].read_text(encoding="utf-8"), Loader=yaml.BaseLoader)  # noqa: S506
    return read


def _steps(name: str) -> list[dict[str, Any]]:
    return [step for job in _read(name)["jobs"].values() for step in job["steps"]]


def _commands(name: str) -> str:
    return "\n".join(step["run"] for step in _steps(name) if "run" in step)


def test_there_are_two() -> None:
    assert set(WORKFLOWS) == {"checks", "azure-dev"}


@pytest.mark.parametrize(
    ("name", "permissions"),
    [("checks", {"contents": "read"}), ("azure-dev", {"contents": "read", "id-token": "write"})],
)
def test_each_may_do_what_it_must_and_no_more(name: str, permissions: dict[str, str]) -> None:
    workflow = _read(name)
    assert workflow["permissions"] == permissions
    assert [job for job in workflow["jobs"].values() if "permissions" in job or "timeout-minutes" not in job] == []


@pytest.mark.parametrize("name", WORKFLOWS)
def test_none_holds_or_asks_for_a_secret(name: str) -> None:
    text = WORKFLOWS[name].read_text(encoding="utf-8")
    assert not re.search(r"secrets\s*[.\[]|client-secret|password|AZURE_CREDENTIALS|--key|access-key", text)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_nothing_from_outside_is_pasted_into_a_script(name: str) -> None:
    """An expression within `run` becomes part of the script before a shell reads it."""
    assert "${{" not in _commands(name)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_those_we_know_at_a_major_version(name: str) -> None:
    used = [step["uses"] for step in _steps(name) if "uses" in step]
    known = {"actions/checkout", "actions/setup-python", "actions/cache", "azure/login", "Azure/setup-azd"}
    assert {action.partition("@")[0] for action in used} <= known
    assert all(re.fullmatch(r"v\d+|[0-9a-f]{40}", action.partition("@")[2]) for action in used)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_checkouts_leave_no_token_behind(name: str) -> None:
    checkouts = [step for step in _steps(name) if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts
    assert all(step["with"]["persist-credentials"] == "false" for step in checkouts)


@pytest.mark.parametrize("name", WORKFLOWS)
def test_python_is_that_of_the_app(name: str) -> None:
    [python] = [step for step in _steps(name) if step.get("uses", "").startswith("actions/setup-python@")]
    assert python["with"]["python-version"] == (ROOT / ".python-version").read_text(encoding="utf-8").strip()


def test_the_checks_are_the_projects_own() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    asked = re.findall(r"^make (.+)$", _commands("checks"), re.MULTILINE)
    assert asked == ["check test longtest"]
    assert set(asked[0].split()) <= set(targets)
    assert (ROOT / ".ci" / "run").read_text(encoding="utf-8").rstrip().splitlines().count(f"make {asked[0]}") == 1
    assert "on" in _read("checks")
    assert _read("checks")["on"].keys() == {"push", "pull_request"}


def test_a_deployment_signs_in_by_federation_and_only_on_request() -> None:
    assert list(_read("azure-dev")["on"]) == ["workflow_dispatch"]
    commands = _commands("azure-dev")
    assert "--federated-credential-provider github" in commands
    assert commands.rstrip().endswith("azd up --no-prompt")
    [login] = [step for step in _steps("azure-dev") if step.get("uses", "").startswith("azure/login@")]
    assert set(login["with"]) == {"client-id", "tenant-id", "subscription-id"}


def test_a_deployment_sets_all_that_azd_would_otherwise_ask_for() -> None:
    bicep = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
    required = set(re.findall(r"^param (\w+) [^=\n]+$", bicep, re.MULTILINE))
    given = json.loads((ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8"))["parameters"]
    passed = set(re.findall(r"infra\.parameters\.(\w+)", _commands("azure-dev")))
    assert required - given.keys() == passed
    environment = _read("azure-dev")["jobs"]["deploy"]["env"]
    for name in required & given.keys():
        assert re.fullmatch(r"\$\{(\w+)\}", given[name]["value"])
        assert given[name]["value"][2:-1] in environment
