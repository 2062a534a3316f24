"""What is asked of Azure Resource Manager, and what is made of its answers.

The answers are those of its reference; that Resource Graph understands the queries was not run against Azure.
"""

import json
import ssl
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import aiohttp
import pytest
from azure.core.pipeline.transport import AioHttpTransport
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from describer.adapters.probes.manager import ProcessingProbe, SubscriptionProbe, connect
from describer.app import App
from describer.pipeline.ports import ProbeResult, Verdict
from describer.settings import Settings
from local.serving import Running
from local.storage import Storage
from tests.unit.test_settings import GOOD

GROUP = "/subscriptions/1/resourceGroups/g/providers"
MODEL = f"{GROUP}/Microsoft.CognitiveServices/accounts/vision"
ACCOUNT = f"{GROUP}/Microsoft.Storage/storageAccounts/pictures"
TOPIC = f"{GROUP}/Microsoft.EventGrid/systemTopics/pictures"
WEBHOOK = {
    "endpointType": "WebHook",
    "properties": {"endpointBaseUrl": "https://app.azurewebsites.net/runtime/webhooks/blobs"},
}
QUEUE = {"endpointType": "StorageQueue", "properties": {"queueName": "image-work"}}


def subscription(name: str = "uploads", destination: Any = WEBHOOK, begins: str = "", **more: Any) -> dict[str, Any]:
    begins = begins or "/blobServices/default/containers/images/blobs/"
    events = {"includedEventTypes": ["Microsoft.Storage.BlobCreated"], "subjectBeginsWith": begins}
    facts = {"destination": destination, "filter": events, "provisioningState": "Succeeded"}
    return {"name": name, "properties": facts | more}


@dataclass
class Manager:
    """Answers as Azure Resource Manager does: rows by the type that a query names, resources by their path."""

    server: Running = field(init=False)
    rows: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    resources: dict[str, Any] = field(default_factory=dict)
    status: int = 200
    queries: list[str] = field(default_factory=list)

    async def answer(self, request: Request) -> Response:
        if self.status != 200 or not request.headers["authorization"].startswith("Bearer "):
            return JSONResponse({"error": {"code": "AuthorizationFailed"}}, self.status)
        if request.method == "GET":
            return JSONResponse(self.resources[request.url.path])
        self.queries.append(json.loads(await request.body())["query"])
        return JSONResponse({"data": next(rows for kind, rows in self.rows.items() if kind in self.queries[-1])})


@pytest.fixture
def manager(storage: Storage) -> Iterator[Manager]:
    made = Manager()
    app = Starlette(routes=[Route("/{path:path}", made.answer, methods=["GET", "POST"])])
    made.server = Running(lambda: app, tls=True, certificate=storage.certificate)
    made.server.up()
    made.rows = {
        "cognitiveservices": [{"id": MODEL, "location": "swedencentral"}],
        "storageaccounts": [{"id": ACCOUNT}],
        "systemtopics": [{"id": TOPIC}],
    }
    yield made
    made.server.close()


async def looked(manager: Manager, storage: Storage, probe: type[ProcessingProbe | SubscriptionProbe]) -> ProbeResult:
    trust = ssl.create_default_context(cafile=storage.certificate.certificate)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), auto_decompress=False)
    transport = AioHttpTransport(session=session, session_owner=True)
    about = ("vision", "gpt-5.6-luna") if probe is ProcessingProbe else ("pictures", "images")
    async with connect(storage.identity, manager.server.url, transport) as client:
        return await probe(client, "check", *about).check()


