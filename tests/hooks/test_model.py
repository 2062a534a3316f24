"""Before anything is created: whether the model can be had where, how and as much as it is wanted."""

import shlex
from collections.abc import Sequence
from typing import Any

import pytest

from infra.hooks import model as hook
from infra.hooks.commands import Azure, Stop
from infra.hooks.model import Ask
from tests.hooks.offers import NAME, can_be_had, model, usage
from tests.hooks.scripted import Scripted

DELETED = {
    "id": "/subscriptions/5ub/providers/Microsoft.CognitiveServices/locations/swedencentral/resourceGroups/rg-dev"
    "/deletedAccounts/oai-x1",
    "name": "oai-x1",
}


@pytest.fixture
def fresh(azure: Scripted) -> Scripted:
    """Nothing chosen, nothing deployed."""
    azure.environ |= {"MODEL_SKU_NAME": "", "OPENAI_LOCATION": ""}
    return azure


def _found(azure: Scripted, ask: Ask | None = None) -> dict[str, str]:
    can_be_had(azure)
    return hook.find(Azure(azure.environ), ask)


def _stopped(azure: Scripted, sentence: str, ask: Ask | None = None) -> str:
    """Return the command that fixes it, in one line after one sentence or two."""
    with pytest.raises(Stop, match=sentence) as caught:
        _found(azure, ask)
    return str(caught.value).partition("\n")[2].strip()


def _first(question: str, choices: Sequence[str]) -> str:
    assert question.endswith((".", "?"))
    return choices[0]


def test_a_model_that_can_be_had_in_the_apps_region_is_put_there(fresh: Scripted) -> None:
    fresh.environ["MODEL_SKU_NAME"] = "DataZoneStandard"
    assert _found(fresh) == {
        "MODEL_SKU_NAME": "DataZoneStandard",
        "OPENAI_LOCATION": "swedencentral",
        "RESTORE_OPENAI": "false",
    }


def test_where_pictures_are_processed_is_asked_with_what_this_model_has(fresh: Scripted) -> None:
    asked: list[Sequence[str]] = []

    def ask(question: str, choices: Sequence[str]) -> str:
        asked.append(choices)
        return _first(question, choices)

    assert _found(fresh, ask)["MODEL_SKU_NAME"] == "GlobalStandard"
    assert asked == [["GlobalStandard", "DataZoneStandard"]]


def test_without_a_terminal_it_stops_with_the_choices(fresh: Scripted) -> None:
    command = _stopped(fresh, "There is no default. GlobalStandard: any region of Azure; DataZoneStandard: within")
    assert shlex.split(command)[:4] == ["azd", "env", "set", "MODEL_SKU_NAME"]


def test_an_unknown_sku_stops_it_with_the_models_that_have_it(fresh: Scripted) -> None:
    fresh.environ["MODEL_SKU_NAME"] = "Standard"
    command = _stopped(fresh, r"no deployment Standard in swedencentral; there are: GlobalStandard.* Models .*gpt-5\.1")
    assert command == "azd env set MODEL_SKU_NAME GlobalStandard"


def test_another_version_stops_it_with_those_that_there_are(fresh: Scripted) -> None:
    fresh.environ["MODEL_VERSION"] = "2026-07-10"
    assert _stopped(fresh, "there are: 2026-07-09") == "azd env set MODEL_VERSION 2026-07-09"


