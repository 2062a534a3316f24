"""A gateway that stops some of twenty pictures: by queue, HTTP and command line, over the real SDK."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from io import BytesIO
from pathlib import Path

import httpx2
import pytest
from PIL import Image

from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.gateway import Gateway
from describer.adapters.chat.limiter import Limiter
from describer.adapters.chat.probe_picture import WIDTH as PROBE_WIDTH
from describer.adapters.chat.quota import Quota
from describer.app import App
from describer.domain.image_ref import ImageRef
from describer.domain.status import Status
from describer.entrypoints.http.build import asgi
from describer.operations.health import Check
from describer.vision.families import family, generic
from local.azure_openai.access import Access
from local.azure_openai.answers import Fault, Request
from local.azure_openai.resource import Resource
from local.azure_openai.script import Model, Reply, Script, describe, serve
from tests.backfills import backfill_steps
from tests.cli.conftest import Shell
from tests.unit.conftest import Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

MAX_ATTEMPTS = 3
WIDTHS = range(200, 220)
STOPPED = {203, 204, 211}
BODIES = [
    Fault(403, {"statusCode": 403, "message": "This request was stopped by the content check."}),
    Fault(424, {"error": {"code": 424, "message": "Failed dependency."}}),
    Fault(451, "<html>no</html>", {"content-type": "text/html"}),
    Fault(403, {"error": {"code": "RequestBlocked", "message": "no"}}),
]


@dataclass
class Gate:
    """A rule: pictures of these widths are stopped; `asked` counts each."""

    says: Fault
    stops: set[int]
    asked: Counter[int] = field(default_factory=Counter)

    def __call__(self, request: Request) -> Reply:
        width = request.images[0].width
        self.asked[width] += 1
        return self.says if width in self.stops else describe(request)


def _jpeg(width: int) -> bytes:
    out = BytesIO()
    Image.new("RGB", (width, 100), (width % 256, 90, 40)).save(out, "JPEG")
    return out.getvalue()


@pytest.fixture
def server() -> Iterator[Model]:
    with serve(Script(), Resource(access=Access(api_key="key"))) as model:
        yield model


@pytest.fixture
async def harness(server: Model) -> AsyncIterator[Harness]:
    harness = Harness(max_bytes=10**6)
    async with connect(server.base_url, key="key", credential=None, scope="") as client:
        gateway = Gateway(max_attempts=MAX_ATTEMPTS, pause=0.01)
        limiter = Limiter(4, Quota(pause=0.01))
        chat = ChatModel(client, lambda name: family(name) or generic(), 20, limiter, 0.01, gateway)
        harness.model = chat  # type: ignore[assignment]
        for width in WIDTHS:
            harness.images.put(ImageRef("images", f"{width}.jpg"), _jpeg(width))
        yield harness


def _gate(server: Model, says: Fault, stops: set[int]) -> Gate:
    gate = Gate(says, stops)
    server.script.always(gate)
    return gate


async def _upload_all(harness: Harness) -> None:
    """Deliver every upload, then the queue's messages until it is empty or each was deferred ten times."""
    await asyncio.gather(*(harness.delivery.handle_upload("images", f"{width}.jpg") for width in WIDTHS))
    for _ in range(10):
        waiting, harness.queue.sent = harness.queue.sent, []
        await asyncio.gather(*(harness.delivery.handle_message(message.encode()) for message, _ in waiting))


def _statuses(harness: Harness) -> dict[int, Status]:
    return {int(ref.name[:3]): stored.record.status for ref, stored in harness.records.stored.items()}


def _hold(gate: Gate, ended: set[int]) -> None:
    assert ended == STOPPED
    assert all(1 <= gate.asked[width] <= MAX_ATTEMPTS for width in STOPPED)
    assert all(gate.asked[width] == 1 for width in set(WIDTHS) - STOPPED)


@pytest.mark.parametrize("says", BODIES, ids=["403", "424", "451", "403-own-word"])
async def test_of_twenty_in_the_queue_three_end_and_the_others_are_described(
    server: Model, harness: Harness, says: Fault
) -> None:
    gate = _gate(server, says, STOPPED)
    await _upload_all(harness)
    statuses = _statuses(harness)
    assert Counter(statuses.values())[Status.DESCRIBED] == 17
    _hold(gate, {width for width, status in statuses.items() if status in {Status.FILTERED, Status.FAILED}})
    assert not harness.queue.sent


