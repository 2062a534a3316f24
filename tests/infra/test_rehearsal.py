"""azd up, azd down and azd up again: what was chosen lasts, and what can go wrong ends in a sentence with a way out."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from infra import emergency
from infra.hooks.commands import Azure, Stop
from infra.hooks.kept import STOPPED
from infra.hooks.predeploy import SENTENCE
from tests.hooks.offers import model, usage
from tests.hooks.scripted import Scripted
from tests.infra import azd, rules
from tests.infra.compiler import Done
from tests.infra.installation import Installation
from tests.infra.rehearsal import INSTALLATIONS, ImageRejected, Rehearsal
from tests.infra.session import Session
from tests.infra.test_parameters import _other

DELETED = {
    "id": "/subscriptions/5ub/providers/Microsoft.CognitiveServices/locations/swedencentral/resourceGroups/rg-{}"
    "/deletedAccounts/oai-x"
}


@pytest.fixture
def rehearse(session: Session, built: Mapping[str, Done], infra: Path, tmp_path: Path) -> "Rehearse":
    return Rehearse(session, json.loads(built["main"].output), infra, tmp_path)


class Rehearse:
    """Begins the life of one of the four installations."""

    def __init__(self, session: Session, template: Mapping[str, Any], infra: Path, folder: Path) -> None:
        self._parts = (session, template, infra, folder)

    def __call__(self, name: str, **more: str) -> Rehearsal:
        place = {"AZURE_ENV_NAME": name, "AZURE_LOCATION": "swedencentral", "AZURE_SUBSCRIPTION_ID": "5ub"}
        return Rehearsal(*self._parts, environ={**place, **INSTALLATIONS[name], **more})


def _but_restored(installation: Installation) -> list[Any]:
    """The resources, whether or not the model's account was brought back."""
    found = json.loads(json.dumps(installation.resources))
    for resource in found:
        resource["properties"].pop("restore", None) if "properties" in resource else None
    return found  # type: ignore[no-any-return]


def _restored(installation: Installation) -> list[Any]:
    return [one["properties"]["restore"] for one in installation.of_type("Microsoft.CognitiveServices/accounts")]


@pytest.mark.parametrize("name", ["dev", "prod", "isolated"])
def test_down_and_up_again_leaves_it_as_it_was(rehearse: Rehearse, name: str) -> None:
    life = rehearse(name)
    first = life.up()
    assert [fault for rule in rules.RULES for fault in rule(first, life.infra)] == []
    chosen, sent = {key: life.environ[key] for key in INSTALLATIONS[name]}, life.sent
    life.down()
    deleted = {"id": DELETED["id"].format(name)}
    again = life.up(lambda azure: azure.on("list-deleted", says=[deleted]))
    assert {key: life.environ[key] for key in INSTALLATIONS[name]} == chosen
    assert life.sent | {"restoreOpenAi": False} == sent | {"restoreOpenAi": False}
    assert _but_restored(again) == _but_restored(first)
    assert _restored(again) == [True]
    assert _restored(life.up()) == [None]
    for output in ("NETWORK_ISOLATION", "UPLOAD_ROUTE", "IMAGES_CONTAINER", "DESCRIPTIONS_CONTAINER"):
        assert again.outputs[f"DEPLOYED_{output}"] == first.outputs[f"DEPLOYED_{output}"], output


def test_what_is_of_others_is_found_and_azd_down_is_kept_from_it(rehearse: Rehearse) -> None:
    life = rehearse("existing")
    first = life.up()
    assert [fault for rule in rules.RULES for fault in rule(first, life.infra)] == []
    assert life.environ["EXISTING_SYSTEM_TOPIC"] == "stourphotos-events"
    assert life.sent["existingCapacity"] == 30
    with pytest.raises(Stop, match="would delete the whole of rg-ai, rg-photos"):
        life.down()
    assert life.up().resources == first.resources


def test_every_choice_outlasts_azd_down(rehearse: Rehearse) -> None:
    life = rehearse("dev")
    declared = azd.declared(life.template)
    for name, variable in azd.variables().items():
        if variable not in {*azd.PRINCIPAL, "AZURE_ENV_NAME", "AZURE_LOCATION"}:
            wanted = _other(declared[name])
            life.environ[variable] = wanted if isinstance(wanted, str) else json.dumps(wanted)
    sent = life.sent
    life.environ |= dict.fromkeys(life.template["outputs"], "told by the deployment")
    assert life.sent == sent
    life.environ = azd.forgotten(life.environ, life.template["outputs"])
    assert life.sent == sent
    assert len(sent) == len(declared)


