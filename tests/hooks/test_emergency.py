"""The emergency stop, made and ended."""

import json
import sys
from pathlib import Path

import pytest

from infra import emergency
from infra.hooks.commands import Azure, Stop
from infra.hooks.kept import STOPPED
from tests.hooks.scripted import Scripted

ROOT = Path(__file__).parents[2]


@pytest.fixture
def app(azure: Scripted) -> Scripted:
    azure.environ["OPENAI_DEPLOYMENT"] = "gpt-5.6-luna"
    azure.on("appsettings", "set", says=[])
    azure.on("azd", "env", "set")
    return azure


def _settings(azure: Scripted) -> list[list[str]]:
    """What each command set."""
    return [
        call[call.index("--settings") + 1 : call.index("--subscription")] for call in azure.calls("appsettings", "set")
    ]


def test_it_changes_one_setting_at_once_and_for_the_next_deployment(
    app: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    emergency.stop(Azure(app.environ))
    assert _settings(app) == [[f"AZURE_OPENAI_DEPLOYMENT={STOPPED}"]]
    assert app.calls("azd") == [["azd", "env", "set", "EMERGENCY_STOP", "true"]]
    assert "uploads wait on image-work" in capsys.readouterr().out


def test_further_deployments_that_callers_may_choose_are_closed_and_opened_too(app: Scripted) -> None:
    app.environ["APP_SETTINGS"] = json.dumps({"MODELS_ALLOWED": "gpt-5.6-sol"})
    emergency.stop(Azure(app.environ))
    emergency.resume(Azure(app.environ))
    assert _settings(app) == [
        [f"AZURE_OPENAI_DEPLOYMENT={STOPPED}", "MODELS_ALLOWED="],
        ["AZURE_OPENAI_DEPLOYMENT=gpt-5.6-luna", "MODELS_ALLOWED=gpt-5.6-sol"],
    ]
    assert app.calls("azd")[-1][-2:] == ["EMERGENCY_STOP", "false"]


def test_batches_are_begun_no_more_and_then_again(app: Scripted) -> None:
    app.environ["OPENAI_BATCH_DEPLOYMENT"] = "gpt-5.6-luna-batch"
    emergency.stop(Azure(app.environ))
    emergency.resume(Azure(app.environ))
    assert _settings(app) == [
        [f"AZURE_OPENAI_DEPLOYMENT={STOPPED}", "BATCH_DEPLOYMENT="],
        ["AZURE_OPENAI_DEPLOYMENT=gpt-5.6-luna", "BATCH_DEPLOYMENT=gpt-5.6-luna-batch"],
    ]


def test_no_function_is_disabled_and_no_app_stopped(app: Scripted) -> None:
    """A disabled trigger goes on taking its events, and what it took is gone after a week."""
    emergency.stop(Azure(app.environ))
    assert [call for call in app.calls("az") if "Disabled" in str(call) or "stop" in call] == []


def test_without_azd_it_prints_the_settings_for_the_next_deployment(
    app: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    (app.folder / "azd").unlink()
    emergency.stop(Azure(app.environ))
    assert "emergencyStop=true" in capsys.readouterr().out


def test_without_the_name_of_the_deployment_it_does_not_resume(app: Scripted) -> None:
    del app.environ["OPENAI_DEPLOYMENT"]
    with pytest.raises(Stop, match="OPENAI_DEPLOYMENT"):
        emergency.resume(Azure(app.environ))
    assert _settings(app) == []


def test_it_is_called_as_the_documents_say(app: Scripted, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in app.environ.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "argv", ["emergency.py", "stop"])
    emergency.main()
    assert len(_settings(app)) == 1
    for document in ("docs/operations.md", "docs/deploy.md"):
        assert "python3 infra/emergency.py stop" in (ROOT / document).read_text(encoding="utf-8"), document


def test_infra_and_the_script_name_the_same_deployment_that_there_is_not() -> None:
    module = (ROOT / "infra" / "modules" / "function-app.bicep").read_text(encoding="utf-8")
    assert f"var stoppedDeployment = '{STOPPED}'" in module
