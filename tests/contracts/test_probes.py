"""The probes find out what is wrong, against what answers as Azure does, and leave nothing behind."""

import json
import re
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path

import aiohttp
import pytest
from azure.core.exceptions import ClientAuthenticationError
from azure.storage.blob.aio import BlobServiceClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from describer.adapters.chat import client as chat
from describer.adapters.chat.probe_picture import HEIGHT, WIDTH
from describer.adapters.probes.identity import IdentityProbe
from describer.adapters.probes.model import ModelProbe
from describer.adapters.probes.storage import ContainerProbe, QueueProbe
from describer.adapters.probes.topic import TopicProbe, connect
from describer.adapters.storage import blob_service, queue_client
from describer.pipeline.ports import ProbeResult, Verdict
from describer.settings import Account, ModelServer, Provider
from describer.vision.brief import Brief
from describer.vision.families import family
from local.azure_openai import faults
from local.azure_openai.answers import Fault
from local.azure_openai.answers import Request as Asked
from local.azure_openai.script import Model, Reply, Script, describe, serve
from local.identity import mint
from local.serving import Running
from local.sink import Topic
from local.storage import Storage
from tests.service import Service
from tests.storage import unique

LUNA = family("gpt-5.6-luna")
KEY = "Zm9vYmFy"


@pytest.fixture
async def blobs(storage: Storage) -> AsyncIterator[BlobServiceClient]:
    async with storage.blob_service() as service:
        yield service


@pytest.fixture
def refusing() -> Iterator[Running]:
    """Answers every request as the query of its path says: `/403/AuthorizationPermissionMismatch`."""

    async def refuse(request: Request) -> Response:
        code = request.path_params["code"]
        return Response(status_code=request.path_params["status"], headers={"x-ms-error-code": code})

    methods = ["GET", "PUT", "POST", "HEAD"]
    app = Starlette(routes=[Route("/{status:int}/{code}/{rest:path}", refuse, methods=methods)])
    server = Running(lambda: app)
    server.up()
    yield server
    server.close()


def emulated(server: Running, answer: str) -> Account:
    """An account whose every answer is this one."""
    at = f"{server.url}/{answer}"
    return Account(f"AccountName=somebody;AccountKey={KEY};BlobEndpoint={at};QueueEndpoint={at}")


async def test_a_container_that_is_open_is_left_as_it_was(storage: Storage, container: str) -> None:
    """By what is asked of storage: Azurite would not list a blob that was written and deleted again."""
    with Service(storage) as service:
        async with service.blob_service() as blobs:
            probe = ContainerProbe(blobs.get_container_client(container), "DESCRIPTIONS_CONTAINER", writes=True)
            assert (await probe.check()).verdict is Verdict.OK
    assert probe.name == f"storage: container {container}"
    assert [asked.on for asked in service.seen] == ["GET list", "PUT metadata"]


async def test_an_absent_container_is_named_with_the_command_that_makes_it(blobs: BlobServiceClient) -> None:
    name = unique("absent")
    found = await ContainerProbe(blobs.get_container_client(name), "IMAGES_CONTAINER", writes=False).check()
    assert found.verdict is Verdict.FAILED
    assert "ContainerNotFound" in found.found
    assert f"--name {name}" in found.advice and "IMAGES_CONTAINER" in found.advice


async def test_a_queue_reports_its_length(storage: Storage) -> None:
    name = unique("q")
    storage.create_queue(name)
    async with storage.queue_service() as service:
        queue = service.get_queue_client(name)
        await queue.send_message("work")
        found = await QueueProbe(queue).check()
        assert (found.verdict, "messages that wait: about 1." in found.found) == (Verdict.OK, True)
        assert len(await queue.peek_messages(max_messages=5)) == 1
        by_hand = await QueueProbe(queue, by_hand=True).check()
        assert (found.advice, "A person should read them" in by_hand.advice) == ("", True)
        absent = await QueueProbe(service.get_queue_client("absent")).check()
    assert absent.verdict is Verdict.FAILED
    assert "QueueNotFound" in absent.found and "--name absent" in absent.advice


@pytest.mark.parametrize(
    ("answer", "found", "advice"),
    [
        ("403/AuthorizationPermissionMismatch", "403 AuthorizationPermissionMismatch", "Storage Blob Data Contributor"),
        ("403/AuthorizationFailure", "403 AuthorizationFailure", "firewall"),
        ("401/InvalidAuthenticationInfo", "401 InvalidAuthenticationInfo", "role"),
        ("503/ServerBusy", "503 ServerBusy", "again in a minute"),
    ],
)
async def test_what_storage_refuses_is_reported_with_advice(
    refusing: Running, answer: str, found: str, advice: str
) -> None:
    async with blob_service(emulated(refusing, answer), retries=0) as service:
        shown = await ContainerProbe(service.get_container_client("images"), "IMAGES_CONTAINER", writes=True).check()
    assert shown.verdict is Verdict.FAILED
    assert found in shown.found and advice in shown.advice


