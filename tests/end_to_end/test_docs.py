"""The examples in docs/ work as they are printed: on the development host, and those with URLs on a little internet."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

from describer.adapters.web.fetch import Web
from describer.app import App
from describer.settings import Settings
from local import tls
from local.azure_openai.access import Access
from local.azure_openai.resource import Resource
from local.azure_openai.script import Model, Script, serve
from local.ports import free_ports
from local.serving import Running
from local.stack import Stack
from tests import pictures
from tests.end_to_end import examples
from tests.end_to_end.examples import Example
from tests.internet import Internet, answer
from tests.storage import WITHIN, until_async

ROOT: Final = examples.ROOT
CAT: Final = "pets/cat.jpg"  # in examples.md
CORRECTED: Final = "Tom asleep on a grey sofa."
SECRET: Final = "a-secret-of-the-tests"
WEBHOOK: Final = "Receive events by a webhook"


def _parameters(*documents: str) -> Iterator[Any]:
    for document in documents:
        found = (each for each in examples.of(document) if not each.code.startswith("export"))
        for number, example in enumerate(found):
            if document != "examples.md" and example.language == "csharp":
                continue  # a fragment, which says that it is not run
            yield pytest.param(example, id=f"{document}-{number}-{example.language}")


EXAMPLES = list(_parameters("http.md", "from-the-notebook.md"))
TO_PASTE = list(_parameters("examples.md"))


def _under(*headings: str) -> list[Any]:
    return [each for each in TO_PASTE if each.values[0].heading in headings]


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with serve(Script(), Resource(access=Access(api_key="key"))) as model:
        yield model


@pytest.fixture(scope="module")
def stack(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The development host with all that it needs; uploads do not reach it."""
    settings = {"AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna"}
    with Stack(ROOT, tmp_path_factory.mktemp("stack"), settings, model_url=model.url, route=None) as stack:
        yield stack


@pytest.fixture(scope="module")
def host(stack: Stack) -> dict[str, str]:
    """What an example's environment has."""
    return {"APP": stack.addresses.http, "KEY": stack.addresses.function_key}


@pytest.fixture
async def service(host: dict[str, str]) -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(base_url=host["APP"], headers={"x-functions-key": host["KEY"]}, timeout=60) as client:
        yield client


@pytest.fixture
async def blob(stack: Stack) -> None:
    """A picture as examples.md names it, without a record."""
    async with stack.storage.blob_service() as blobs:
        await blobs.get_blob_client("images", CAT).upload_blob(pictures.jpeg(320, 200), overwrite=True)
        descriptions = blobs.get_container_client("descriptions")
        async for found in descriptions.list_blobs():
            await descriptions.delete_blob(found.name)


@pytest.fixture
async def record(blob: None, service: httpx2.AsyncClient) -> None:
    """The picture's record."""
    images = [{"blob": {"container": "images", "name": CAT}}]
    (await service.post("/api/describe", json={"images": images, "write": True})).raise_for_status()


class Abroad(App):
    """The app, but for where the internet is."""

    def __init__(self, settings: Settings, internet: Internet) -> None:
        super().__init__(settings)
        self.internet = internet

    @cached_property
    def web(self) -> Web:
        return Web(self.settings.max_bytes, resolve=self.internet.resolve, transports=self.internet.transport)