@pytest.mark.parametrize(
    ("sku", "place"),
    [
        ("GlobalStandard", "in any region"),
        ("DataZoneStandard", "the data zone (EU, US or Asia Pacific) of swedencentral"),
        ("Standard", "in swedencentral."),
        ("ProvisionedManaged", "in swedencentral."),
    ],
)
async def test_the_deployments_type_says_where_pictures_are_processed(
    manager: Manager, storage: Storage, sku: str, place: str
) -> None:
    manager.resources[f"{MODEL}/deployments/gpt-5.6-luna"] = {"sku": {"name": sku}}
    found = await looked(manager, storage, ProcessingProbe)
    assert (found.verdict, sku in found.found, place in found.found) == (Verdict.OK, True, True)
    assert "'vision'" in manager.queries[0]


@pytest.mark.parametrize(
    ("subscriptions", "verdict", "shown"),
    [
        ([subscription()], Verdict.OK, "uploads delivers the uploads of images by WebHook"),
        ([subscription(deliveryWithResourceIdentity={"destination": QUEUE})], Verdict.OK, "by StorageQueue"),
        ([subscription(begins="/blobServices/default/containers/")], Verdict.OK, "by WebHook"),
        ([subscription(), subscription("more", QUEUE)], Verdict.FAILED, "2 times: uploads, more"),
        ([subscription(provisioningState="Failed")], Verdict.FAILED, "uploads is Failed"),
        ([], Verdict.FAILED, "No event subscription"),
        ([subscription(begins="/blobServices/default/containers/other/")], Verdict.FAILED, "No event subscription"),
        ([subscription(filter={"includedEventTypes": ["Microsoft.Storage.BlobDeleted"]})], Verdict.FAILED, "No event"),
        ([subscription(destination={"endpointType": "EventHub"})], Verdict.FAILED, "No event subscription"),
    ],
)
async def test_uploads_must_reach_the_app_by_one_way(
    manager: Manager, storage: Storage, subscriptions: list[dict[str, Any]], verdict: Verdict, shown: str
) -> None:
    manager.resources[f"{TOPIC}/eventSubscriptions"] = {"value": subscriptions}
    found = await looked(manager, storage, SubscriptionProbe)
    assert (found.verdict, shown in found.found) == (verdict, True), found
    assert f"'{ACCOUNT}'" in manager.queries[1]


@pytest.mark.parametrize("probe", [ProcessingProbe, SubscriptionProbe])
async def test_what_may_not_be_seen_is_unknown_and_no_failure(
    manager: Manager, storage: Storage, probe: type[ProcessingProbe | SubscriptionProbe]
) -> None:
    manager.rows = {kind: [{"id": "/odd", "location": "nowhere"}] for kind in manager.rows}
    manager.resources = {"/odd/deployments/gpt-5.6-luna": {}, "/odd/eventSubscriptions": {}}
    odd = await looked(manager, storage, probe)
    assert (odd.verdict, "answer lacks" in odd.found) == (Verdict.UNKNOWN, True)
    manager.rows = {kind: [] for kind in manager.rows}
    unseen = await looked(manager, storage, probe)
    assert (unseen.verdict, "sees 0 Azure resources" in unseen.found) == (Verdict.UNKNOWN, True)
    manager.status = 403
    refused = await looked(manager, storage, probe)
    assert (refused.verdict, "403" in refused.found, "Reader" in refused.advice) == (Verdict.UNKNOWN, True, True)
    manager.server.down()
    assert (await looked(manager, storage, probe)).verdict is Verdict.UNKNOWN


async def test_only_azures_own_addresses_are_probed() -> None:
    here = App(Settings.read(GOOD))
    assert {type(probe) for probe in here.probes_of_azure_too} >= {ProcessingProbe, SubscriptionProbe}
    assert not {type(probe) for probe in here.probes} & {ProcessingProbe, SubscriptionProbe}
    elsewhere = {"IMAGES__blobServiceUri": "https://127.0.0.1:1/images", "AZURE_OPENAI_ENDPOINT": "http://127.0.0.1:1"}
    emulated = App(Settings.read(GOOD | elsewhere))
    assert not {type(probe) for probe in emulated.probes_of_azure_too} & {ProcessingProbe, SubscriptionProbe}
    for app in (here, emulated):
        await app.close()
