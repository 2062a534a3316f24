"""The smoke test, from outside by the deployer and inside by the app; all that came of it is removed."""

import json
import shlex

import pytest

from describer.operations.smoke_image import FAILED, FOLDER, FUNCTION, PASSED, TIMEOUT_SECONDS
from describer.settings import Settings
from infra.hooks import inside, outside
from tests.hooks.deployment import RECORD, goes_well, names, removed, run, stopped
from tests.hooks.scripted import Scripted, Waiting


def test_everything_is_done_in_the_subscription_of_azd_by_role_and_never_by_key(
    azure: Scripted, clock: Waiting
) -> None:
    goes_well(azure)
    run(azure, clock)
    assert azure.calls("az") == azure.calls("az", "--subscription", "5ub")
    assert azure.calls("storage", "blob") == azure.calls("storage", "blob", "--auth-mode", "login")
    [asked] = azure.calls("keys", "list")
    assert asked[asked.index("--query") + 1] == "contains(keys(systemKeys), 'blobs_extension')"


def test_two_smoke_tests_are_two_pictures(azure: Scripted, clock: Waiting) -> None:
    goes_well(azure)
    run(azure, clock)
    run(azure, clock)
    assert len(set(azure.files("storage", "blob", "upload"))) == 2


def test_a_role_that_spreads_slowly_is_waited_for(azure: Scripted, clock: Waiting) -> None:
    azure.on("storage", "blob", "upload", fails="You do not have the required permissions", times=10)
    azure.on("storage", "blob", "download", fails="BlobNotFound", times=3)
    goes_well(azure)
    run(azure, clock)
    assert clock.time == 130
    assert len(removed(azure)) == 3


def test_a_role_that_never_comes_stops_it_and_what_may_be_there_isremoved(azure: Scripted, clock: Waiting) -> None:
    azure.on("storage", "blob", "upload", fails="You do not have the required permissions")
    clock.speed = 20
    goes_well(azure)
    assert "Storage Blob Data Contributor" in stopped(azure, clock)
    assert clock.time == outside.TIMEOUT_SECONDS
    assert len(removed(azure)) == 2


def test_a_sidecar_that_never_comes_stops_it_says_what_to_look_at_and_clears_up(
    azure: Scripted, clock: Waiting
) -> None:
    azure.on("storage", "blob", "download", fails="ErrorCode:BlobNotFound")
    clock.speed = 20
    azure.on("appsettings", "list", says=[{"name": "IMAGES_INCLUDE", "value": "*.jpg"}])
    goes_well(azure)
    said = stopped(azure, clock)
    assert "No sidecar came in 960 s and after 8 uploads" in said
    assert "`azd hooks run postdeploy` runs the smoke test again" in said
    assert f"IMAGES_INCLUDE=*.jpg: that may exclude {FOLDER}" in said
    assert shlex.split(said.rpartition("\n")[2])[:4] == ["az", "eventgrid", "system-topic", "event-subscription"]
    [name] = set(names(azure.calls("storage", "blob", "upload")))
    assert removed(azure) == [name, f"images/{name}.json"]


def test_a_role_that_is_late_in_the_app_is_overtaken_by_a_new_upload(azure: Scripted, clock: Waiting) -> None:
    """The app deferred the first one, the fifth time for more than five minutes, which the hook does not wait for."""
    azure.on("storage", "blob", "download", fails="ErrorCode:BlobNotFound", times=55)
    goes_well(azure)
    run(azure, clock)
    uploads = names(azure.calls("storage", "blob", "upload"))
    assert len(uploads) == 5
    assert len(set(uploads)) == 1
    assert 500 < clock.time < 600
    assert len(removed(azure)) == 3


def test_the_last_upload_comes_after_any_role_and_leaves_the_model_its_time() -> None:
    last = outside.AGAIN * (outside.TRIES - 1)
    assert last >= outside.TIMEOUT_SECONDS
    assert Settings.model_fields["model_deadline_seconds"].default <= outside.AGAIN


def test_a_record_without_a_description_stops_it_and_isremoved(azure: Scripted, clock: Waiting) -> None:
    goes_well(azure, RECORD | {"status": "failed", "reason": "Tried 5 times.", "alt_text": ""})
    assert "Its record is failed: Tried 5 times." in stopped(azure, clock)
    assert len(removed(azure)) == 3


