"""Before provisioning: what exists is found and stored; what Bicep cannot fix is named, with the command that does."""

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any

import pytest

from infra.hooks import kept, preprovision
from infra.hooks.commands import Azure, Failed, Stop
from tests.hooks.offers import can_be_had
from tests.hooks.scripted import Scripted, bare, hook

ROOT = Path(__file__).parents[2]
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


def _images(azure: Scripted, *, topics: list[dict[str, Any]], versioned: bool = False, **changes: Any) -> None:
    azure.environ["EXISTING_IMAGES_ACCOUNT"] = "stourphotos"
    azure.on("storage", "account", "list", says=[{**ACCOUNT, "name": "another"}, ACCOUNT | changes])
    azure.on("container-rm", "show", says={"name": "images"})
    azure.on("blob-service-properties", "show", says={"isVersioningEnabled": versioned})
    azure.on("eventgrid", "system-topic", "list", says=topics)
    azure.on("azd", "env", "set")


def _openai(
    azure: Scripted, *, deployments: list[str], subdomain: str = "our-openai", sku: str = "GlobalStandard"
) -> None:
    azure.environ |= {"EXISTING_OPENAI": "our-openai", "EXISTING_OPENAI_DEPLOYMENT": "vision"}
    account = {**OPENAI, "properties": {"customSubDomainName": subdomain or None}}
    listed = [{"name": name, "sku": {"name": sku, "capacity": 30}} for name in deployments]
    azure.on("cognitiveservices", "account", "deployment", "list", says=listed)
    azure.on("cognitiveservices", "account", "list", says=[account])
    azure.on("azd", "env", "set")


def _prepare(azure: Scripted) -> dict[str, str]:
    """What was stored, but for the model's: a new one can be had."""
    can_be_had(azure)
    preprovision.prepare(Azure(azure.environ))
    stored = {call[3]: call[4] for call in azure.calls("azd", "env", "set")}
    return {name: value for name, value in stored.items() if name not in {"MODEL_SKU_NAME", "OPENAI_LOCATION"}}


def _stopped(azure: Scripted, sentence: str) -> list[str]:
    """Return the command that fixes it; nothing was stored."""
    with pytest.raises(Stop, match=sentence) as caught:
        _prepare(azure)
    assert not azure.calls("azd", "env", "set")
    said, command = str(caught.value).split("\n")
    assert said.endswith((".", ":"))
    return shlex.split(command)


def test_where_nothing_exists_nothing_of_it_is_asked_or_stored(azure: Scripted) -> None:
    assert _prepare(azure) == {}
    assert azure.calls("az", "storage") == azure.calls("az", "eventgrid") == []


