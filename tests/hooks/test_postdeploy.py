"""After the deployment: the subscription comes when the code is there, and then the smoke test runs."""

import json
import subprocess
from pathlib import Path

import pytest

from describer.operations.smoke_image import FOLDER, FUNCTION
from infra.hooks.installation import FUNCTIONS, Installation
from tests.hooks.deployment import OUTPUTS, goes_well, names, removed, run, stopped
from tests.hooks.scripted import Scripted, Waiting, bare, hook

ROOT = Path(__file__).parents[2]
KEY = "s3cr3t-key-of-the-webhook"


def test_run_by_any_python_without_packages_it_subscribes_tests_and_clears_up(azure: Scripted) -> None:
    goes_well(azure)
    done = subprocess.run(
        hook("postdeploy"), env=bare(azure.environ), capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    assert "The smoke test passed: described after 0 s: A sun over a meadow." in done.stdout
    assert len(azure.calls("deployment", "group", "create", "--resource-group", "rg-photos")) == 1
    [name] = names(azure.calls("storage", "blob", "upload"))
    assert name.startswith(FOLDER)
    shared = f"_content/images/{'ab' * 32}-{'f' * 16}.json"
    assert removed(azure) == [name, f"images/{name}.json", shared]
    [picture] = azure.files("storage", "blob", "upload")
    assert picture.startswith(b"\x89PNG")


def test_a_function_and_a_key_that_come_late_are_waited_for(azure: Scripted, clock: Waiting) -> None:
    azure.on("functionapp", "function", "list", fails="the host is starting", times=1)
    azure.on("functionapp", "function", "list", says=[], times=1)
    azure.on("functionapp", "keys", "list", says=False, times=2)
    goes_well(azure)
    run(azure, clock)
    assert clock.waits == [10] * 4


def test_code_that_never_comes_stops_it(azure: Scripted, clock: Waiting) -> None:
    azure.on("functionapp", "function", "list", says=[])
    clock.speed = 20
    assert "did not appear in 600 s" in stopped(azure, clock)
    assert azure.calls("deployment") == azure.calls("storage") == []


@pytest.mark.parametrize("route", ["queue", "eventGridTrigger"])
def test_other_routes_need_no_key(azure: Scripted, clock: Waiting, route: str) -> None:
    azure.environ["DEPLOYED_UPLOAD_ROUTE"] = route
    goes_well(azure)
    run(azure, clock)
    assert azure.calls("keys") == []
    assert f"uploadRoute={route}" in azure.calls("deployment", "group", "create")[0]


def test_an_app_that_does_not_say_that_it_runs_is_no_reason_to_stop(
    azure: Scripted, clock: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.on("rest", "get", fails="404")
    clock.speed = 10
    goes_well(azure)
    run(azure, clock)
    assert "going on" in capsys.readouterr().out


def test_a_subscription_that_fails_four_times_is_tried_a_fifth_time(azure: Scripted, clock: Waiting) -> None:
    azure.on("deployment", "group", "create", fails="Webhook validation handshake failed", times=4)
    goes_well(azure)
    run(azure, clock)
    assert clock.waits == [15, 30, 60, 120]
    assert len(azure.calls("deployment", "group", "create")) == 5


def test_after_five_failures_the_command_is_printed_as_it_can_berun(azure: Scripted, clock: Waiting) -> None:
    azure.environ["DEPLOYED_IMAGES_MORE_CONTAINERS"] = "scans, post"
    said_by_az = f"handshake with https://x/runtime/webhooks/blobs?functionName=f&code={KEY} failed"
    azure.on("deployment", "group", "create", fails=said_by_az, times=5)
    goes_well(azure)
    said = stopped(azure, clock)
    assert "handshake with" in said
    assert KEY not in said
    assert azure.calls("storage") == []
    command = said.rpartition("\n")[2].strip()
    tried = azure.calls("deployment", "group", "create")
    subprocess.run(command, shell=True, env=bare(azure.environ), check=True, cwd="/")  # noqa: S602 - as a user pastes it
    by_hand = azure.calls("deployment", "group", "create")[-1]
    assert len(tried) == 5
    assert by_hand[:-2] == tried[0][: len(by_hand) - 2]
    assert by_hand[-2:] == ["--subscription", "5ub"]
    assert 'containerNames=["images","scans","post"]' in by_hand


def test_the_parameters_are_those_of_the_template(azure: Scripted, clock: Waiting) -> None:
    goes_well(azure)
    run(azure, clock)
    [call] = azure.calls("deployment", "group", "create")
    given = {word.partition("=")[0] for word in call[call.index("--parameters") + 1 :] if "=" in word}
    template = Path(call[call.index("--template-file") + 1])
    wanted = {
        line.split()[1] for line in template.read_text(encoding="utf-8").splitlines() if line.startswith("param ")
    }
    assert given == wanted


def test_missing_outputs_are_all_named(azure: Scripted, clock: Waiting) -> None:
    del azure.environ["WORK_QUEUE"], azure.environ["SYSTEM_TOPIC_NAME"]
    assert "SYSTEM_TOPIC_NAME, WORK_QUEUE" in stopped(azure, clock)


def test_what_the_hook_reads_bicep_puts_out() -> None:
    template = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
    outputs = {line.split()[1] for line in template.splitlines() if line.startswith("output ")}
    assert set(Installation.outputs().values()) <= outputs
    assert set(Installation.outputs().values()) == set(OUTPUTS)


def test_the_functions_that_are_waited_for_exist() -> None:
    indexed = json.loads((ROOT / "tests" / "worker" / "bindings.json").read_text(encoding="utf-8"))
    assert {*FUNCTIONS.values(), FUNCTION} <= indexed.keys()
