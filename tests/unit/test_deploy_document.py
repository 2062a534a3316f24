"""What the README and docs/deploy.md say of a deployment is what the files do; figures are those of docs/cost.md."""

import datetime as dt
import json
import os
import re
import shutil
import subprocess
from pathlib import Path

import pathspec
import pytest

from describer.vision import families
from infra import prebuilt
from infra.hooks.decisions import DECISIONS
from infra.hooks.installation import Installation
from tests.hooks.deployment import OUTPUTS
from tests.hooks.scripted import Scripted, bare

ROOT = Path(__file__).parents[2]
DEPLOY = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
README = (ROOT / "README.md").read_text(encoding="utf-8").partition("\n## Deploy\n")[2].partition("\n## ")[0]
COST = (ROOT / "docs" / "cost.md").read_text(encoding="utf-8")
BICEP = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
PARAMETERS = (ROOT / "infra" / "main.parameters.json").read_text(encoding="utf-8")


def _cells(first: str, chapter: str = "") -> list[str]:
    """The first row of a table in this chapter of docs/cost.md that begins so."""
    lines = COST.partition(f"\n## {chapter}")[2].splitlines()
    row, *_ = [line for line in lines if line.startswith(f"| {first} |")]
    return [cell.strip() for cell in row.strip("|").split("|")]


def _blocks(text: str) -> list[str]:
    return re.findall(r"```sh\n(.*?)```", text, re.DOTALL)


def test_the_readmes_figures_are_those_of_the_cost_document() -> None:
    [model] = re.findall(r"with the model `([\w.-]+)`", README)
    assert f"param modelName string = '{model}'" in BICEP
    idle, isolated = _cells("dev")[3], _cells("isolated")[3]
    described, run = (
        _cells(f"`{model}`", "10,000 pictures: the model")[-1],
        _cells("Total", "10,000 pictures: the rest")[-1],
    )
    said = README.replace("\n", " ")
    assert f"without uploads costs {idle} for the network ({isolated} behind" in said
    assert f"10,000 pictures cost {described} for the model and {run} for" in said
    alerts, _, _ = _cells("dev")[4].partition(" ")
    assert f"about {alerts} for alert rules" in said
    assert sorted(re.findall(r"\$\d[\d.]*\d", README)) == sorted([idle, isolated, described, run, alerts])


def test_the_price_on_the_first_screen_is_that_of_the_default_model() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    [model] = re.findall(r"^param modelName string = '([\w.-]+)'", BICEP, re.MULTILINE)
    [price] = re.findall(r"(\$[\d.]+) for 1,000 photographs", text)
    assert price == _cells(f"`{model}` | 1 | directly", "What do my pictures cost?")[3]


def test_the_first_description_takes_five_commands_at_most() -> None:
    [block] = _blocks(README)
    assert 1 <= len(block.splitlines()) <= 5
    assert "azd up" in block.splitlines()
    assert (ROOT / "samples" / "cat.jpg").is_file()
    for name in re.findall(r"azd env get-value (\w+)", block):
        assert f"output {name} " in BICEP


@pytest.mark.parametrize("text", [README, DEPLOY], ids=["README", "deploy.md"])
def test_it_says_where_pictures_may_be_processed_and_what_was_not_run(text: str) -> None:
    assert set(re.findall(r"`(\w*Standard)`", text)) == {"GlobalStandard", "DataZoneStandard", "Standard"}
    assert "not run against Azure" in text.replace("Not", "not")


def test_what_azd_sets_is_read() -> None:
    hooks = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "infra" / "hooks").glob("*.py"))
    for name in re.findall(r"azd env set ([A-Z_]{5,})", DEPLOY):
        assert f"${{{name}=" in PARAMETERS or f"${{{name}}}" in PARAMETERS or f'"{name}"' in hooks, name
    assert "infra.parameters" not in DEPLOY  # azd looks there for parameters without a default only


def test_what_cannot_be_undone_is_what_the_hook_says() -> None:
    chapter = DEPLOY.partition("\n## Decide now\n")[2].partition("\n## ")[0]
    rows = dict(re.findall(r"^\| `([A-Z_]+)` \| (.+?) \|", chapter, re.MULTILINE))
    assert list(rows) == [one.variable for one in DECISIONS]
    for one in DECISIONS:
        assert rows[one.variable] == (f"`{one.default}`" if one.default else "azd asks")
        assert f"${{{one.variable}{'=' + one.default if one.default else ''}}}" in PARAMETERS


