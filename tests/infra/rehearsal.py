"""Rehearses `azd up` and `azd down`: its environment, this project's own hooks, and what Bicep predicts.

`az` answers from a script; Resource Manager is the compiler's prediction, with one rule of its own: a role assignment
is given to no other principal.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from infra.hooks import postdeploy, predeploy, predown, preprovision
from infra.hooks.commands import Azure, Clock, Stop
from tests.hooks.deployment import goes_well
from tests.hooks.offers import can_be_had
from tests.hooks.scripted import Scripted, Waiting
from tests.infra import azd
from tests.infra.installation import Installation
from tests.infra.session import Session

Script = Callable[[Scripted], None]
INSTALLATIONS: Mapping[str, Mapping[str, str]] = {
    "dev": {"MODEL_SKU_NAME": "GlobalStandard"},
    "prod": {
        "RESOURCE_TAGS": '{"owner": "web-team"}',
        "MODEL_SKU_NAME": "DataZoneStandard",
        "MODEL_CAPACITY": "1000",
        "IMAGES_ROLE": "StorageBlobDataContributor",
        "STORAGE_REDUNDANCY": "Standard_ZRS",
        "ALWAYS_READY_INSTANCES": "1",
        "ALERT_EMAIL": "ops@example.com",
        "DAILY_TOKENS_THOUSAND": "50000",
        "DAILY_LOG_CAP_GB": "5",
        "LOG_RETENTION_DAYS": "90",
        "APP_SETTINGS": '{"DESCRIPTION_LANGUAGES": "en,de"}',
    },
    "isolated": {
        "UPLOAD_ROUTE": "queue",
        "IMAGES_MORE_CONTAINERS": "archive",
        "MODEL_SKU_NAME": "DataZoneStandard",
        "STORAGE_REDUNDANCY": "Standard_ZRS",
        "NETWORK_ISOLATION": "true",
        "APP_PRIVATE_ENDPOINT": "true",
        "ALERT_EMAIL": "ops@example.com",
    },
    "existing": {
        "UPLOAD_ROUTE": "eventGridTrigger",
        "IMAGES_CONTAINER": "photos",
        "IMAGES_MORE_CONTAINERS": "product-shots, scans",
        "DESCRIPTIONS_CONTAINER": "photo-descriptions",
        "EXISTING_IMAGES_ACCOUNT": "stourphotos",
        "IMAGES_ROLE": "StorageBlobDataContributor",
        "EXISTING_OPENAI": "our-openai",
        "EXISTING_OPENAI_DEPLOYMENT": "vision",
        "MODEL_NAME": "gpt-6-luna",
        "PUBLISH_EVENTS": "false",
    },
}
"""Users' choices for the installations of infra/params."""

_PRINCIPAL = re.compile(
    r"reference\(.*?'Microsoft\.Resources/deployments', format\('(\w+)-.*?\.outputs\.principalId\.value"
)
_ACCOUNT = "/subscriptions/5ub/resourceGroups/rg-photos/providers/Microsoft.Storage/storageAccounts/stourphotos"


def others(azure: Scripted) -> None:
    """Resources that exist before the installation `existing`."""
    azure.on(
        *("storage", "account", "list"),
        says=[
            {
                "id": _ACCOUNT,
                "name": "stourphotos",
                "resourceGroup": "rg-photos",
                "location": "westeurope",
                "kind": "StorageV2",
            }
        ],
    )
    azure.on("container-rm", "show", says={})
    azure.on("blob-service-properties", "show", says={})
    topic = {"name": "stourphotos-events", "resourceGroup": "rg-photos", "source": _ACCOUNT}
    azure.on("eventgrid", "system-topic", "list", says=[topic | {"identity": {"type": "SystemAssigned"}}])
    deployment = {"name": "vision", "sku": {"name": "GlobalStandard", "capacity": 30}}
    azure.on("cognitiveservices", "account", "deployment", "list", says=[deployment])
    account = {"name": "our-openai", "resourceGroup": "rg-ai", "properties": {"customSubDomainName": "our-openai"}}
    azure.on("cognitiveservices", "account", "list", says=[account])


class ImageRejected(Exception):
    """Resource Manager would end the deployment with this."""


