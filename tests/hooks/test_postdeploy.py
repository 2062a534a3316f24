"""After the deployment: the subscription comes when the code is there, and a picture proves the wiring."""

import json
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from describer.specimen import FAILED, FOLDER, FUNCTION, PATIENCE, PROVED
from infra.hooks import outside, postdeploy
from infra.hooks.commands import Azure, Clock, Stop
from infra.hooks.installation import FUNCTIONS, Installation
from tests.hooks.scripted import Scripted, Waiting, bare, hook

ROOT = Path(__file__).parents[2]
KEY = "s3cr3t-key-of-the-webhook"
OUTPUTS = {
    "AZURE_RESOURCE_GROUP": "rg-dev",
    "AZURE_FUNCTION_APP_NAME": "func-x",
    "HOST_ACCOUNT_NAME": "sthostx",
    "IMAGES_ACCOUNT_NAME": "stimgx",
    "IMAGES_CONTAINER": "images",
    "DESCRIPTIONS_CONTAINER": "descriptions",
    "UPLOAD_ROUTE": "blobTrigger",
    "SYSTEM_TOPIC_NAME": "egst-x",
    "SYSTEM_TOPIC_RESOURCE_GROUP": "rg-photos",
    "EVENT_SUBSCRIPTION_NAME": "uploads-to-func-x",
    "DEAD_LETTER_CONTAINER": "eventgrid-deadletter",
    "WORK_QUEUE": "image-work",
    "NETWORK_ISOLATION": "false",
}
RECORD = {
    "status": "described",
    "reason": "",
    "alt_text": "A sun over a meadow.",
    "source": {"sha256": "ab" * 32},
    "fingerprint": "f" * 16,
}
FOUND = [{"name": f"func-x/{name}"} for name in [*FUNCTIONS.values(), FUNCTION, "publish"]]


@pytest.fixture
def azure(azure: Scripted) -> Scripted:
    azure.environ |= OUTPUTS
    return azure


def _rest_of_a_good_deployment(azure: Scripted, record: dict[str, Any] | None = None) -> None:
    """Whatever was not scripted before goes well."""
    azure.on("functionapp", "function", "list", says=FOUND)
    azure.on("functionapp", "keys", "list", says=True)
    azure.on("rest", "get", says={"state": "Running"})
    azure.on("deployment", "group", "create", says="Succeeded")
    azure.on("storage", "blob", "upload", says={})
    azure.on("storage", "blob", "download", says={}, file=json.dumps(record or RECORD))
    azure.on("storage", "blob", "delete")
    azure.on("appsettings", "list", says=[])


def _run(azure: Scripted, clock: Waiting) -> None:
    postdeploy.deploy(Azure(azure.environ), Clock(clock.sleep, clock.now))


def _stopped(azure: Scripted, clock: Waiting) -> str:
    with pytest.raises(Stop) as caught:
        _run(azure, clock)
    return str(caught.value)


def _names(calls: list[list[str]]) -> list[str]:
    return [call[call.index("--name") + 1] for call in calls]


def _removed(azure: Scripted) -> list[str]:
    return _names(azure.calls("storage", "blob", "delete"))