def test_what_cannot_be_undone_is_said_before_the_first_deployment_and_not_again(
    azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    _prepare(azure)
    assert "Decide now" not in capsys.readouterr().out
    del azure.environ["AZURE_RESOURCE_GROUP"]
    azure.environ["DESCRIPTIONS_CONTAINER"] = "alt-texts"
    _prepare(azure)
    said = capsys.readouterr().out
    assert "STORAGE_REDUNDANCY=Standard_LRS" in said
    assert "DESCRIPTIONS_CONTAINER=alt-texts" in said


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


@pytest.mark.parametrize(
    ("changes", "route"),
    [
        ({"kind": "BlobStorage"}, "blobTrigger"),
        ({"kind": "BlockBlobStorage"}, "eventGridTrigger"),
        ({"kind": "BlockBlobStorage"}, "queue"),
        ({"isHnsEnabled": True}, "queue"),
    ],
)
def test_accounts_without_queues_and_with_directories_serve(
    azure: Scripted, changes: dict[str, Any], route: str
) -> None:
    _images(azure, topics=[], **changes)
    azure.environ["UPLOAD_ROUTE"] = route
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
    assert _prepare(azure) == {"EXISTING_OPENAI_RESOURCE_GROUP": "rg-ai", "EXISTING_OPENAI_CAPACITY": "30"}
    assert azure.calls("cognitiveservices", "model") == azure.calls("cognitiveservices", "usage") == []


def test_units_that_are_no_tokens_give_no_capacity(azure: Scripted) -> None:
    _openai(azure, deployments=["vision"], sku="GlobalProvisionedManaged")
    azure.environ["EXISTING_OPENAI_CAPACITY"] = "30"
    assert _prepare(azure)["EXISTING_OPENAI_CAPACITY"] == "0"


def test_an_account_without_subdomain_stops_it(azure: Scripted) -> None:
    _openai(azure, deployments=["vision"], subdomain="")
    command = _stopped(azure, "no subdomain of its own")
    assert command[:4] == ["az", "cognitiveservices", "account", "update"]
    assert command[command.index("--custom-domain") + 1] == "our-openai"


def test_a_missing_deployment_stops_it_with_the_command_that_creates_it(azure: Scripted) -> None:
    azure.environ["MODEL_SKU_NAME"] = "DataZoneStandard"
    _openai(azure, deployments=["others"])
    command = shlex.join(_stopped(azure, "no deployment vision; there are: others"))
    assert "deployment create --name our-openai --resource-group rg-ai --deployment-name vision" in command
    assert "--sku-name DataZoneStandard" in command


def test_a_deployment_without_a_name_stops_it(azure: Scripted) -> None:
    _openai(azure, deployments=["others"])
    del azure.environ["EXISTING_OPENAI_DEPLOYMENT"]
    assert _stopped(azure, "Which deployment")[-2:] == ["EXISTING_OPENAI_DEPLOYMENT", "others"]


def test_run_by_any_python_without_packages_it_ends_with_the_sentence_and_no_trace(azure: Scripted) -> None:
    _images(azure, topics=[{**TOPIC, "identity": None}])
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


@pytest.mark.parametrize(
    ("variable", "value", "mends"),
    [
        ("IMAGES_CONTAINER", "Fotos", "azd env set IMAGES_CONTAINER fotos"),
        ("IMAGES_CONTAINER", "a", "azd env set IMAGES_CONTAINER a"),
        ("IMAGES_CONTAINER", "$logs", "azd env set IMAGES_CONTAINER logs"),
        ("IMAGES_MORE_CONTAINERS", "scans,my--post", "azd env set IMAGES_MORE_CONTAINERS my-post"),
        ("DESCRIPTIONS_CONTAINER", "$web", "azd env set DESCRIPTIONS_CONTAINER web"),
        ("IMAGES_CONTAINER", "$web", "azd env set EXISTING_IMAGES_ACCOUNT NAME"),
    ],
)
def test_a_container_that_cannot_be_stops_it_before_anything_is_created(
    azure: Scripted, variable: str, value: str, mends: str
) -> None:
    azure.environ[variable] = value
    assert shlex.join(_stopped(azure, re.escape(value.rpartition(",")[2]))) == mends
    assert azure.calls("az") == []


@pytest.mark.parametrize("name", ["$web", "$root"])
def test_azures_own_containers_serve_in_an_account_that_exists(azure: Scripted, name: str) -> None:
    azure.environ |= {"IMAGES_CONTAINER": name, "UPLOAD_ROUTE": "queue"}
    _images(azure, topics=[])
    assert _prepare(azure)["EXISTING_IMAGES_LOCATION"] == "westeurope"


def test_the_blob_trigger_does_not_read_the_root_container(azure: Scripted) -> None:
    azure.environ["IMAGES_CONTAINER"] = "$root"
    _images(azure, topics=[])
    assert _stopped(azure, "misreads")[-2:] == ["UPLOAD_ROUTE", "queue"]


def test_each_further_container_must_be_there(azure: Scripted) -> None:
    azure.environ |= {"IMAGES_MORE_CONTAINERS": "scans, post", "UPLOAD_ROUTE": "queue"}
    azure.on("container-rm", "show", "post", fails="(ContainerNotFound) The specified container does not exist.")
    _images(azure, topics=[])
    assert _stopped(azure, "has no container post")[:4] == ["az", "storage", "container-rm", "create"]


def test_what_describing_does_to_an_account_of_others_is_said(
    azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    _images(azure, topics=[])
    _prepare(azure)
    said = capsys.readouterr().out
    assert "moves its Last-Modified and ETag" in said
    assert "WRITE_METADATA" in said
    assert "makes a version" not in said


def test_versions_that_describing_makes_are_said_and_an_account_left_alone_is_not_asked(
    azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    _images(azure, topics=[], versioned=True)
    _prepare(azure)
    assert "makes a version of it, which is kept and paid" in capsys.readouterr().out
    azure.environ["APP_SETTINGS"] = '{"WRITE_METADATA": "false"}'
    _prepare(azure)
    assert "Last-Modified" not in capsys.readouterr().out


@pytest.mark.parametrize(("changes", "says"), [({"enableNfsV3": True}, "NFS 3.0"), ({"isHnsEnabled": True}, "flushes")])
def test_writes_that_raise_no_event_are_said(
    azure: Scripted, capsys: pytest.CaptureFixture[str], changes: dict[str, Any], says: str
) -> None:
    azure.environ["UPLOAD_ROUTE"] = "queue"
    _images(azure, topics=[], **changes)
    _prepare(azure)
    said = capsys.readouterr().out
    assert says in said
    [chapter] = re.findall(r'docs/operations\.md, "([^"]+)"', said)
    assert f"\n## {chapter}\n" in (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")


def test_isolated_on_the_queue_a_deployment_needs_a_way_in(azure: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    azure.environ |= {"NETWORK_ISOLATION": "true", "UPLOAD_ROUTE": "queue"}
    assert _stopped(azure, "takes no calls from outside")[-2:] == ["APP_PRIVATE_ENDPOINT", "true"]
    assert "alerts stand in the portal only" in capsys.readouterr().out
    for way in ({"APP_PRIVATE_ENDPOINT": "true"}, {"ALLOWED_IP_RANGES": '["203.0.113.7"]'}):
        given = Scripted(azure.folder, {**azure.environ, **way, "ALERT_EMAIL": "ops@example.com"})
        assert _prepare(given) == {}
    assert "portal only" not in capsys.readouterr().out


@pytest.mark.parametrize("name", ["ALLOWED_IP_RANGES", "RESOURCE_TAGS", "DNS_ZONE_IDS", "APP_SETTINGS"])
@pytest.mark.parametrize("value", ["203.0.113.7", '"text"', "{]"])
def test_a_text_where_json_is_wanted_stops_it(azure: Scripted, name: str, value: str) -> None:
    azure.environ[name] = value
    assert _stopped(azure, f"{name} is")[:4] == ["azd", "env", "set", name]


def test_settings_made_by_hand_are_kept_and_keys_are_not_stored(
    azure: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    azure.environ |= {
        "DEPLOYED_SETTING_NAMES": "IMAGES_CONTAINER,DESCRIPTION_LANGUAGES",
        "APP_SETTINGS": '{"DESCRIPTION_LANGUAGES": "en"}',
    }
    by_hand = {"AzureWebJobs.work.Disabled": "true", "IMAGE_DETAIL": "low", "AZURE_OPENAI_API_KEY": "s3cr3t"}
    live = {"IMAGES_CONTAINER": "images", "DESCRIPTION_LANGUAGES": "fr", **by_hand}
    azure.on("appsettings", "list", says=[{"name": name, "value": value} for name, value in live.items()])
    azure.on("azd", "env", "set")
    stored = _prepare(azure)
    assert json.loads(stored.pop("APP_SETTINGS")) == {
        "DESCRIPTION_LANGUAGES": "en",
        "AzureWebJobs.work.Disabled": "true",
        "IMAGE_DETAIL": "low",
    }
    assert stored == {}
    said = capsys.readouterr().out
    assert "gone after this: AZURE_OPENAI_API_KEY" in said
    assert "s3cr3t" not in said + str(azure.calls("azd"))


def test_an_emergency_stop_that_was_made_elsewhere_stays(azure: Scripted, capsys: pytest.CaptureFixture[str]) -> None:
    azure.environ["DEPLOYED_SETTING_NAMES"] = "AZURE_OPENAI_DEPLOYMENT"
    azure.on("appsettings", "list", says=[{"name": "AZURE_OPENAI_DEPLOYMENT", "value": kept.STOPPED}])
    azure.on("azd", "env", "set")
    assert _prepare(azure) == {"EMERGENCY_STOP": "true"}
    assert "stays on" in capsys.readouterr().out


def test_an_app_that_is_gone_has_no_settings_to_keep(azure: Scripted) -> None:
    azure.environ["DEPLOYED_SETTING_NAMES"] = "IMAGES_CONTAINER"
    azure.on("appsettings", "list", fails="(ResourceNotFound) The Resource was not found.")
    assert _prepare(azure) == {}
