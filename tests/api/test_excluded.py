"""However an excluded picture's name is spelt, and by whichever way it comes, the model never sees it."""

import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest

from describer.domain.errors import DescriberError
from describer.domain.image_ref import ImageRef
from describer.entrypoints.cli.batch import Work as Batch
from describer.entrypoints.cli.inputs import find
from describer.entrypoints.cli.results import Result
from describer.entrypoints.mcp import Tools
from describer.pipeline.backfill.library import Listed
from describer.pipeline.backfill.selection import Judgement, Selection
from describer.pipeline.backfill.state import BackfillOptions, Only
from describer.pipeline.blob_filter import BlobFilter
from tests.api.conftest import Api
from tests.backfills import blob
from tests.fakes import FakeQueue
from tests.spellings import DESCRIBED, EXCLUDE, REFUSED, SPELLINGS
from tests.unit.conftest import BRIEF, Harness

type Middleware = Callable[[Api, str], Awaitable[None]]


@pytest.fixture
def harness() -> Harness:
    """An installation that leaves pictures out, with one under each name that storage makes of a spelling."""
    made = Harness(blob_filter=BlobFilter(("images",), exclude=EXCLUDE))
    for name in (*SPELLINGS, *DESCRIBED):
        made.images.put(ImageRef("images", name.replace("\\", "/")), b"cat")
    return made


def _subject(name: str) -> str:
    return f"/blobServices/default/containers/images/blobs/{name}"


async def _by_blob_trigger(api: Api, name: str) -> None:
    await api.harness.delivery.handle_upload("images", name)


async def _by_queue(api: Api, name: str) -> None:
    event = {"eventType": "Microsoft.Storage.BlobCreated", "subject": _subject(name)}
    await api.harness.delivery.handle_message(json.dumps(event).encode())


async def _by_event_grid(api: Api, name: str) -> None:
    """Queues the picture, and works on what was queued."""
    queue = FakeQueue()
    api.harness.queue = queue
    await api.harness.delivery.handle_event("Microsoft.Storage.BlobCreated", _subject(name), {})
    for message, _ in queue.sent:
        await api.harness.delivery.handle_message(message.encode())


async def _by_rename(api: Api, name: str) -> None:
    """The name is the one before the renaming, percent-encoded as in an address."""
    url = "https://a.blob.core.windows.net/images/" + "".join(f"%{byte:02X}" for byte in name.encode())
    event = {"eventType": "Microsoft.Storage.BlobRenamed", "subject": _subject("new.jpg"), "data": {"sourceUrl": url}}
    await api.harness.delivery.handle_message(json.dumps(event).encode())


async def _by_http(api: Api, name: str, *, write: bool = False) -> None:
    body = {"images": [{"blob": {"container": "images", "name": name}}], "write": write}
    response = await api.client.post("/api/describe", json=body)
    assert response.status_code in {200, 403, 422}, response.text


async def _by_http_to_write(api: Api, name: str) -> None:
    await _by_http(api, name, write=True)


async def _by_mcp(api: Api, name: str) -> None:
    tools = Tools(api.setup.on_demand, api.harness.catalogue, api.setup.memory)
    await tools.call("describe_image", json.dumps({"arguments": {"blob": f"images/{name}"}}))


async def _by_mcp_question(api: Api, name: str) -> None:
    tools = Tools(api.setup.on_demand, api.harness.catalogue, api.setup.memory)
    asking = {"arguments": {"question": "Who is it?", "images": [f"images/{name}"]}}
    await tools.call("ask_about_images", json.dumps(asking))


async def _by_command_line(api: Api, name: str) -> None:
    batch = Batch(api.setup.on_demand, 4)
    results: dict[int, Result] = {}
    sources = find([name], "images", b"").sources
    await batch.describe(sources, BRIEF, write=True, on_begun=lambda _: None, on_done=results.__setitem__)


async def _by_question(api: Api, name: str) -> None:
    body = {"images": [{"blob": {"container": "images", "name": name}}], "prompt": "Who is it?"}
    await api.client.post("/api/describe", json=body)


ENTRY_POINTS: tuple[Middleware, ...] = (
    _by_blob_trigger,
    _by_queue,
    _by_event_grid,
    _by_rename,
    _by_http,
    _by_http_to_write,
    _by_mcp,
    _by_mcp_question,
    _by_command_line,
    _by_question,
)
entry_points = pytest.mark.parametrize("entry_point", ENTRY_POINTS, ids=lambda entry_point: entry_point.__name__)


@entry_points
async def test_no_spelling_leads_to_an_excluded_picture(api: Api, entry_point: Middleware) -> None:
    harness = api.harness
    for name in (*SPELLINGS, *REFUSED):
        with suppress(DescriberError, ValueError):  # a message of such a name becomes a dead letter
            await entry_point(api, name)
        assert (harness.images.reads, harness.model.calls, harness.records.writes) == ([], [], 0), name
    assert not any(blob.metadata for blob in harness.images.blobs.values())


@pytest.mark.parametrize("only", [Only.ALL, Only.MISSING])
def test_a_backfill_queues_no_spelling_of_an_excluded_picture(harness: Harness, only: Only) -> None:
    """Begun by HTTP or by the command line."""
    options = BackfillOptions(container="images", only=(only,))
    chosen = Selection(options, harness.blob_filter, BRIEF, 10**6)
    listed = [Listed(blob(name.replace("\\", "/")), None) for name in SPELLINGS]
    assert {chosen.judge(each) for each in listed} == {Judgement.EXCLUDED}


@entry_points
@pytest.mark.parametrize("name", DESCRIBED)
async def test_a_blob_of_its_own_is_described(api: Api, entry_point: Middleware, name: str) -> None:
    await entry_point(api, name)
    assert [ref.name for ref in api.harness.images.reads] == [name]


@pytest.mark.parametrize("name", REFUSED)
async def test_a_name_that_no_blob_can_have_gets_a_sentence(api: Api, name: str) -> None:
    body = {"images": [{"blob": {"container": "images", "name": name}}]}
    response = await api.client.post("/api/describe", json=body)
    assert response.status_code == 422
    (error,) = response.json()["errors"]
    assert error["field"] == "images[0].blob.name"
    assert error["message"].endswith("is not a blob's name: a segment of it is . or ..")


def test_there_are_many_spellings() -> None:
    assert len(set(SPELLINGS)) >= 80