@pytest.fixture
async def abroad(model: Model, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The same interface, served by uvicorn, with `pictures.example` within its reach."""
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    settings = Settings.read(values | {"AZURE_OPENAI_ENDPOINT": model.url, "AZURE_OPENAI_API_KEY": "key"})
    internet = Internet({"pictures.example": ["8.8.8.8"]}, tls.make(tmp_path, "pictures.example"))
    internet.answers["/picture"] = answer(body=pictures.jpeg(300, 200))
    async with internet.running():
        running = Running(lambda: Abroad(settings, internet).http)
        running.up()
        yield {"APP": running.url, "KEY": "none"}
        running.close()


async def _run(example: Example, environment: Mapping[str, str]) -> str:
    try:
        return await examples.run(example, environment)
    except examples.NoCompiler as why:
        pytest.skip(str(why))


def _compared(said: str, shown: str | None) -> None:
    if shown is None:
        assert "test picture" in said
        return
    actual, expected = json.loads(said), json.loads(shown)
    assert actual.keys() == expected.keys()
    assert actual.get("status") == expected.get("status")
    statuses = [[each["status"] for each in shape.get("results", ())] for shape in (actual, expected)]
    assert statuses[0] == statuses[1]


@pytest.mark.parametrize("example", [each for each in EXAMPLES if not each.values[0].is_abroad])
async def test_an_example_works_on_the_host(example: Example, host: dict[str, str]) -> None:
    _compared(await _run(example, host), example.shown)


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.values[0].is_abroad])
async def test_an_example_with_a_url_works(example: Example, abroad: dict[str, str]) -> None:
    _compared(await _run(example, abroad), example.shown)


@pytest.mark.parametrize("example", _under("Upload a picture"))
async def test_a_picture_is_uploaded(example: Example, host: dict[str, str]) -> None:
    assert "A test picture of 600 by 400" in await _run(example, host)


@pytest.mark.parametrize("example", _under("A picture by URL"))
async def test_a_picture_by_url_is_described_in_two_languages(example: Example, abroad: dict[str, str]) -> None:
    said = await _run(example, abroad)
    assert "A test picture of 300 by 200" in said
    assert "Ein Testbild von 300 mal 200" in said


@pytest.mark.usefixtures("blob")
@pytest.mark.parametrize("example", _under("A blob"))
async def test_a_blobs_record_is_stored(example: Example, host: dict[str, str], service: httpx2.AsyncClient) -> None:
    said = await _run(example, host)
    stored = (await service.get(f"/api/descriptions/images/{CAT}")).json()
    assert "A test picture of 320 by 200" in stored["alt_text"]
    assert stored["alt_text"] in said


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("example", _under("List what is stored"))
async def test_stored_records_are_listed(example: Example, host: dict[str, str], service: httpx2.AsyncClient) -> None:
    stored = (await service.get(f"/api/descriptions/images/{CAT}")).json()
    said = await _run(example, host)
    assert CAT in said and stored["alt_text"] in said


@pytest.mark.usefixtures("record")
@pytest.mark.parametrize("example", _under("Correct a text"))
async def test_a_text_is_corrected(example: Example, host: dict[str, str], service: httpx2.AsyncClient) -> None:
    assert CORRECTED in await _run(example, host)
    stored = (await service.get(f"/api/descriptions/images/{CAT}")).json()
    assert (stored["alt_text"], stored["review"]) == (CORRECTED, "edited")


def _servers() -> list[Any]:
    return [each for each in _under(WEBHOOK) if each.values[0].language != "sh"]


async def _serves(port: int) -> bool:
    async with httpx2.AsyncClient() as client:
        try:
            return (await client.options(f"http://127.0.0.1:{port}/")).status_code == 401
        except httpx2.TransportError:
            return False


@pytest.mark.parametrize("example", _servers())
async def test_a_webhook_agrees_to_events_prints_them_and_lets_no_one_else_in(example: Example) -> None:
    text = (ROOT / "docs" / "events.md").read_text(encoding="utf-8")
    event = json.loads(text.split("```json\n")[1].split("```")[0])
    (port,) = free_ports(1)
    origin = {"webhook-request-origin": "eventgrid.azure.net"}
    environment = {"PORT": str(port), "SECRET": SECRET}
    try:
        async with examples.started(example, environment) as server, httpx2.AsyncClient() as client:
            await until_async(lambda: _serves(port))
            url = f"http://127.0.0.1:{port}/"
            for wrong in (url, f"{url}?secret=", f"{url}?secret={SECRET}x"):
                assert (await client.post(wrong, json=event)).status_code == 401
            agreed = await client.options(f"{url}?secret={SECRET}", headers=origin)
            assert (agreed.status_code, agreed.headers["webhook-allowed-origin"]) == (200, "eventgrid.azure.net")
            for body in (event, [event, event]):
                assert (await client.post(f"{url}?secret={SECRET}", json=body)).status_code == 200
            assert server.stdout is not None
            lines = [line async for line in _lines(server.stdout, f"images/{CAT}: described", 3)]
    except examples.NoCompiler as why:
        pytest.skip(str(why))
    assert len(lines) == 3


async def _lines(output: asyncio.StreamReader, line: str, count: int) -> AsyncIterator[str]:
    """As many of such lines as are wanted, and not the others, such as those of a server's log."""
    async with asyncio.timeout(WITHIN):
        while count:
            if (await output.readline()).decode().strip() == line:
                count -= 1
                yield line


async def test_curl_tries_a_webhook() -> None:
    (server,) = (each.values[0] for each in _servers() if each.values[0].language == "python")
    (curl,) = (each.values[0] for each in _under(WEBHOOK) if each.values[0].language == "sh")
    (port,) = free_ports(1)
    environment = {"PORT": str(port), "SECRET": SECRET}
    async with examples.started(server, environment) as webhook:
        await until_async(lambda: _serves(port))
        assert "WebHook-Allowed-Origin: eventgrid.azure.net" in await _run(curl, environment)
        assert webhook.stdout is not None
        assert [line async for line in _lines(webhook.stdout, f"images/{CAT}: described", 1)]


def test_each_task_is_shown_in_each_language() -> None:
    shown: dict[str, set[str]] = {}
    for each in TO_PASTE:
        shown.setdefault(each.values[0].heading, set()).add(each.values[0].language)
    assert len(shown) == 6
    assert {frozenset(languages) for languages in shown.values()} == {frozenset({*examples.RUNNERS, "csharp"})}
    assert (ROOT / "docs" / "examples.md").read_text("utf-8").count("```powershell\n") == len(shown)


def test_there_are_examples_of_every_kind() -> None:
    found = [each.values[0] for each in EXAMPLES]
    assert {example.language for example in found} == set(examples.RUNNERS)
    assert {example.is_abroad for example in found} == {True, False}