async def test_a_missing_storage_account_gets_another_finding_than_one_that_refuses(refusing: Running) -> None:
    account = emulated(refusing, "200/gone")
    refusing.down()
    async with blob_service(account, retries=0) as blobs, queue_client(account, "image-work", retries=0) as queue:
        container = blobs.get_container_client("images")
        for probe in (ContainerProbe(container, "IMAGES_CONTAINER", writes=True), QueueProbe(queue)):
            shown = await probe.check()
            assert (shown.verdict, "cannot be reached" in shown.found) == (Verdict.FAILED, True)
            assert KEY not in shown.found + shown.advice


class Holder:
    """A credential with one token, or none."""

    def __init__(self, token: str | None) -> None:
        self._token = token

    async def get_token(self, *_scopes: str, **_options: object) -> object:
        from azure.core.credentials import AccessToken

        if self._token is None:
            raise ClientAuthenticationError("No identity was found.\nTried: this\nTried: that")
        return AccessToken(self._token, 2**31)

    async def close(self) -> None: ...

    async def __aexit__(self, *_: object) -> None: ...


def token(**claims: str) -> str:
    from base64 import urlsafe_b64encode

    return f"e30.{urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        (
            token(xms_mirid="/subscriptions/1/resourcegroups/g/userAssignedIdentities/id-app", tid="t"),
            "identity id-app of tenant t",
        ),
        (token(upn="ada@example.org", appid="az"), "ada@example.org"),
        (token(appid="1234"), "the application 1234"),
        ("opaque", "an identity that the token does not name"),
        ("a.b.c", "an identity that the token does not name"),
        ("a.MTIz.c", "an identity that the token does not name"),
    ],
)
async def test_the_identity_is_named_and_its_token_is_not(given: str, named: str) -> None:
    found = await IdentityProbe("storage", Holder(given), "scope", managed=True).check()  # type: ignore[arg-type]
    assert (found.verdict, named in found.found) == (Verdict.OK, True)
    assert given not in found.found


async def test_a_missing_sign_in_is_one_line_with_advice() -> None:
    found = await IdentityProbe("model", Holder(None), "scope", managed=False).check()  # type: ignore[arg-type]
    assert found.found == "No token for scope: No identity was found."
    assert "az login" in found.advice


async def test_the_identity_is_reported(storage: Storage) -> None:
    found = await IdentityProbe("storage", storage.identity, "https://storage.azure.com/.default", managed=True).check()
    assert storage.identity.client_id in found.found


@pytest.fixture
def topic(storage: Storage, tmp_path: Path) -> Iterator[Topic]:
    running = Topic(tmp_path / "events.jsonl", storage.certificate)
    running.up()
    yield running
    running.close()


async def _asked(topic: Topic, storage: Storage, credential: object, path: str = "") -> ProbeResult:
    import ssl

    from azure.core.pipeline.transport import AioHttpTransport

    trust = ssl.create_default_context(cafile=storage.certificate.certificate)
    session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=trust), auto_decompress=False)
    endpoint = topic.endpoint + path
    async with connect(endpoint, credential, transport=AioHttpTransport(session=session, session_owner=True)) as client:  # type: ignore[arg-type]
        return await TopicProbe(client, endpoint).check()


async def test_a_topic_lets_us_in_and_delivers_nothing(topic: Topic, storage: Storage) -> None:
    assert (await _asked(topic, storage, storage.identity)).verdict is Verdict.OK
    assert topic.events == []


async def test_a_topic_that_refuses_or_is_missing_is_reported(topic: Topic, storage: Storage) -> None:
    stranger = await _asked(topic, storage, Holder(mint("https://elsewhere.example")[0]))
    assert (stranger.verdict, "EventGrid Data Sender" in stranger.advice) == (Verdict.FAILED, True)
    wrong = await _asked(topic, storage, storage.identity, "/no-such-path")
    assert (wrong.verdict, "EVENTS_TOPIC_ENDPOINT" in wrong.advice) == (Verdict.FAILED, True)
    assert "No identity is signed in" in (await _asked(topic, storage, Holder(None))).found
    topic.down()
    assert "cannot be reached" in (await _asked(topic, storage, storage.identity)).found


@pytest.fixture
async def model() -> AsyncIterator[Model]:
    with serve(Script()) as served:
        yield served