def test_run_by_any_python_without_packages_it_subscribes_proves_and_clears_up(azure: Scripted) -> None:
    _rest_of_a_good_deployment(azure)
    done = subprocess.run(
        hook("postdeploy"), env=bare(azure.environ), capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 0, done.stderr
    assert "The wiring is proved: described after 0 s: A sun over a meadow." in done.stdout
    assert len(azure.calls("deployment", "group", "create", "--resource-group", "rg-photos")) == 1
    [name] = _names(azure.calls("storage", "blob", "upload"))
    assert name.startswith(FOLDER)
    shared = f"_content/images/{'ab' * 32}-{'f' * 16}.json"
    assert _removed(azure) == [name, f"images/{name}.json", shared]
    [picture] = azure.files("storage", "blob", "upload")
    assert picture.startswith(b"\x89PNG")


def test_everything_is_done_in_the_subscription_of_azd_by_role_and_never_by_key(
    azure: Scripted, clock: Waiting
) -> None:
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    assert azure.calls("az") == azure.calls("az", "--subscription", "5ub")
    assert azure.calls("storage", "blob") == azure.calls("storage", "blob", "--auth-mode", "login")
    [asked] = azure.calls("keys", "list")
    assert asked[asked.index("--query") + 1] == "contains(keys(systemKeys), 'blobs_extension')"


def test_two_proofs_are_two_pictures(azure: Scripted, clock: Waiting) -> None:
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    _run(azure, clock)
    assert len(set(azure.files("storage", "blob", "upload"))) == 2


def test_a_function_and_a_key_that_come_late_are_waited_for(azure: Scripted, clock: Waiting) -> None:
    azure.on("functionapp", "function", "list", fails="the host is starting", times=1)
    azure.on("functionapp", "function", "list", says=[], times=1)
    azure.on("functionapp", "keys", "list", says=False, times=2)
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    assert clock.waits == [10] * 4


def test_code_that_never_comes_stops_it(azure: Scripted, clock: Waiting) -> None:
    azure.on("functionapp", "function", "list", says=[])
    clock.speed = 20
    assert "did not appear in 600 s" in _stopped(azure, clock)
    assert azure.calls("deployment") == azure.calls("storage") == []


@pytest.mark.parametrize("route", ["queue", "eventGridTrigger"])
def test_other_routes_need_no_key(azure: Scripted, clock: Waiting, route: str) -> None:
    azure.environ["UPLOAD_ROUTE"] = route
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    assert azure.calls("keys") == []
    assert f"uploadRoute={route}" in azure.calls("deployment", "group", "create")[0]


def test_an_app_that_does_not_say_that_it_runs_is_no_reason_to_stop(
    azure: Scripted, clock: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.on("rest", "get", fails="404")
    clock.speed = 10
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    assert "going on" in capsys.readouterr().out


def test_a_subscription_that_fails_four_times_is_tried_a_fifth_time(azure: Scripted, clock: Waiting) -> None:
    azure.on("deployment", "group", "create", fails="Webhook validation handshake failed", times=4)
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    assert clock.waits == [15, 30, 60, 120]
    assert len(azure.calls("deployment", "group", "create")) == 5


def test_after_five_failures_the_command_is_printed_as_it_can_be_run(azure: Scripted, clock: Waiting) -> None:
    azure.environ["IMAGES_MORE_CONTAINERS"] = "scans, post"
    said_by_az = f"handshake with https://x/runtime/webhooks/blobs?functionName=f&code={KEY} failed"
    azure.on("deployment", "group", "create", fails=said_by_az, times=5)
    _rest_of_a_good_deployment(azure)
    said = _stopped(azure, clock)
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
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    [call] = azure.calls("deployment", "group", "create")
    given = {word.partition("=")[0] for word in call[call.index("--parameters") + 1 :] if "=" in word}
    template = Path(call[call.index("--template-file") + 1])
    wanted = {
        line.split()[1] for line in template.read_text(encoding="utf-8").splitlines() if line.startswith("param ")
    }
    assert given == wanted


def test_a_role_that_spreads_slowly_is_waited_for(azure: Scripted, clock: Waiting) -> None:
    azure.on("storage", "blob", "upload", fails="You do not have the required permissions", times=10)
    azure.on("storage", "blob", "download", fails="BlobNotFound", times=3)
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    assert clock.time == 130
    assert len(_removed(azure)) == 3


def test_a_role_that_never_comes_stops_it_and_what_may_be_there_is_removed(azure: Scripted, clock: Waiting) -> None:
    azure.on("storage", "blob", "upload", fails="You do not have the required permissions")
    clock.speed = 20
    _rest_of_a_good_deployment(azure)
    assert "Storage Blob Data Contributor" in _stopped(azure, clock)
    assert clock.time == outside.PATIENCE
    assert len(_removed(azure)) == 2


def test_a_sidecar_that_never_comes_stops_it_says_what_to_look_at_and_clears_up(
    azure: Scripted, clock: Waiting
) -> None:
    azure.on("storage", "blob", "download", fails="ErrorCode:BlobNotFound")
    clock.speed = 20
    azure.on("appsettings", "list", says=[{"name": "IMAGES_INCLUDE", "value": "*.jpg"}])
    _rest_of_a_good_deployment(azure)
    said = _stopped(azure, clock)
    assert "No sidecar came in 600 s" in said
    assert f"IMAGES_INCLUDE=*.jpg: that may leave out {FOLDER}" in said
    assert shlex.split(said.rpartition("\n")[2])[:4] == ["az", "eventgrid", "system-topic", "event-subscription"]
    [name] = _names(azure.calls("storage", "blob", "upload"))
    assert _removed(azure) == [name, f"images/{name}.json"]


def test_a_record_without_a_description_stops_it_and_is_removed(azure: Scripted, clock: Waiting) -> None:
    _rest_of_a_good_deployment(azure, RECORD | {"status": "failed", "reason": "Tried 5 times.", "alt_text": ""})
    assert "Its record is failed: Tried 5 times." in _stopped(azure, clock)
    assert len(_removed(azure)) == 3


def test_what_cannot_be_removed_is_named_with_the_command(
    azure: Scripted, clock: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.on("storage", "blob", "delete", fails="BlobNotFound", times=1)
    azure.on("storage", "blob", "delete", fails="It is immutable.", times=1)
    _rest_of_a_good_deployment(azure)
    _run(azure, clock)
    said = capsys.readouterr().out
    assert said.count("is left behind") == 1
    assert "az storage blob delete --account-name stimgx --container-name descriptions" in said


def _isolated(azure: Scripted, *answers: dict[str, str]) -> None:
    azure.environ["NETWORK_ISOLATION"] = "true"
    azure.on("rest", "post", fails="503 Service Unavailable", times=1)
    azure.on("rest", "post")
    azure.on("log-analytics", "workspace", "list", says=[{"customerId": "w0rk"}])
    azure.on("log-analytics", "query", says=[], times=3)
    azure.on("log-analytics", "query", says=list(answers))
    _rest_of_a_good_deployment(azure)


def test_isolated_the_app_proves_it_and_the_log_tells(
    azure: Scripted, clock: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    _isolated(azure, {"Message": PROVED, "status": "described", "seconds": "12.3", "reason": ""})
    _run(azure, clock)
    assert "described after 12 s, by the app itself" in capsys.readouterr().out
    refused, started = azure.calls("rest", "post")
    assert refused == started
    site = "/subscriptions/5ub/resourceGroups/rg-dev/providers/Microsoft.Web/sites/func-x"
    assert started[started.index("--uri") + 1].startswith(f"{site}/hostruntime/admin/functions/{FUNCTION}?")
    token = json.loads(started[started.index("--body") + 1])["input"]
    queries = azure.calls("log-analytics", "query", "--workspace", "w0rk")
    assert all(f"'{token}'" in query[query.index("--analytics-query") + 1] for query in queries)
    assert azure.calls("storage") == []


def test_isolated_a_failed_proof_stops_it_with_the_apps_reason(azure: Scripted, clock: Waiting) -> None:
    _isolated(azure, {"Message": FAILED, "status": "none", "seconds": "300", "reason": "no sidecar appeared"})
    assert "no sidecar appeared" in _stopped(azure, clock)


def test_isolated_without_an_answer_it_says_how_to_ask_by_hand(azure: Scripted, clock: Waiting) -> None:
    _isolated(azure)
    clock.speed = 10
    said = _stopped(azure, clock)
    assert "Code + Test" in said
    assert clock.time > PATIENCE
    assert shlex.split(said.rpartition("\n")[2])[:4] == ["az", "rest", "--method", "post"]


def test_missing_outputs_are_all_named(azure: Scripted, clock: Waiting) -> None:
    del azure.environ["WORK_QUEUE"], azure.environ["SYSTEM_TOPIC_NAME"]
    assert "SYSTEM_TOPIC_NAME, WORK_QUEUE" in _stopped(azure, clock)


def test_what_the_hook_reads_bicep_puts_out() -> None:
    template = (ROOT / "infra" / "main.bicep").read_text(encoding="utf-8")
    outputs = {line.split()[1] for line in template.splitlines() if line.startswith("output ")}
    assert {name.upper() for name in Installation.__dataclass_fields__} <= outputs
    assert {name.upper() for name in Installation.__dataclass_fields__} == set(OUTPUTS)


def test_the_functions_that_are_waited_for_exist() -> None:
    indexed = json.loads((ROOT / "tests" / "worker" / "bindings.json").read_text(encoding="utf-8"))
    assert {*FUNCTIONS.values(), FUNCTION} <= indexed.keys()
