"""The predicted installations keep to the project's own rules. These read the snapshots and need no compiler."""

from pathlib import Path

import pytest

from describer.settings import Settings
from tests.infra import code, rules
from tests.infra.compiler import INFRA, PARAMETERS, ROOT, SUBSCRIPTIONS, label
from tests.infra.installation import Installation

ALL = [*PARAMETERS, *SUBSCRIPTIONS]


@pytest.mark.parametrize("rule", rules.RULES, ids=lambda rule: rule.__name__)
@pytest.mark.parametrize("path", ALL, ids=label)
def test_the_rules_find_nothing(path: Path, rule: rules.Rule) -> None:
    assert list(rule(Installation.read(path), INFRA)) == []


@pytest.mark.parametrize("path", PARAMETERS, ids=label)
def test_the_code_accepts_the_settings(path: Path) -> None:
    given = Installation.read(path).settings
    addresses = {
        name: "https://example.net/" if value.startswith("[") and not name.endswith("lientId") else value
        for name, value in given.items()
    }
    settings = Settings.read(addresses)
    assert settings.images_account.managed
    assert settings.host_account.managed
    assert settings.model_server.by_token


def test_every_row_of_the_role_table_is_needed_somewhere() -> None:
    installations = [Installation.read(path) for path in PARAMETERS]
    for row in rules.ROLES:
        assert any(rules._applies(row, installation) for installation in installations), row


def test_the_lists_name_nothing_that_is_gone() -> None:
    set_somewhere = {name for path in PARAMETERS for name in Installation.read(path).settings}
    assert set(rules.TABLE["settings"]["optional"]) <= code.SETTINGS
    assert set(rules.TABLE["settings"]["others"]) <= set_somewhere
    assert not set(rules.TABLE["settings"]["others"]) & code.SETTINGS
    assert all((INFRA / name).is_file() for name in rules.TABLE["keys"])


@pytest.mark.parametrize(
    ("path", "in_flight", "instances", "each"),
    [("dev", 3, 40, 32), ("prod", 33, 40, 32), ("existing", 1, 40, 32)],
    ids=["100K tokens a minute", "1,000K tokens a minute", "30K of an existing deployment"],
)
def test_scale_follows_from_the_models_capacity(path: str, in_flight: int, instances: int, each: int) -> None:
    installation = Installation.read(INFRA / "params" / f"{path}.bicepparam")
    scale = installation.one("Microsoft.Web/sites")["properties"]["functionAppConfig"]["scaleAndConcurrency"]
    assert installation.outputs["MODEL_CALLS_IN_FLIGHT"] == in_flight
    assert (scale["maximumInstanceCount"], installation.settings["MODEL_CONCURRENCY"]) == (instances, str(each))


def test_an_existing_account_gains_a_container_and_roles_and_nothing_else() -> None:
    installation = Installation.read(INFRA / "params" / "existing.bicepparam")
    foreign = [resource for resource in installation.resources if "/resourceGroups/rg-existing" not in resource["id"]]
    kinds = sorted({resource["type"] for resource in foreign} - {"Microsoft.Authorization/roleAssignments"})
    assert kinds == ["Microsoft.Storage/storageAccounts/blobServices/containers"], kinds
    assert {
        scope for found in installation.assignments if not (scope := found.scope).startswith(("host", "insights"))
    } == {
        "images/containers/pictures",
        "images/containers/more/product-shots",
        "images/containers/more/scans",
        "images/containers/descriptions",
        "model",
        "secret",
    }


def test_alerts_fire_without_an_address_and_write_to_one_where_it_is_given() -> None:
    kinds = ("Microsoft.Insights/metricAlerts", "Microsoft.Insights/scheduledQueryRules")
    for path, addressed in (("dev", False), ("prod", True)):
        installation = Installation.read(INFRA / "params" / f"{path}.bicepparam")
        alerts = [alert for kind in kinds for alert in installation.of_type(kind)]
        assert alerts
        for alert in alerts:
            actions = alert["properties"]["actions"]
            assert bool(actions if isinstance(actions, list) else actions["actionGroups"]) is addressed, alert["name"]


def test_the_hooks_of_azd_are_there() -> None:
    text = (ROOT / "azure.yaml").read_text(encoding="utf-8")
    named = [line.partition("run:")[2].strip() for line in text.splitlines() if "run:" in line]
    assert named == [f"infra/hooks/{name}.py" for name in ("preprovision", "predeploy", "postdeploy", "predown")]
    assert [name for name in named if not (ROOT / name).is_file()] == []
