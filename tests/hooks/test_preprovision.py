"""Before provisioning: what exists is found and stored; what Bicep cannot mend is named, with the command that does."""

import shlex
import subprocess
from typing import Any

import pytest

from infra.hooks import preprovision
from infra.hooks.commands import Azure, Failed, Stop
from tests.hooks.scripted import Scripted, bare, hook

ID = "/subscriptions/5ub/resourceGroups/rg-photos/providers/Microsoft.Storage/storageAccounts/stourphotos"
ACCOUNT = {
    "id": ID,
    "name": "stourphotos",
    "resourceGroup": "rg-photos",
    "location": "westeurope",
    "kind": "StorageV2",
    "isHnsEnabled": None,
}
TOPIC = {
    "name": "photo-events",
    "resourceGroup": "rg-events",
    "source": ID.replace("resourceGroups", "resourcegroups"),
    "identity": {"type": "SystemAssigned"},
    "tags": None,
}
OTHERS = {**TOPIC, "name": "others", "source": ID + "2"}
OPENAI = {"name": "our-openai", "resourceGroup": "rg-ai", "properties": {"customSubDomainName": "our-openai"}}


def _images(azure: Scripted, *, topics: list[dict[str, Any]], **changes: Any) -> None:
    azure.environ["EXISTING_IMAGES_ACCOUNT"] = "stourphotos"
    azure.on("storage", "account", "list", says=[{**ACCOUNT, "name": "another"}, ACCOUNT | changes])
    azure.on("container-rm", "show", says={"name": "images"})
    azure.on("eventgrid", "system-topic", "list", says=topics)
    azure.on("azd", "env", "set")


def _openai(azure: Scripted, *, deployments: list[str], subdomain: str = "our-openai") -> None:
    azure.environ |= {"EXISTING_OPENAI": "our-openai", "EXISTING_OPENAI_DEPLOYMENT": "vision"}
    account = {**OPENAI, "properties": {"customSubDomainName": subdomain or None}}
    azure.on("cognitiveservices", "account", "deployment", "list", says=[{"name": name} for name in deployments])
    azure.on("cognitiveservices", "account", "list", says=[account])
    azure.on("azd", "env", "set")


def _prepare(azure: Scripted, *, asks: bool = False) -> dict[str, str]:
    """What was stored."""
    azure.on("env", "config", "get", "infra.parameters.modelSkuName", prints='"DataZoneStandard"\n')
    preprovision.prepare(Azure(azure.environ), asks=asks)
    return {call[3]: call[4] for call in azure.calls("azd", "env", "set")}


def _stopped(azure: Scripted, sentence: str) -> list[str]:
    """The command that mends it; nothing was stored."""
    with pytest.raises(Stop, match=sentence) as caught:
        _prepare(azure)
    assert not azure.calls("azd", "env", "set")
    said, command = str(caught.value).split("\n")
    assert said.endswith((".", ":"))
    return shlex.split(command)