def test_the_table_of_skus_is_the_data() -> None:
    found = json.loads((ROOT / "infra" / "models.json").read_text(encoding="utf-8"))
    [row] = re.findall(r"^\| `Standard` \| [^|]+ \| (.+) \|$", DEPLOY, re.MULTILINE)
    assert set(re.findall(r"`([\w.-]+)`", row)) == {
        name for name, skus in found["models"].items() if "Standard" in skus
    }
    assert all({"GlobalStandard", "DataZoneStandard"} <= set(skus) for skus in found["models"].values())
    assert {name for name in found["models"] if families.family(name) is None} == set()
    assert dt.date.fromisoformat(found["checked"]) >= dt.date(2026, 11, 28)
    assert found["sources"].keys() == {sku for skus in found["models"].values() for sku in skus}


def test_the_samples_take_a_deployment_that_their_model_has() -> None:
    found = json.loads((ROOT / "infra" / "models.json").read_text(encoding="utf-8"))["models"]
    for path in (ROOT / "infra" / "params").glob("*.bicepparam"):
        text = path.read_text(encoding="utf-8")
        default = re.findall(r"^param modelName string = '(.+)'", BICEP, re.MULTILINE)
        [model] = re.findall(r"^param modelName = '(.+)'", text, re.MULTILINE) or default
        for sku in re.findall(r"^param modelSkuName = '(.+)'", text, re.MULTILINE):
            assert sku in found[model], path.name


def test_parameters_of_the_deployment_by_hand_exist() -> None:
    [command] = [block for block in _blocks(DEPLOY) if "az deployment sub create" in block]
    given = set(re.findall(r"(?:^|\s)(\w+)=", command))
    required = set(re.findall(r"^param (\w+) [^=\n]+$", BICEP, re.MULTILINE))
    assert required <= given
    assert all(f"param {name} " in BICEP for name in given)
    assert all(f"param {name} " in BICEP for name in re.findall(r"`(existing\w+)`", DEPLOY))


def test_what_is_zipped_is_what_azd_would_deploy() -> None:
    ignored = pathspec.GitIgnoreSpec.from_lines((ROOT / ".funcignore").read_text(encoding="utf-8").splitlines())
    git = [str(shutil.which("git")), "ls-files", "-z"]
    tracked = subprocess.run(git, cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\0")[:-1]
    deployed = {name.partition("/")[0] for name in tracked if not ignored.match_file(name)}
    zips = re.findall(r"zip -qr app.zip (.+?) -x", DEPLOY)
    assert [set(names.split()) for names in zips] == [deployed]
    assert set(prebuilt.DEPLOYED) == deployed


@pytest.mark.skipif(shutil.which("jq") is None, reason="the command in the document needs jq")
def test_outputs_become_the_hooks_environment_whatever_their_case(tmp_path: Path) -> None:
    [export] = [block for block in _blocks(DEPLOY) if block.startswith("eval ")]
    azure = Scripted(tmp_path)
    values = {name[:5].lower() + name[5:]: {"value": value} for name, value in OUTPUTS.items()}
    azure.on("deployment", "sub", "show", says=values | {"deploYED_NETWORK_ISOLATION": {"value": False}})
    azure.environ["PATH"] += f":{os.environ['PATH']}"
    script = f"{export}\njq -n env"
    done = subprocess.run(
        ["/bin/sh", "-c", script], env=bare(azure.environ), capture_output=True, text=True, check=True
    )
    assert Installation.read(json.loads(done.stdout)).network_isolation == "false"


def test_links_and_anchors_lead_somewhere() -> None:
    for target in re.findall(r"\]\((?!https?:)([^)]+)\)", DEPLOY):
        path, _, anchor = target.partition("#")
        text = (ROOT / "docs" / path).read_text(encoding="utf-8") if path.endswith(".md") else DEPLOY
        assert not path or (ROOT / "docs" / path).exists(), target
        titles = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
        anchors = {re.sub(r"[^\w -]", "", title).replace(" ", "-").lower() for title in titles}
        assert not anchor or anchor in anchors, target
