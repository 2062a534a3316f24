"""How the hooks call and speak; and what azd finds beside them."""

import re
import shlex
from pathlib import Path

import pytest
import yaml

from infra.hooks.commands import Azure, Clock, Failed, Stop, printed
from tests.hooks.scripted import Scripted, Waiting

ROOT = Path(__file__).parents[2]


def test_a_command_is_printed_so_that_a_shell_reads_it_as_it_was_meant() -> None:
    words = ["az", "x", "--parameters", 'names=["a b","c"]', "it's", "$HOME"]
    assert shlex.split(printed(*words)) == words


def test_what_could_be_a_key_is_not_repeated(azure: Scripted) -> None:
    azure.on(
        "az", "x", fails="no answer from https://a/b?functionName=f&code=abc%2F123== and https://c/d?sig=e%3D&se=1"
    )
    with pytest.raises(Failed, match=re.escape("code=*** and https://c/d?sig=***&se=1")):
        Azure(azure.environ).az("x")


def test_a_command_without_an_answer_says_nothing(azure: Scripted) -> None:
    azure.on("az", "x")
    assert Azure(azure.environ).az("x") is None


def test_waiting_ends_with_what_was_said_last(azure: Scripted) -> None:
    clock = Waiting()

    def attempt() -> str | None:
        raise Failed(f"not at {clock.time:.0f}")

    with pytest.raises(Failed, match="not at 20"):
        Clock(clock.sleep, clock.now).until(attempt, seconds=20, pause=10)
    assert clock.waits == [10, 10]


def test_a_stop_is_a_sentence_and_a_command() -> None:
    assert str(Stop("Do it.", "az", "do", "it now")) == "Do it.\n  az do 'it now'"
    assert str(Stop("Nothing to do.")) == "Nothing to do."


def test_azd_runs_hooks_that_are_there_and_installs_nothing_for_them() -> None:
    """azd looks for the nearest requirements.txt or pyproject.toml, from the hook's folder upwards."""
    hooks = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))["hooks"]
    assert hooks.keys() == {"preprovision", "predeploy", "postdeploy", "predown"}
    for hook in hooks.values():
        beside = (ROOT / hook["run"]).parent / "requirements.txt"
        assert (ROOT / hook["run"]).is_file()
        assert [line for line in beside.read_text(encoding="utf-8").splitlines() if not line.startswith("#")] == []
        assert not beside.with_name("pyproject.toml").exists()