def test_what_cannot_be_removed_is_named_with_the_command(
    azure: Scripted, clock: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.on("storage", "blob", "delete", fails="BlobNotFound", times=1)
    azure.on("storage", "blob", "delete", fails="It is immutable.", times=1)
    goes_well(azure)
    run(azure, clock)
    said = capsys.readouterr().out
    assert said.count("is left behind") == 1
    assert "az storage blob delete --account-name stimgx --container-name descriptions" in said


def _isolated(azure: Scripted, *answers: dict[str, str]) -> None:
    azure.environ["DEPLOYED_NETWORK_ISOLATION"] = "true"
    azure.on("rest", "post", fails="503 Service Unavailable", times=1)
    azure.on("rest", "post")
    _logged(azure, *answers)


def _logged(azure: Scripted, *answers: dict[str, str]) -> None:
    azure.on("log-analytics", "workspace", "list", says=[{"customerId": "w0rk"}])
    azure.on("log-analytics", "query", says=[], times=3)
    for answer in answers:
        azure.on("log-analytics", "query", says=[answer], times=1)
    azure.on("log-analytics", "query", says=[])
    goes_well(azure)


def test_isolated_the_app_runs_it_and_the_log_has_the_result(
    azure: Scripted, clock: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    _isolated(azure, {"Message": PASSED, "status": "described", "seconds": "12.3", "reason": ""})
    run(azure, clock)
    assert "described after 12 s, by the app itself" in capsys.readouterr().out
    refused, started = azure.calls("rest", "post")
    assert refused == started
    site = "/subscriptions/5ub/resourceGroups/rg-dev/providers/Microsoft.Web/sites/func-x"
    assert started[started.index("--uri") + 1].startswith(f"{site}/hostruntime/admin/functions/{FUNCTION}?")
    token = json.loads(started[started.index("--body") + 1])["input"]
    queries = azure.calls("log-analytics", "query", "--workspace", "w0rk")
    assert all(f"'{token}'" in query[query.index("--analytics-query") + 1] for query in queries)
    assert azure.calls("storage") == []


def test_isolated_a_failed_smoke_test_stops_it_with_the_apps_reason(azure: Scripted, clock: Waiting) -> None:
    _isolated(azure, {"Message": FAILED, "status": "failed", "seconds": "30", "reason": "Tried 5 times."})
    assert "Tried 5 times. (record: failed)" in stopped(azure, clock)
    assert len(azure.calls("rest", "post")) == 2


def test_isolated_a_late_role_is_overtaken_by_the_next_smoke_test(azure: Scripted, clock: Waiting) -> None:
    late = {"Message": FAILED, "status": "none", "seconds": "300", "reason": "no sidecar appeared"}
    _isolated(azure, late, {"Message": PASSED, "status": "described", "seconds": "9", "reason": ""})
    run(azure, clock)
    tokens = [json.loads(call[call.index("--body") + 1])["input"] for call in azure.calls("rest", "post")]
    assert len(set(tokens)) == 2


def test_isolated_smoke_tests_that_all_fail_stop_it_with_the_apps_reason(azure: Scripted, clock: Waiting) -> None:
    late = {"Message": FAILED, "status": "none", "seconds": "300", "reason": "no sidecar appeared"}
    _isolated(azure, *[late] * inside.TRIES)
    assert "no sidecar appeared" in stopped(azure, clock)
    assert len(azure.calls("rest", "post")) == 1 + inside.TRIES


def test_isolated_where_resource_manager_does_not_reach_the_app_the_deployer_within_runs_it(
    azure: Scripted, clock: Waiting, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.environ["DEPLOYED_NETWORK_ISOLATION"] = "true"
    azure.on("rest", "post", fails="403 Ip Forbidden")
    clock.speed = 10
    goes_well(azure)
    run(azure, clock)
    said = capsys.readouterr().out
    assert "Uploading from here" in said
    assert "A sun over a meadow." in said


def test_isolated_without_an_answer_it_says_how_to_ask_by_hand(azure: Scripted, clock: Waiting) -> None:
    _isolated(azure)
    clock.speed = 10
    said = stopped(azure, clock)
    assert "Code + Test" in said
    assert clock.time > TIMEOUT_SECONDS
    assert shlex.split(said.rpartition("\n")[2])[:4] == ["az", "rest", "--method", "post"]