def test_a_model_on_its_way_out_is_said_and_no_reason_to_stop(
    fresh: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh.environ["MODEL_SKU_NAME"] = "GlobalStandard"
    fresh.on("cognitiveservices", "model", "list", says=[model("GlobalStandard", status="Deprecating")])
    assert _found(fresh)["MODEL_SKU_NAME"] == "GlobalStandard"
    assert "on its way out" in capsys.readouterr().out


def _regions(azure: Scripted, free: dict[str, dict[str, int]]) -> None:
    azure.on("provider", "show", says=["Sweden Central", "East US 2", "West Europe", "Global"])
    for region, left in free.items():
        azure.on("cognitiveservices", "usage", "list", region, says=usage(left))
    azure.on("cognitiveservices", "usage", "list", says=[])


def test_a_region_without_the_model_stops_it_with_those_that_have_quota(fresh: Scripted) -> None:
    fresh.environ["MODEL_SKU_NAME"] = "GlobalStandard"
    fresh.on("cognitiveservices", "model", "list", "swedencentral", says=[model("GlobalStandard", name="gpt-4o")])
    _regions(fresh, {"eastus2": {"GlobalStandard": 100}, "westeurope": {"GlobalStandard": 99}})
    assert _stopped(fresh, f"swedencentral has no {NAME}. Regions with quota: eastus2") == (
        "azd env set OPENAI_LOCATION eastus2"
    )


def test_a_region_without_quota_asks_for_another_and_takes_none_by_itself(fresh: Scripted) -> None:
    fresh.environ["MODEL_SKU_NAME"] = "DataZoneStandard"
    _regions(fresh, {"swedencentral": {"DataZoneStandard": 0}, "eastus2": {"DataZoneStandard": 100}})
    assert _found(fresh, _first)["OPENAI_LOCATION"] == "eastus2"
    assert _stopped(fresh, "Regions with quota: eastus2") == "azd env set OPENAI_LOCATION eastus2"


def test_a_region_that_was_chosen_is_not_asked_for_again(fresh: Scripted) -> None:
    fresh.environ |= {"MODEL_SKU_NAME": "GlobalStandard", "OPENAI_LOCATION": "West Europe"}
    _regions(fresh, {"westeurope": {"GlobalStandard": 0}, "eastus2": {"GlobalStandard": 100}})
    assert "westeurope has 0 thousand tokens" in str(_stopped_text(fresh, _first))


def _stopped_text(azure: Scripted, ask: Ask | None) -> str:
    with pytest.raises(Stop) as caught:
        _found(azure, ask)
    return str(caught.value)


def test_less_quota_than_wanted_stops_it_with_what_there_is(fresh: Scripted) -> None:
    fresh.environ |= {"MODEL_SKU_NAME": "GlobalStandard", "MODEL_CAPACITY": "100"}
    fresh.on("cognitiveservices", "usage", "list", says=usage({"GlobalStandard": 30}))
    assert _stopped(fresh, "has 30 thousand tokens a minute left") == "azd env set MODEL_CAPACITY 30"


def test_less_capacity_asks_for_less_quota(fresh: Scripted) -> None:
    fresh.environ |= {"MODEL_SKU_NAME": "GlobalStandard", "MODEL_CAPACITY": "30"}
    fresh.on("cognitiveservices", "usage", "list", says=usage({"GlobalStandard": 30, "DataZoneStandard": 0}))
    assert _found(fresh)["OPENAI_LOCATION"] == "swedencentral"


def test_no_quota_anywhere_says_where_to_ask_for_it(fresh: Scripted) -> None:
    fresh.environ["MODEL_SKU_NAME"] = "GlobalStandard"
    _regions(fresh, {})
    assert _stopped(fresh, "No region has 100 thousand tokens a minute .* left; ask for quota") == ""


def test_what_is_deployed_holds_its_quota_itself(fresh: Scripted) -> None:
    fresh.environ |= {"MODEL_SKU_NAME": "GlobalStandard", "OPENAI_ACCOUNT_NAME": "oai-x1"}
    fresh.on("cognitiveservices", "usage", "list", says=usage({"GlobalStandard": 0}))
    assert _found(fresh)["OPENAI_LOCATION"] == "swedencentral"


def test_an_account_that_was_deleted_is_found_said_and_brought_back_once(
    fresh: Scripted, capsys: pytest.CaptureFixture[str]
) -> None:
    fresh.environ["MODEL_SKU_NAME"] = "GlobalStandard"
    fresh.on("list-deleted", says=[_of_another_group(), DELETED])
    fresh.on("cognitiveservices", "usage", "list", says=usage({"GlobalStandard": 0}))
    assert _found(fresh)["RESTORE_OPENAI"] == "true"
    assert "oai-x1 was deleted" in capsys.readouterr().out
    active = Scripted(fresh.folder, fresh.environ | {"RESTORE_OPENAI": "true"})
    assert _found(active)["RESTORE_OPENAI"] == "false"


def _of_another_group() -> dict[str, Any]:
    return {**DELETED, "id": DELETED["id"].replace("rg-dev", "rg-else")}


def test_an_account_that_was_deleted_elsewhere_stops_it_with_the_way_to_be_rid_of_it(fresh: Scripted) -> None:
    fresh.environ["OPENAI_LOCATION"] = "eastus2"
    fresh.on("list-deleted", says=[DELETED])
    command = _stopped(fresh, "set OPENAI_LOCATION to swedencentral to bring it back")
    assert command == (
        "az cognitiveservices account purge --name oai-x1 --resource-group rg-dev --location swedencentral"
        " --subscription 5ub"
    )


@pytest.mark.parametrize("capacity", ["many", "-1", "1.5"])
def test_a_capacity_that_is_no_number_stops_it(fresh: Scripted, capacity: str) -> None:
    fresh.environ["MODEL_CAPACITY"] = capacity
    assert _stopped(fresh, f"MODEL_CAPACITY is {capacity}") == "azd env set MODEL_CAPACITY 100"


def _with_batches(azure: Scripted, **environ: str) -> Scripted:
    azure.environ |= {"MODEL_SKU_NAME": "GlobalStandard", "BATCH_SKU_NAME": "GlobalBatch"} | environ
    azure.on("cognitiveservices", "model", "list", says=[model("GlobalStandard", "GlobalBatch")])
    return azure


def test_quota_for_batches_is_looked_for_before_anything_is_created(fresh: Scripted) -> None:
    _with_batches(fresh, BATCH_CAPACITY="200")
    fresh.on("cognitiveservices", "usage", "list", says=usage({"GlobalStandard": 1000, "GlobalBatch": 50}))
    assert _stopped(fresh, "has 50 left of OpenAI.GlobalBatch") == "azd env set BATCH_CAPACITY 50"


def test_no_quota_for_batches_says_where_to_ask_for_it_and_how_to_do_without(fresh: Scripted) -> None:
    fresh.on("cognitiveservices", "usage", "list", says=usage({"GlobalStandard": 1000}))
    command = _stopped(_with_batches(fresh), "has 0 left of OpenAI.GlobalBatch.* Ask for quota")
    assert command == "azd env set BATCH_SKU_NAME ''"


def test_a_region_without_batches_stops_it_with_what_it_has(fresh: Scripted) -> None:
    command = _stopped(_with_batches(fresh, BATCH_SKU_NAME="DataZoneBatch"), "has no deployment DataZoneBatch")
    assert command == "azd env set BATCH_SKU_NAME GlobalBatch"


@pytest.mark.parametrize("capacity", ["many", "0", "1.5"])
def test_a_capacity_for_batches_that_is_no_number_stops_it(fresh: Scripted, capacity: str) -> None:
    sentence = f"BATCH_CAPACITY is {capacity}; expected a whole number from 1"
    assert _stopped(_with_batches(fresh, BATCH_CAPACITY=capacity), sentence) == "azd env set BATCH_CAPACITY 100"


def test_batches_that_are_deployed_or_not_wanted_need_no_quota(fresh: Scripted) -> None:
    fresh.on("cognitiveservices", "usage", "list", says=usage({"GlobalStandard": 1000}))
    assert _found(_with_batches(fresh, OPENAI_BATCH_DEPLOYMENT="gpt-5.6-luna-batch"))
    assert _found(_with_batches(fresh, BATCH_SKU_NAME="", OPENAI_BATCH_DEPLOYMENT=""))