BRIEF = Brief(("en",), "gpt-5.6-luna", "high", 1500)


async def _looked(
    model: Model, deployment: str = "gpt-5.6-luna", *, provider: Provider = Provider.AZURE, path: str = "/v1/"
) -> ProbeResult:
    assert LUNA
    server = ModelServer(provider, f"{model.url}{path}", deployment, "", by_token=False)
    brief = replace(BRIEF, model=deployment)
    async with chat.connect(server.base_url, key="", credential=None, scope="") as client:
        return await ModelProbe(client, server, brief, LUNA).check()


async def test_a_model_that_sees_is_reported_with_its_place_and_price(model: Model) -> None:
    found = await _looked(model)
    assert found.verdict is Verdict.OK
    assert "gpt-5.6-luna-2026-07-09 answered from Sweden Central" in found.found
    assert "USD" in found.found
    (request,) = model.requests
    assert request.max_tokens == 16
    assert [(image.width, image.height) for image in request.images] == [(WIDTH, HEIGHT)]
    assert request.schema


@pytest.mark.parametrize(
    ("fault", "verdict", "found", "advice"),
    [
        (faults.permission_denied(), Verdict.FAILED, "401 PermissionDenied", "Cognitive Services OpenAI User"),
        (faults.deployment_not_found(), Verdict.FAILED, "404 DeploymentNotFound", "deployment list"),
        (faults.text_only_deployment(), Verdict.FAILED, "400", "must accept pictures"),
        (faults.rate_limited(60), Verdict.FAILED, "429 RateLimitReached", "quota"),
        (
            faults.gateway_error(403, "Forbidden", "The resource is blocked for now, since what was sent to it ..."),
            Verdict.FAILED,
            "blocked for now",
            "a role does not help. Azure's notice",
        ),
        (
            faults.gateway_error(403, "403", "Access denied due to Virtual Network/Firewall rules."),
            Verdict.FAILED,
            "Firewall rules",
            "See Networking",
        ),
        (faults.server_error(503), Verdict.FAILED, "503", "health"),
        (faults.content_filter_prompt(), Verdict.UNKNOWN, "content_filter", "harmless picture"),
    ],
)
async def test_what_the_model_refuses_is_reported_with_advice(
    model: Model, fault: Fault, verdict: Verdict, found: str, advice: str
) -> None:
    model.script.always(lambda _: fault)
    shown = await _looked(model)
    assert shown.verdict is verdict
    assert found in shown.found and advice in shown.advice


async def test_a_missing_model_or_a_nonsensical_answer_is_reported(model: Model) -> None:
    assert "DeploymentNotFound" in (await _looked(model, "no-such-deployment")).found
    model.down()
    assert "cannot be reached" in (await _looked(model)).found


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (faults.error(401, "Incorrect API key", "invalid_api_key"), "Set OPENAI_API_KEY"),
        (faults.error(404, "model 'gpt-5.6-luna' not found", None), "curl"),
        (faults.error(503, "Loading model", None), "loading the model"),
        (faults.error(400, "image input is not supported", None), "must accept pictures"),
        (Fault(404, "404 page not found"), "documentation"),
        (Fault(200, {"error": "Unexpected endpoint"}), "documentation"),
        (Fault(200, "<html>"), "documentation"),
    ],
)
async def test_a_server_of_ones_own_gets_no_advice_about_azure(model: Model, fault: Fault, advice: str) -> None:
    model.script.always(lambda _: fault)
    told = await _looked(model, provider=Provider.OPENAI)
    assert (told.verdict, advice in told.advice) == (Verdict.FAILED, True), told
    assert not re.search(r"\baz |Azure|role|deployment", told.advice)


async def test_an_address_without_its_version_is_reported(model: Model) -> None:
    told = await _looked(model, provider=Provider.OPENAI, path="/")
    assert f"try {model.url}/v1" in told.advice


async def test_a_server_that_is_gone_is_named_with_its_address(model: Model) -> None:
    model.down()
    told = await _looked(model, provider=Provider.OPENAI)
    assert f"{model.url}/v1 cannot be reached (Connection refused)" in told.found
    assert f"curl {model.url}/v1/models" in told.advice


async def test_an_option_unknown_to_the_server_is_reported(model: Model) -> None:
    def rule(request: Asked) -> Reply:
        unknown = "reasoning_effort" in request.body
        return Fault(400, {"detail": "unknown field reasoning_effort"}) if unknown else describe(request)

    model.script.always(rule)
    told = await _looked(model)
    assert (told.verdict, "without reasoning_effort" in told.found) == (Verdict.OK, True)
