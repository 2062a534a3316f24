"""Checks through Azure Resource Manager, for which usually people and not the app's identity have a role."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import quote

from azure.core import AsyncPipelineClient
from azure.core.credentials_async import AsyncTokenCredential
from azure.core.exceptions import AzureError
from azure.core.pipeline.policies import AsyncBearerTokenCredentialPolicy
from azure.core.pipeline.transport import AsyncHttpTransport
from azure.core.rest import AsyncHttpResponse, HttpRequest

from describer.pipeline.ports import ProbeResult, Verdict

_ENDPOINT: Final = "https://management.azure.com"
_GRAPH: Final = "/providers/Microsoft.ResourceGraph/resources?api-version=2022-10-01"
_ACCOUNT: Final = "resources | where type =~ 'microsoft.storage/storageaccounts' and name =~ '{name}' | project id"
_TOPICS: Final = "resources | where type =~ 'microsoft.eventgrid/systemtopics' and properties.source =~ '{source}'"
_MODELS: Final = (
    "resources | where type =~ 'microsoft.cognitiveservices/accounts' "
    "and properties.customSubDomainName =~ '{name}' | project id, location"
)
_READER: Final = "Sign in (`az login`) with the role Reader there, or look in the portal."
# https://learn.microsoft.com/azure/ai-foundry/foundry-models/concepts/deployment-types
_PLACES: Final = {
    "Global": "in any region where Azure offers the model",
    "DataZone": "within the data zone (EU, US or Asia Pacific) of {location}",
    "": "in {location}",
}

type Client = AsyncPipelineClient[HttpRequest, AsyncHttpResponse]


def connect(
    credential: AsyncTokenCredential, endpoint: str = _ENDPOINT, transport: AsyncHttpTransport[Any, Any] | None = None
) -> Client:
    """Return a client for Azure's public cloud; `transport`: azure-core's default."""
    policies = [AsyncBearerTokenCredentialPolicy(credential, f"{_ENDPOINT}/.default")]
    return AsyncPipelineClient(endpoint, policies=policies, transport=transport)


class _Unknown(Exception):
    """The check cannot tell; the message says why."""


@dataclass(frozen=True, slots=True)
class ProcessingProbe:
    """Checks in which region the deployment's type allows pictures to be processed."""

    client: Client
    name: str
    resource: str
    deployment: str

    async def check(self) -> ProbeResult:
        """Send two requests, for the resource's region and the deployment's type."""
        try:
            account = await _only(self.client, _MODELS.format(name=self.resource), f"the resource {self.resource!r}")
            path = f"{account['id']}/deployments/{quote(self.deployment, safe='')}?api-version=2025-06-01"
            sku = str((await _sent(self.client, HttpRequest("GET", path)))["sku"]["name"])
        except (_Unknown, LookupError) as why:
            return _unknown(why)
        place = next(place for kind, place in _PLACES.items() if sku.startswith(kind))
        where = place.format(location=account["location"])
        return ProbeResult(Verdict.OK, f"The deployment has the type {sku}: pictures are processed {where}.")


@dataclass(frozen=True, slots=True)
class SubscriptionProbe:
    """Checks that exactly one event subscription delivers uploads to the app."""

    client: Client
    name: str
    account: str
    container: str

    async def check(self) -> ProbeResult:
        """Send three or more requests, for the account, its system topics and their subscriptions."""
        try:
            account = await _only(self.client, _ACCOUNT.format(name=self.account), f"the account {self.account!r}")
            ours = [each for each in await self._subscriptions(account["id"]) if self._delivers_uploads(each)]
        except (_Unknown, LookupError) as why:
            return _unknown(why)
        names = ", ".join(str(each["name"]) for each in ours)
        if not ours:
            sentence = f"No event subscription of {self.account} delivers the uploads of {self.container} to the app."
            return ProbeResult(Verdict.FAILED, sentence, "`azd deploy` creates it after it has deployed the code.")
        if len(ours) > 1:
            return ProbeResult(
                Verdict.FAILED,
                f"Each upload is processed {len(ours)} times: {names}.",
                "Keep one of these subscriptions.",
            )
        state = ours[0]["properties"].get("provisioningState", "Succeeded")
        if state != "Succeeded":
            return ProbeResult(Verdict.FAILED, f"The event subscription {names} is {state}.", "Run `azd deploy` again.")
        return ProbeResult(
            Verdict.OK, f"{names} delivers the uploads of {self.container} by {_destination(ours[0])[0]}."
        )

    async def _subscriptions(self, account: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        for topic in await _found(self.client, _TOPICS.format(source=account)):
            path = f"{topic['id']}/eventSubscriptions?api-version=2025-02-15"
            found += (await _sent(self.client, HttpRequest("GET", path)))["value"]
        return found

    def _delivers_uploads(self, subscription: Mapping[str, Any]) -> bool:
        """Return whether a subscription delivers creations of these blobs to this app."""
        events = subscription["properties"].get("filter") or {}
        kinds = events.get("includedEventTypes")
        begins = events.get("subjectBeginsWith") or ""
        wanted = f"/blobServices/default/containers/{self.container}/blobs/"
        created = kinds is None or "Microsoft.Storage.BlobCreated" in kinds
        return (
            created and (wanted.startswith(begins) or begins.startswith(wanted)) and bool(_destination(subscription)[1])
        )


def _destination(subscription: Mapping[str, Any]) -> tuple[str, bool]:
    """Return the kind of endpoint and whether it is this app's (see infra/modules/event-subscription.bicep)."""
    properties = subscription["properties"]
    destination = (properties.get("deliveryWithResourceIdentity") or properties).get("destination") or {}
    about = destination.get("properties") or {}
    match kind := str(destination.get("endpointType", "")):
        case "WebHook":
            return kind, str(about.get("endpointBaseUrl", "")).endswith("/runtime/webhooks/blobs")
        case "AzureFunction":
            return kind, str(about.get("resourceId", "")).endswith("/functions/on_storage_event")
        case "StorageQueue":
            return kind, about.get("queueName") == "image-work"
        case _:
            return kind, False


def _unknown(why: _Unknown | LookupError) -> ProbeResult:
    said = str(why) if isinstance(why, _Unknown) else f"Azure Resource Manager's answer lacks {why}."
    return ProbeResult(Verdict.UNKNOWN, said, _READER)


async def _only(client: Client, query: str, what: str) -> dict[str, Any]:
    found = await _found(client, query)
    if len(found) != 1:
        raise _Unknown(f"The signed-in identity sees {len(found)} Azure resources that may be {what}.")
    return found[0]


async def _found(client: Client, query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = (await _sent(client, HttpRequest("POST", _GRAPH, json={"query": query})))["data"]
    return rows


async def _sent(client: Client, request: HttpRequest) -> dict[str, Any]:
    request.url = client.format_url(request.url)
    try:
        response = await client.send_request(request)
        await response.read()
        if response.status_code != 200:
            raise _Unknown(f"Azure Resource Manager answered {response.status_code}.")
        answer: dict[str, Any] = response.json()
    except AzureError as error:
        raise _Unknown(f"Azure Resource Manager is unreachable ({type(error).__name__}).") from error
    except ValueError as error:
        raise _Unknown("Azure Resource Manager's answer is not JSON.") from error
    return answer