async def test_a_firewall_is_the_installations_even_while_others_are_answered(server: Model, harness: Harness) -> None:
    """Such as while its rules are changed: some instances of the service know of them, others not yet."""
    said = {"error": {"code": "403", "message": "Access denied due to Virtual Network/Firewall rules."}}
    gate = _gate(server, Fault(403, said), STOPPED)
    await _upload_all(harness)
    assert _statuses(harness).keys() == set(WIDTHS) - STOPPED
    assert len(harness.queue.sent) == 3 and all('"attempts": 0' in message for message, _ in harness.queue.sent)
    gate.stops = set()
    for message, _ in harness.queue.sent:
        await harness.delivery.handle_message(message.encode())
    assert set(_statuses(harness).values()) == {Status.DESCRIBED}


async def test_while_all_are_blocked_no_picture_fails_and_all_are_described_after_the_fix(
    server: Model, harness: Harness
) -> None:
    _gate(server, BODIES[0], {*WIDTHS, PROBE_WIDTH})
    await _upload_all(harness)
    assert not harness.records.stored
    assert len(harness.queue.sent) == 20
    server.script.always(describe)
    waiting, harness.queue.sent = harness.queue.sent, []
    for message, _ in waiting:
        await harness.delivery.handle_message(message.encode())
    assert Counter(_statuses(harness).values()) == {Status.DESCRIBED: 20}


@pytest.fixture
async def client(harness: Harness) -> AsyncIterator[httpx2.AsyncClient]:
    async def no_checks() -> list[Check]:
        return []

    setup = OnDemandSetup(harness)
    app = asgi(
        lambda: setup.on_demand,
        lambda: harness.corrector,
        lambda: harness.catalogue,
        backfill_steps,
        no_checks,
        setup.memory,
        10**6,
    )
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://app") as client:
        yield client


@pytest.mark.parametrize("says", BODIES[:3], ids=["403", "424", "451"])
async def test_by_http_three_blocked_pictures_of_twenty_get_their_own_error(
    server: Model, client: httpx2.AsyncClient, says: Fault
) -> None:
    gate = _gate(server, says, STOPPED)
    answers = {}
    for width in WIDTHS:
        answers[width] = await client.post(
            "/api/describe", content=_jpeg(width), headers={"content-type": "image/jpeg"}
        )
    statuses = {width: answer.status_code for width, answer in answers.items()}
    assert Counter(statuses.values()) == {200: 17, 422: 3}
    assert "retry-after" not in answers[203].headers
    _hold(gate, {width for width, status in statuses.items() if status == 422})


async def test_by_http_where_all_are_stopped_it_is_the_installations(server: Model, client: httpx2.AsyncClient) -> None:
    _gate(server, BODIES[0], {*WIDTHS, PROBE_WIDTH})
    answer = await client.post("/api/describe", content=_jpeg(200), headers={"content-type": "image/jpeg"})
    assert (answer.status_code, answer.json()["type"].rpartition(":")[2]) == (503, "misconfigured")


@pytest.fixture
def shell(server: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    settings = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_MODEL": "gpt-5.6-luna", "OPENAI_API_KEY": "key"}
    shell = Shell(tmp_path, capsys, settings | {"MAX_ATTEMPTS": str(MAX_ATTEMPTS)})
    for width in WIDTHS:
        shell.picture(f"photos/{width}.jpg", _jpeg(width))
    return shell


@pytest.mark.parametrize("at_a_time", ["1", "8"])
async def test_by_command_line_three_blocked_pictures_of_twenty_fail_and_all_are_reported(
    server: Model, shell: Shell, at_a_time: str
) -> None:
    gate = _gate(server, BODIES[0], STOPPED)
    done = await shell.here("describe", "photos", "--json", MODEL_CONCURRENCY=at_a_time)
    statuses = {line["source"]["width"]: line["status"] for line in done.lines}
    assert Counter(statuses.values()) == {"described": 17, "filtered": 3}
    assert done.code == 1
    _hold(gate, {width for width, status in statuses.items() if status == "filtered"})


async def test_by_command_line_where_all_are_stopped_it_is_the_installations(server: Model, shell: Shell) -> None:
    _gate(server, BODIES[0], {*WIDTHS, PROBE_WIDTH})
    done = await shell.here("describe", "photos", "--json")
    assert (done.code, done.lines) == (3, [])
    assert "403" in done.err and "This request was stopped" in done.err
    server.script.always(describe)
    again = await shell.here("describe", "photos", "--json")
    assert (again.code, len(again.lines)) == (0, 20)


def test_the_settings_reach_the_gateway() -> None:
    needed = {"OPENAI_BASE_URL": "http://127.0.0.1:1/v1", "OPENAI_MODEL": "m"}
    settings = {"BLOCKED_LAST_PICTURES": "7", "BLOCKED_WINDOW_SECONDS": "9", "MAX_ATTEMPTS": "2"}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (needed | settings).items():
            patch.setenv(name, value)
        model = App.without_telemetry((), {}).model
    assert isinstance(model, ChatModel)
    assert (model.gateway.last, model.gateway.window, model.gateway.max_attempts) == (7, 9, 2)