def test_where_nothing_exists_nothing_is_asked_said_or_stored(
    azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _prepare(azure) == {}
    assert azure.calls("az") == []
    assert capsys.readouterr().out == ""


def test_the_account_its_region_and_its_topic_are_found_and_stored(azure: Scripted) -> None:
    _images(azure, topics=[OTHERS, TOPIC])
    assert _prepare(azure) == {
        "EXISTING_IMAGES_RESOURCE_GROUP": "rg-photos",
        "EXISTING_IMAGES_LOCATION": "westeurope",
        "EXISTING_SYSTEM_TOPIC": "photo-events",
        "EXISTING_SYSTEM_TOPIC_RESOURCE_GROUP": "rg-events",
    }
    assert azure.calls("az") == azure.calls("az", "--subscription", "5ub")


def test_what_is_stored_already_is_not_stored_again(azure: Scripted) -> None:
    _images(azure, topics=[])
    azure.environ |= {"EXISTING_IMAGES_RESOURCE_GROUP": "RG-Photos", "EXISTING_IMAGES_LOCATION": "westeurope"}
    assert _prepare(azure) == {"EXISTING_IMAGES_RESOURCE_GROUP": "rg-photos"}


@pytest.mark.parametrize("topics", [[], [OTHERS], [{**TOPIC, "tags": {"azd-env-name": "dev"}}]])
def test_without_a_topic_of_others_bicep_makes_one(azure: Scripted, topics: list[dict[str, Any]]) -> None:
    _images(azure, topics=topics)
    azure.environ["EXISTING_SYSTEM_TOPIC"] = "gone-by-now"
    stored = _prepare(azure)
    assert stored["EXISTING_SYSTEM_TOPIC"] == ""
    assert "EXISTING_SYSTEM_TOPIC_RESOURCE_GROUP" not in stored


def test_what_was_found_for_an_account_that_is_not_named_any_more_is_forgotten(azure: Scripted) -> None:
    azure.environ["EXISTING_SYSTEM_TOPIC"] = "photo-events"
    azure.on("azd", "env", "set")
    assert _prepare(azure) == {"EXISTING_SYSTEM_TOPIC": ""}


@pytest.mark.parametrize("identity", [None, {"type": "None"}, {"type": "UserAssigned"}])
def test_a_topic_without_identity_stops_it(azure: Scripted, identity: dict[str, str] | None) -> None:
    _images(azure, topics=[{**TOPIC, "identity": identity}])
    command = _stopped(azure, "has no identity of its own")
    assert command == shlex.split(
        "az eventgrid system-topic update --name photo-events --resource-group rg-events --identity systemassigned"
        " --subscription 5ub"
    )


def test_an_account_that_is_nowhere_stops_it(azure: Scripted) -> None:
    _images(azure, topics=[], name="a-third")
    assert _stopped(azure, "no storage account stourphotos in this subscription")[:4] == [
        "az", "storage", "account", "list",
    ]  # fmt: skip


def test_an_account_in_another_group_than_said_stops_it(azure: Scripted) -> None:
    _images(azure, topics=[])
    azure.environ["EXISTING_IMAGES_RESOURCE_GROUP"] = "rg-else"
    _stopped(azure, "in the resource group rg-else")


@pytest.mark.parametrize(
    ("changes", "route", "mends"),
    [
        ({"kind": "Storage"}, "queue", "--upgrade-to-storagev2"),
        ({"kind": "BlobStorage"}, "blobTrigger", "azd env set UPLOAD_ROUTE queue"),
        ({"kind": "BlockBlobStorage"}, "eventGridTrigger", "azd env set UPLOAD_ROUTE queue"),
        ({"kind": "FileStorage"}, "queue", "azd env set EXISTING_IMAGES_ACCOUNT"),
        ({"isHnsEnabled": True}, "blobTrigger", "azd env set UPLOAD_ROUTE queue"),
    ],
)
def test_an_account_that_cannot_take_the_route_stops_it(
    azure: Scripted, changes: dict[str, Any], route: str, mends: str
) -> None:
    _images(azure, topics=[], **changes)
    azure.environ["UPLOAD_ROUTE"] = route
    assert mends in shlex.join(_stopped(azure, "stourphotos"))


@pytest.mark.parametrize("changes", [{"kind": "BlobStorage"}, {"kind": "BlockBlobStorage"}, {"isHnsEnabled": True}])
def test_on_the_queue_route_such_accounts_serve(azure: Scripted, changes: dict[str, Any]) -> None:
    _images(azure, topics=[], **changes)
    azure.environ["UPLOAD_ROUTE"] = "queue"
    assert _prepare(azure)["EXISTING_IMAGES_LOCATION"] == "westeurope"


def test_a_missing_container_stops_it(azure: Scripted) -> None:
    azure.environ["IMAGES_CONTAINER"] = "photos"
    azure.on("container-rm", "show", fails="(ContainerNotFound) The specified container does not exist.")
    _images(azure, topics=[])
    command = _stopped(azure, "has no container photos")
    assert command[:4] == ["az", "storage", "container-rm", "create"]
    assert "stourphotos" in command


def test_any_other_error_is_passed_on_as_it_was_said(azure: Scripted) -> None:
    azure.on("container-rm", "show", fails="(AuthorizationFailed) You may not read this.")
    _images(azure, topics=[])
    with pytest.raises(Failed, match="You may not read this"):
        _prepare(azure)


def test_the_models_resource_group_is_found_and_stored(azure: Scripted) -> None:
    _openai(azure, deployments=["others", "Vision"])
    assert _prepare(azure) == {"EXISTING_OPENAI_RESOURCE_GROUP": "rg-ai"}


def test_an_account_without_subdomain_stops_it(azure: Scripted) -> None:
    _openai(azure, deployments=["vision"], subdomain="")
    command = _stopped(azure, "no subdomain of its own")
    assert command[:4] == ["az", "cognitiveservices", "account", "update"]
    assert command[command.index("--custom-domain") + 1] == "our-openai"


def test_a_missing_deployment_stops_it_with_the_command_that_creates_it(azure: Scripted) -> None:
    _openai(azure, deployments=["others"])
    command = shlex.join(_stopped(azure, "no deployment vision; there are: others"))
    assert "deployment create --name our-openai --resource-group rg-ai --deployment-name vision" in command
    assert "--sku-name DataZoneStandard" in command


def test_a_deployment_that_nobody_named_stops_it(azure: Scripted) -> None:
    _openai(azure, deployments=["others"])
    del azure.environ["EXISTING_OPENAI_DEPLOYMENT"]
    assert _stopped(azure, "Which deployment")[-2:] == ["EXISTING_OPENAI_DEPLOYMENT", "others"]


def test_where_pictures_are_processed_is_asked_by_azd_or_must_be_said(azure: Scripted) -> None:
    azure.on("env", "config", "get", fails="no value at path")
    assert _prepare(azure, asks=True) == {}
    assert _stopped(azure, "Where may pictures be processed")[:5] == [
        "azd", "env", "config", "set", "infra.parameters.modelSkuName",
    ]  # fmt: skip


def test_a_choice_that_there_is_not_stops_it_though_azd_could_ask(azure: Scripted) -> None:
    azure.on("env", "config", "get", prints="Everywhere")
    with pytest.raises(Stop, match="there is no default"):
        _prepare(azure, asks=True)


def test_run_by_any_python_without_packages_it_ends_with_the_sentence_and_no_trace(azure: Scripted) -> None:
    _images(azure, topics=[{**TOPIC, "identity": None}])
    azure.on("env", "config", "get", prints="Standard")
    done = subprocess.run(
        hook("preprovision"), env=bare(azure.environ), capture_output=True, text=True, check=False, cwd="/"
    )
    assert done.returncode == 1
    assert "az eventgrid system-topic update" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_az_it_says_where_to_get_it(azure: Scripted) -> None:
    _images(azure, topics=[])
    (azure.folder / "az").unlink()
    with pytest.raises(Stop, match="az is not on the PATH; install it: https://"):
        _prepare(azure)