@dataclass
class Rehearsal:
    """One environment of azd, through its life.

    Args:
        session: the compiler.
        template: the compiled main.bicep.
        infra: a copy of infra/, in which parameter files are written.
        folder: where the scripted programs are.
        environ: azd's environment.
    """

    session: Session
    template: Mapping[str, Any]
    infra: Path
    folder: Path
    environ: dict[str, str]
    principals: dict[str, str] = field(
        default_factory=lambda: {"identity": "1d", "uploadEvents": "70", "systemTopic": "71"}
    )
    live: dict[str, str] = field(default_factory=dict)
    assigned: dict[str, str] = field(default_factory=dict)

    @property
    def sent(self) -> dict[str, Any]:
        """The parameters that azd would send now."""
        return azd.parameters(self.template, self.environ)

    def up(self, script: Script = lambda azure: None) -> Installation:
        """Provisions, deploys, and proves; `script` comes before what goes well.

        Raises:
            Stop: a hook ended it.
            Refused: Resource Manager did.
        """
        _ = self.sent  # azd resolves the parameters before the first hook, and would ask for what is missing
        azure = self._azure(script)
        preprovision.prepare(Azure(azure.environ))
        self.answer_from(azure)
        installation = self._provision()
        print(predeploy.SENTENCE)
        azure = self._azure(script)
        clock = Waiting(speed=20)
        postdeploy.deploy(Azure(azure.environ), Clock(clock.sleep, clock.now))
        return installation

    def down(self) -> None:
        """Raises Stop where `azd down` would take what is of others."""
        if said := predown.refusal(self.environ):
            raise Stop(said)
        self.environ = azd.forgotten(self.environ, self.template["outputs"])
        self.live, self.assigned = {}, {}

    def answer_from(self, azure: Scripted) -> None:
        """What a command stored with `azd env set`, and set in the app."""
        self.environ |= {call[3]: call[4] for call in azure.calls("azd", "env", "set")}
        for call in azure.calls("appsettings", "set"):
            words = call[call.index("--settings") + 1 : call.index("--subscription")]
            self.live |= {name: value for name, _, value in (word.partition("=") for word in words)}

    def azure(self, script: Script = lambda azure: None) -> Scripted:
        """Programs whose `az` knows this installation, for commands besides azd's."""
        return self._azure(script)

    def _azure(self, script: Script) -> Scripted:
        (self.folder / "calls").unlink(missing_ok=True)
        azure = Scripted(self.folder, dict(self.environ))
        script(azure)
        settings = [{"name": name, "value": value} for name, value in self.live.items()]
        azure.on("functionapp", "config", "appsettings", "list", "--resource-group", says=settings)
        azure.on("functionapp", "config", "appsettings", "set", says=[])
        azure.on("azd", "env", "set")
        if self.environ.get("EXISTING_IMAGES_ACCOUNT"):
            others(azure)
        known = set(azure.environ)
        can_be_had(azure)
        for name in set(azure.environ) - known:
            del azure.environ[name]
        azure.on("rest", "post", says={})
        azure.on("log-analytics", "workspace", "list", says=[{"customerId": "w0rk"}])
        proved = {"Message": "smoke_test.passed", "status": "described", "seconds": "9", "reason": ""}
        azure.on("log-analytics", "query", says=[proved])
        goes_well(azure)
        return azure

    def _provision(self) -> Installation:
        path = self.infra / "params" / f"{self.environ['AZURE_ENV_NAME']}.bicepparam"
        lines = [f"param {name} = {_literal(value)}" for name, value in self.sent.items()]
        path.write_text("\n".join(["using '../main.bicep'", *lines, ""]), encoding="utf-8")
        found = Installation.parse(self.session.snapshot(path), path, self.infra)
        for resource in found.of_type("Microsoft.Authorization/roleAssignments"):
            self._assign(self._evaluated(resource["name"]), self._evaluated(resource["properties"]["principalId"]))
        self.live = dict(found.settings)
        outputs = {
            **found.outputs,
            "APP_PRINCIPAL_ID": self.principals["identity"],
            "DEPLOYED_SETTING_NAMES": ",".join(found.settings),
        }
        self.environ |= azd.as_environment(outputs)
        return replace(found, outputs=outputs)

    def _assign(self, name: str, principal: str) -> None:
        if self.assigned.setdefault(name, principal) != principal:
            raise ImageRejected(
                "RoleAssignmentUpdateNotPermitted: Tenant ID, application ID, principal ID, and scope are fixed."
            )

    def _evaluated(self, expression: str) -> str:
        """With the principals of now; what else is in it stays the same from one deployment to the next."""
        return _PRINCIPAL.sub(lambda match: self.principals[match.group(1)], expression).strip("[]")


def _name(name: str) -> str:
    return name if name.isidentifier() else _literal(name)


def _literal(value: Any) -> str:
    """A value as a parameter file writes it."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            escaped = value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${")
            return f"'{escaped}'"
        case dict():
            return "{ " + ", ".join(f"{_name(name)}: {_literal(one)}" for name, one in value.items()) + " }"
        case list():
            return "[" + ", ".join(map(_literal, value)) + "]"
        case _:
            return str(value)
