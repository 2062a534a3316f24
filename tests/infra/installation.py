"""One predicted installation: a snapshot, read with the parameters that it was made with."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.infra import compiler

Resource = Mapping[str, Any]

_PARAMETER = re.compile(r"^param (\w+) (?:[\w'| ]+ )?= ('[^']*'|true|false|\d+)$", re.MULTILINE)
_ASSIGNMENT = "/providers/Microsoft.Authorization/roleAssignments/"
_SCOPE_OF_EXPRESSION = re.compile(r"^\[extensionResourceId\('([^']+)'")
_OUTPUT_OF = re.compile(
    r"^\[reference\(.*'Microsoft\.Resources/deployments', format\('(\w+)-\{0\}'.*\.outputs\.principalId\.value\]$"
)
_WHO = {"identity": "app", "uploadEvents": "event-grid", "systemTopic": "event-grid"}
"""Whose principal a module of main.bicep puts out."""


@dataclass(frozen=True, slots=True)
class Assignment:
    """Who has which role (its id) where."""

    who: str
    role: str
    scope: str


@dataclass(frozen=True, slots=True)
class Installation:
    """What would be there.

    Args:
        name: of the parameter file.
        parameters: those that are plain text, numbers or truth values, with the defaults of main.bicep.
        resources: the predicted ones.
        outputs: of the deployment.
        diagnostics: what the prediction could not work out.
    """

    name: str
    parameters: Mapping[str, Any]
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]
    diagnostics: tuple[Any, ...]

    @classmethod
    def read(cls, path: Path) -> "Installation":
        """The committed snapshot beside a parameter file."""
        return cls.parse(compiler.snapshot_of(path).read_text(encoding="utf-8"), path)

    @classmethod
    def parse(cls, snapshot: str, path: Path, infra: Path = compiler.INFRA) -> "Installation":
        """The snapshot of a parameter file of `infra`."""
        found = json.loads(snapshot)
        sources = [infra / "main.bicep", path]
        given = {name: value for source in sources for name, value in _parameters(source)}
        return cls(
            compiler.label(path, infra),
            given,
            tuple(found["predictedResources"]),
            found["outputs"],
            tuple(found["diagnostics"]),
        )

    @property
    def is_subscription(self) -> bool:
        """Whether this is the event subscription, which is deployed by itself."""
        return self.name.startswith("subscriptions/")

    def of_type(self, kind: str) -> list[Resource]:
        """The resources of one type."""
        return [resource for resource in self.resources if resource["type"] == kind]

    def one(self, kind: str) -> Resource:
        """The only resource of its type."""
        (resource,) = self.of_type(kind)
        return resource

    @property
    def settings(self) -> Mapping[str, str]:
        """The function app's settings."""
        properties: Mapping[str, str] = self.one("Microsoft.Web/sites/config")["properties"]
        return properties

    @property
    def more_containers(self) -> list[str]:
        """The further containers of pictures, as the parameter names them."""
        return [name.strip() for name in self.parameters["moreImagesContainers"].split(",") if name.strip()]

    @property
    def places(self) -> dict[str, str]:
        """Resource ids of what roles and endpoints are about, by short names."""
        group = self._group(self.outputs["AZURE_RESOURCE_GROUP"])
        images = self._storage(self.outputs["IMAGES_RESOURCE_GROUP"], self.outputs["IMAGES_ACCOUNT_NAME"])
        host = self._storage(self.outputs["AZURE_RESOURCE_GROUP"], self.outputs["HOST_ACCOUNT_NAME"])
        model = self.parameters["existingOpenAiResourceGroup"] or self.outputs["AZURE_RESOURCE_GROUP"]
        insights = self.one("Microsoft.Insights/components")["id"]
        containers = f"{images}/blobServices/default/containers"
        topics = self._group(self.outputs["SYSTEM_TOPIC_RESOURCE_GROUP"])
        more = {f"images/containers/more/{name}": f"{containers}/{name}" for name in self.more_containers}
        return more | {
            "host": host,
            "host/containers/eventgrid-deadletter": f"{host}/blobServices/default/containers/eventgrid-deadletter",
            "host/queues/image-work": f"{host}/queueServices/default/queues/image-work",
            "images": images,
            "images/containers/pictures": f"{containers}/{self.outputs['DEPLOYED_IMAGES_CONTAINER']}",
            "images/containers/descriptions": f"{containers}/{self.outputs['DEPLOYED_DESCRIPTIONS_CONTAINER']}",
            "secret": self._secret,
            "model": f"{self._group(model)}/Microsoft.CognitiveServices/accounts/{self.outputs['OPENAI_ACCOUNT_NAME']}",
            "events": f"{group}/Microsoft.EventGrid/topics/{self.outputs['EVENTS_TOPIC_NAME']}",
            "insights": insights,
            "topic": f"{topics}/Microsoft.EventGrid/systemTopics/{self.outputs['SYSTEM_TOPIC_NAME']}",
        }

    @property
    def assignments(self) -> list[Assignment]:
        """Every role assignment, by short names where there is one."""
        names = {place: name for name, place in self.places.items()}
        found = []
        for resource in self.of_type("Microsoft.Authorization/roleAssignments"):
            scope = _scope(resource["id"])
            role = resource["properties"]["roleDefinitionId"].rsplit("/", 1)[-1]
            found.append(Assignment(self._who(resource["properties"]["principalId"]), role, names.get(scope, scope)))
        return found

    def _who(self, principal: str) -> str:
        if principal == self.parameters["deployerId"]:
            return "deployer"
        module = _OUTPUT_OF.match(principal)
        return _WHO.get(module.group(1), principal) if module else principal

    @property
    def _secret(self) -> str:
        group = self._group(self.parameters["existingKeyVaultResourceGroup"])
        vault, secret = self.parameters["existingKeyVault"], self.parameters["keyVaultEntry"]
        return f"{group}/Microsoft.KeyVault/vaults/{vault}/secrets/{secret}"

    @staticmethod
    def _group(name: str) -> str:
        return f"/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/{name}/providers"

    def _storage(self, group: str, name: str) -> str:
        return f"{self._group(group)}/Microsoft.Storage/storageAccounts/{name}"


def _scope(assignment: str) -> str:
    """The scope of a role assignment; outside our own group its id is an expression."""
    expression = _SCOPE_OF_EXPRESSION.match(assignment)
    return expression.group(1) if expression else assignment.partition(_ASSIGNMENT)[0]


def _parameters(source: Path) -> Iterator[tuple[str, Any]]:
    for name, value in _PARAMETER.findall(source.read_text(encoding="utf-8")):
        yield name, value.strip("'") if value.startswith("'") else json.loads(value)
