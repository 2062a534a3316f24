"""The way out of a remote build with another Python: one command, which azd's own environment is enough for."""

import json
import sys
import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from infra import prebuilt
from infra.hooks import environment
from infra.hooks.commands import Azure, Clock, Failed, Stop
from infra.hooks.predeploy import SENTENCE
from tests.hooks.deployment import OUTPUTS, goes_well
from tests.hooks.scripted import Scripted, Waiting

ROOT = Path(__file__).parents[2]
PIP = """
import json, pathlib, sys
target = pathlib.Path(sys.argv[sys.argv.index("--target") + 1])
(target / "openai" / "__pycache__").mkdir(parents=True)
(target / "openai" / "__init__.py").write_text("")
(target / "openai" / "__pycache__" / "x.pyc").write_text("")
(pathlib.Path(sys.argv[0]).parent / "asked").write_text(json.dumps(sys.argv[1:]))
sys.exit(FAILS)
"""


def _pip(folder: Path, *, fails: int = 0) -> tuple[str, ...]:
    program = folder / "pip.py"
    program.write_text(PIP.replace("FAILS", str(fails)), encoding="utf-8")
    return (sys.executable, str(program))


def _deploy(azure: Scripted, clock: Waiting, *, fails: int = 0) -> None:
    goes_well(azure)
    prebuilt.deploy(Azure(azure.environ), Clock(clock.sleep, clock.now), _pip(azure.folder, fails=fails))


def test_the_code_goes_up_with_its_packages_and_the_smoke_test_passes(
    azure: Scripted, clock: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.on("config-zip", says={})
    _deploy(azure, clock)
    [call] = azure.calls("functionapp", "deployment", "source", "config-zip")
    assert call[call.index("--build-remote") + 1] == "false"
    [package] = azure.files("config-zip")
    names = zipfile.ZipFile(BytesIO(package)).namelist()
    assert {name.partition("/")[0] for name in names} == {*prebuilt.DEPLOYED, ".python_packages"}
    assert f"{prebuilt.PACKAGES}/openai/__init__.py" in names
    assert "describer/vision/models.toml" in names
    assert [name for name in names if "__pycache__" in name] == []
    assert "The smoke test passed" in capsys.readouterr().out


def test_pip_is_asked_for_azures_machines_and_not_for_this_one(azure: Scripted, clock: Waiting) -> None:
    azure.on("config-zip", says={})
    _deploy(azure, clock)
    asked = json.loads((azure.folder / "asked").read_text(encoding="utf-8"))
    runtime = (ROOT / "infra" / "modules" / "function-app.bicep").read_text(encoding="utf-8")
    version = asked[asked.index("--python-version") + 1]
    assert f"runtime: {{ name: 'python', version: '{version}' }}" in runtime
    assert asked[asked.index("--requirement") + 1] == str(ROOT / "requirements.txt")
    assert "--only-binary=:all:" in asked


def test_pip_that_fails_stops_it_before_anything_is_deployed(azure: Scripted, clock: Waiting) -> None:
    with pytest.raises(Stop, match="pip could not get the packages"):
        _deploy(azure, clock, fails=1)
    assert azure.calls("az") == []


def test_without_outputs_in_the_environment_azd_has_them(azure: Scripted) -> None:
    azure.on("azd", "env", "get-values", prints=json.dumps(OUTPUTS))
    for name in OUTPUTS:
        del azure.environ[name]
    assert environment.read(azure.environ).items() >= OUTPUTS.items()


def test_outputs_in_the_environment_need_no_azd(azure: Scripted) -> None:
    (azure.folder / "azd").unlink()
    assert environment.read(azure.environ) == azure.environ


def test_azd_without_an_environment_says_so(azure: Scripted) -> None:
    azure.on("azd", "env", "get-values", fails="no project exists")
    del azure.environ["AZURE_FUNCTION_APP_NAME"]
    with pytest.raises(Failed, match="no project exists"):
        environment.read(azure.environ)


def test_the_hook_before_a_deployment_and_the_document_name_the_error_and_the_command() -> None:
    document = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8").replace("\n", " ")
    for text in (SENTENCE, document):
        assert "No matching distribution found" in text
        assert "python3 infra/prebuilt.py" in text