@pytest.mark.parametrize(
    ("name", "module"), [("dev", "identity"), ("isolated", "uploadEvents"), ("existing", "systemTopic")]
)
def test_an_identity_that_was_made_again_gets_its_roles(rehearse: Rehearse, name: str, module: str) -> None:
    life = rehearse(name)
    life.up()
    before = set(life.assigned)
    life.principals[module] = "another"
    life.up()
    assert len(set(life.assigned) - before) == list(life.assigned.values()).count("another") > 0


def test_resource_manager_gives_no_assignment_to_another_principal(rehearse: Rehearse) -> None:
    life = rehearse("dev")
    life._assign("name", "one")
    with pytest.raises(ImageRejected, match="RoleAssignmentUpdateNotPermitted"):
        life._assign("name", "another")


def test_settings_made_by_hand_outlast_the_next_deployment(rehearse: Rehearse) -> None:
    life = rehearse("dev", APP_SETTINGS='{"IMAGE_DETAIL": "low"}')
    life.up()
    life.live |= {"AzureWebJobs.work.Disabled": "true", "DESCRIPTION_LANGUAGES": "de"}
    settings = life.up().settings
    assert settings["AzureWebJobs.work.Disabled"] == "true"
    assert (settings["DESCRIPTION_LANGUAGES"], settings["IMAGE_DETAIL"]) == ("de", "low")
    life.environ["APP_SETTINGS"] = "{}"
    assert "AzureWebJobs.work.Disabled" not in life.up().settings


@pytest.mark.parametrize("name", ["dev", "isolated", "existing"])
def test_an_emergency_stop_holds_through_deployments_and_is_ended_without_a_trace(
    rehearse: Rehearse, name: str
) -> None:
    life = rehearse(name)
    first = life.up()
    azure = life.azure()
    emergency.stop(Azure(azure.environ))
    life.answer_from(azure)
    [call] = azure.calls("appsettings", "set")
    assert f"AZURE_OPENAI_DEPLOYMENT={STOPPED}" in call
    stopped = life.up()
    assert stopped.settings == {**first.settings, "AZURE_OPENAI_DEPLOYMENT": STOPPED, "MODELS_ALLOWED": ""}
    assert [name for name in stopped.settings if name.endswith(".Disabled")] == [
        name for name in first.settings if name.endswith(".Disabled")
    ]
    azure = life.azure()
    emergency.resume(Azure(azure.environ))
    life.answer_from(azure)
    assert f"AZURE_OPENAI_DEPLOYMENT={life.environ['OPENAI_DEPLOYMENT']}" in azure.calls("appsettings", "set")[0]
    assert life.up().resources == first.resources


def _no_quota(azure: Scripted) -> None:
    azure.on("provider", "show", says=["East US 2", "Sweden Central"])
    azure.on("usage", "list", "eastus2", says=usage({"GlobalStandard": 500}))
    azure.on("usage", "list", says=usage({"GlobalStandard": 0}))


def _deleted_elsewhere(azure: Scripted) -> None:
    azure.on("list-deleted", says=[{"id": DELETED["id"].format("dev").replace("swedencentral", "westus3")}])


def _other_skus(azure: Scripted) -> None:
    azure.on("cognitiveservices", "model", "list", says=[model("DataZoneStandard")])


def _late_role(azure: Scripted) -> None:
    azure.on("storage", "blob", "download", fails="BlobNotFound")


@pytest.mark.parametrize(
    ("script", "says", "do"),
    [
        (_no_quota, "swedencentral has 0 thousand tokens", "azd env set OPENAI_LOCATION eastus2"),
        (_deleted_elsewhere, "was deleted in westus3", "az cognitiveservices account purge"),
        (_other_skus, "no deployment GlobalStandard in swedencentral", "azd env set MODEL_SKU_NAME DataZoneStandard"),
        (_late_role, "azd hooks run postdeploy", "az eventgrid system-topic event-subscription show"),
    ],
    ids=["a region without quota", "a deleted account elsewhere", "an unknown SKU", "a role that never comes"],
)
def test_what_goes_wrong_ends_in_a_sentence_and_a_command(rehearse: Rehearse, script: Any, says: str, do: str) -> None:
    life = rehearse("dev")
    with pytest.raises(Stop) as caught:
        life.up(script)
    sentence, _, command = str(caught.value).rpartition("\n")
    assert says in sentence
    assert command.strip().startswith(do)


def test_before_a_build_that_may_fail_the_way_out_is_said(
    rehearse: Rehearse, capsys: pytest.CaptureFixture[str]
) -> None:
    rehearse("dev").up()
    said = capsys.readouterr().out
    assert said.index(SENTENCE) < said.index("Waiting for the functions")
