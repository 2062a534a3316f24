"""The parameters of a deployment, and what azd makes of them."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from infra.hooks import preprovision
from tests.infra import azd, code, rules
from tests.infra.compiler import INFRA, PARAMETERS, ROOT, Done

HERE = {"AZURE_ENV_NAME": "dev", "AZURE_LOCATION": "swedencentral"}
DECIDED = {"modelSkuName", "openAiLocation"}
OTHERS: Mapping[str, Any] = {"string": "another", "int": 77, "object": {"a": "b"}, "array": ["203.0.113.7/32"]}


@pytest.fixture(scope="module")
def template(built: Mapping[str, Done]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(built["main"].output)
    return found


def test_each_parameter_says_what_it_is(template: dict[str, Any]) -> None:
    described = {name: one.get("metadata", {}).get("description", "") for name, one in template["parameters"].items()}
    assert [name for name, text in described.items() if len(text) < 15] == []


def test_every_parameter_has_a_variable_of_its_own_and_every_variable_a_parameter(template: dict[str, Any]) -> None:
    found = azd.variables()
    assert found.keys() == template["parameters"].keys()
    assert len(set(found.values())) == len(found)


def test_a_pipeline_gets_every_choice_that_a_person_made() -> None:
    """But not what azd knows itself, and what the preprovision hook finds each time."""
    variables = yaml.safe_load((ROOT / "azure.yaml").read_text(encoding="utf-8"))["pipeline"]["variables"]
    own = {*azd.PRINCIPAL, "AZURE_ENV_NAME", "AZURE_LOCATION", *preprovision.FOUND}
    assert sorted(variables) == sorted(set(azd.variables().values()) - own)


def test_no_output_bears_the_name_of_a_variable(template: dict[str, Any]) -> None:
    """`azd down` removes every output from the environment, so a choice of that name would be lost with it."""
    outputs = template["outputs"].keys()
    assert sorted(outputs & set(azd.variables().values())) == []
    assert len(outputs) > 20


def test_nothing_but_where_it_is_comes_out_of_an_empty_environment(template: dict[str, Any]) -> None:
    sent = azd.parameters(template, HERE)
    differing = {
        name: value for name, value in sent.items() if value != template["parameters"][name].get("defaultValue")
    }
    assert differing == {
        "environmentName": "dev",
        "location": "swedencentral",
        "deployerId": azd.PRINCIPAL["AZURE_PRINCIPAL_ID"],
    }
    with pytest.raises(azd.Unset, match="location"):
        azd.parameters(template, {"AZURE_ENV_NAME": "dev"})


def test_each_variable_alone_sets_its_parameter_and_no_other(template: dict[str, Any]) -> None:
    plain = azd.parameters(template, HERE)
    for name, variable in azd.variables().items():
        if variable in azd.PRINCIPAL:
            continue  # azd's own
        declared = azd.declared(template)[name]
        wanted = _other(declared)
        text = wanted if isinstance(wanted, str) else json.dumps(wanted)
        sent = azd.parameters(template, HERE | {variable: text})
        changed = {key: value for key, value in sent.items() if plain.get(key) != value}
        assert changed == {name: wanted}, variable


def _other(declared: Mapping[str, Any]) -> Any:
    """A value that is not the default."""
    kind, default = declared["type"].lower(), declared.get("defaultValue")
    if allowed := declared.get("allowedValues"):
        return next(value for value in allowed if value not in {default, ""})
    return not default if kind == "bool" else OTHERS[kind]


@pytest.mark.parametrize("name", sorted(rules.TABLE["settings"]["optional"]))
def test_every_optional_setting_of_the_app_comes_by_one_variable(template: dict[str, Any], name: str) -> None:
    assert name in code.SETTINGS
    sent = azd.parameters(template, HERE | {"APP_SETTINGS": json.dumps({name: "x,y"})})
    assert sent["appSettings"] == {name: "x,y"}


def test_settings_that_are_no_json_stop_azd(template: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="Expecting"):
        azd.parameters(template, HERE | {"APP_SETTINGS": "DESCRIPTION_LANGUAGES=en"})


def test_where_pictures_are_processed_is_never_assumed(template: dict[str, Any]) -> None:
    assert {name: template["parameters"][name]["defaultValue"] for name in DECIDED} == dict.fromkeys(DECIDED, "")
    required = {name for name, one in template["parameters"].items() if "defaultValue" not in one}
    assert required == {"environmentName", "location"}


def test_azd_asks_for_no_quota_of_the_model(template: dict[str, Any]) -> None:
    """Its question knows one SKU and one capacity, and comes where the model exists already; a hook asks instead."""
    assert [name for name, one in template["parameters"].items() if "usageName" in json.dumps(one)] == []


def test_azd_does_not_find_a_parameter_file_that_would_silence_its_questions() -> None:
    assert not (INFRA / "main.bicepparam").exists()
    assert {path.parent.name for path in PARAMETERS} == {"params"}


def test_numbers_that_are_paid_for_have_a_bound_above(template: dict[str, Any]) -> None:
    paid = ("alwaysReadyInstances", "maximumInstanceCount", "modelCapacity", "dailyLogCapGb", "dailyTokensThousand")
    assert [name for name in paid if "maxValue" not in template["parameters"][name]] == []
    assert template["parameters"]["alwaysReadyInstances"]["maxValue"] <= 20
