"""What each caller gets for a model server's answer: by HTTP, command line and queue, over the real SDK."""

import tomllib
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.gateway import Gateway
from describer.adapters.chat.limiter import Limiter
from describer.adapters.chat.quota import Quota
from describer.entrypoints.http.build import asgi
from describer.vision.families import family, generic
from local.azure_openai.access import Access
from local.azure_openai.answers import Fault
from local.azure_openai.resource import Resource
from local.azure_openai.script import Model, Script, serve
from tests.backfills import backfill_steps
from tests.cli.conftest import Shell, jpeg
from tests.unit.conftest import CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

CASES = tomllib.loads((Path(__file__).parents[1] / "cases" / "server_answers.toml").read_text("utf-8"))["case"]
QUEUED = [case for case in CASES if "queue" in case]


def _reply(case: dict[str, Any]) -> Fault:
    if "content" not in case:
        return Fault(case["status"], case["body"])
    said: dict[str, Any] = {name: case[name] for name in ("content", "reasoning_content") if name in case}
    choice = {"finish_reason": case["finish_reason"], "message": said | {"role": "assistant"}}
    return Fault(200, {"choices": [choice], "usage": {"prompt_tokens": 900, "completion_tokens": 500}})


def _named(case: dict[str, Any]) -> str:
    return str(case["about"])


@pytest.fixture
def server() -> Iterator[Model]:
    with serve(Script(), Resource(access=Access(api_key="key"))) as model:
        yield model


@pytest.fixture
async def harness(server: Model) -> AsyncIterator[Harness]:
    harness = Harness(max_bytes=10**6)
    harness.images.put(CAT, jpeg(200))
    async with connect(server.base_url, key="key", credential=None, scope="") as client:
        gateway = Gateway(pause=0.01)
        limiter = Limiter(4, Quota(pause=0.01))
        chat = ChatModel(client, lambda name: family(name) or generic(), 20, limiter, 0.01, gateway)
        harness.model = chat  # type: ignore[assignment]
        yield harness


@pytest.mark.parametrize("case", CASES, ids=_named)
async def test_by_http(server: Model, harness: Harness, case: dict[str, Any]) -> None:
    async def no_checks() -> list[Any]:
        return []

    server.script.always(lambda _: _reply(case))
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
    files = [("images", (f"{at}.jpg", jpeg(200 + at), "image/jpeg")) for at in range(case.get("pictures", 0) or 1)]
    question = {"prompt": "What is it?"} if case.get("pictures") else {}
    async with httpx2.AsyncClient(transport=httpx2.ASGITransport(app), base_url="http://app") as client:
        answer = await client.post("/api/describe", files=files, data=question)
    assert answer.status_code == case["http"], answer.text
    assert len(server.requests) == case["calls"]
    if case.get("kind"):
        assert answer.json()["type"].rpartition(":")[2] == case["kind"]
    if case.get("kind") != "misconfigured":
        assert "retry-after" not in answer.headers
        assert case["says"] in answer.text


@pytest.mark.parametrize("case", CASES, ids=_named)
async def test_by_command_line(
    server: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: dict[str, Any]
) -> None:
    server.script.always(lambda _: _reply(case))
    settings = {"OPENAI_BASE_URL": f"{server.url}/v1", "OPENAI_MODEL": "gpt-5.6-luna", "OPENAI_API_KEY": "key"}
    shell = Shell(tmp_path, capsys, settings)
    names = [shell.picture(f"{at}.jpg", jpeg(200 + at)).name for at in range(case.get("pictures", 0) or 1)]
    question = ("--prompt", "What is it?") if case.get("pictures") else ()
    done = await shell.here("describe", *names, "--json", *question)
    assert done.code == case["exit"], done.err
    assert len(server.requests) == case["calls"]
    assert case["says"] in done.out + done.err


@pytest.mark.parametrize("case", QUEUED, ids=_named)
async def test_by_queue(server: Model, harness: Harness, case: dict[str, Any]) -> None:
    server.script.always(lambda _: _reply(case))
    await harness.delivery.handle_upload(CAT.container, CAT.name)
    for _ in range(10):
        waiting, harness.queue.sent = harness.queue.sent, []
        for message, _ in waiting:
            await harness.delivery.handle_message(message.encode())
    stored = harness.records.stored.get(CAT)
    if case["queue"] == "waits":
        assert (stored, len(harness.queue.sent)) == (None, 1)
    else:
        assert stored and stored.record.status == case["queue"]
        assert len(server.requests) <= 3 and not harness.queue.sent
