"""The MCP tool: JSON for whatever becomes of a picture, and sentences for what goes wrong."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest

from describer.adapters.web.fetch import Web
from describer.domain.errors import Busy, Corrupt, DescriberError, FetchFailed, Misconfigured, Transient, UrlFault
from describer.entrypoints.mcp import FIELDS, DescribeImage
from describer.entrypoints.on_demand.service import Url
from describer.entrypoints.on_demand.sources import Loader
from describer.pipeline.memory_budget import MIN_RESERVATION, MemoryBudget
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import URL, OnDemandSetup

BLOB = f"{CAT.container}/{CAT.name}"


@pytest.fixture
def setup(harness: Harness) -> OnDemandSetup:
    return OnDemandSetup(harness)


async def called(setup: OnDemandSetup, **arguments: object) -> dict[str, Any]:
    text = await DescribeImage(setup.on_demand, setup.memory).call(json.dumps({"arguments": arguments}))
    result: dict[str, Any] = json.loads(text)
    return result


@pytest.mark.parametrize("arguments", [{"url": URL}, {"blob": BLOB}, {"blob": BLOB, "url": None, "language": ""}])
async def test_a_picture_is_described_and_nothing_is_stored(setup: OnDemandSetup, arguments: dict[str, object]) -> None:
    result = await called(setup, **arguments)
    assert tuple(sorted(result)) == tuple(sorted(FIELDS))
    assert (result["status"], result["alt_text"]) == ("described", "A cat on a sofa.")
    assert setup.untouched


async def test_the_language_and_what_is_known_reach_the_model(setup: OnDemandSetup) -> None:
    result = await called(setup, url=URL, language="de", about="Our cat Tom")
    assert result["language"] == "de"
    (brief,) = setup.harness.model.asked
    assert brief.context == "Our cat Tom"


async def test_what_is_wrong_with_a_picture_is_its_status(setup: OnDemandSetup) -> None:
    setup.web.fails_with = Corrupt("the picture cannot be decoded")
    result = await called(setup, url=URL)
    assert (result["status"], result["alt_text"], result["reason"]) == ("corrupt", "", "the picture cannot be decoded")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({}, "Give either url or blob, and not both."),
        ({"url": URL, "blob": BLOB}, "Give either url or blob, and not both."),
        ({"blob": "cat.jpg"}, "blob has to be a container and a name, such as images/cat.jpg, and no address."),
        ({"blob": "https://x.blob.core.windows.net/images/cat.jpg?sig=x"}, "blob has to be a container and a name"),
        ({"blob": "secrets/cat.jpg"}, "This blob is off limits: "),
        ({"blob": "images/absent.jpg"}, "There is no such blob."),
        ({"url": URL, "language": "klingon!"}, "Language 1 is not a BCP 47 tag"),
        ({"url": 7, "blob": ["x"]}, "url has to be a text. blob has to be a text."),
    ],
)
async def test_what_the_agent_is_at_fault_for_is_a_sentence(
    setup: OnDemandSetup, arguments: dict[str, object], said: str
) -> None:
    result = await called(setup, **arguments)
    assert result.keys() == {"error"}
    assert result["error"].startswith(said)
    assert result["error"].endswith(".")


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (FetchFailed("nothing can be had", code=UrlFault.HOST), {"error": "nothing can be had."}),
        (Busy("no room", retry_after=4.2), {"error": "no room.", "retry_after_seconds": 5}),
        (Transient("the model is busy"), {"error": "the model is busy."}),
    ],
)
async def test_what_may_be_tried_again_says_when(
    setup: OnDemandSetup, error: DescriberError, expected: dict[str, object]
) -> None:
    setup.web.fails_with = error
    assert await called(setup, url=URL) == expected


async def test_what_is_wrong_with_the_installation_is_not_told(
    setup: OnDemandSetup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.web.fails_with = Misconfigured("the role X is missing on account Y")
    assert "account Y" not in json.dumps(await called(setup, url=URL))
    (record,) = [record for record in caplog.records if record.message == "mcp.put_off"]
    assert vars(record)["reason"] == "the role X is missing on account Y"


@pytest.fixture
async def hasty(setup: OnDemandSetup) -> AsyncIterator[DescribeImage]:
    """The tool, which says "not yet" at once."""
    tool = DescribeImage(setup.on_demand, setup.memory, answer_seconds=0.05)
    yield tool
    await tool.close()


async def test_a_slow_model_is_not_waited_for_and_the_answer_is_paid_once(
    setup: OnDemandSetup, hasty: DescribeImage
) -> None:
    """An agent's client gives up after 60 s; it asks again while the model thinks, and after it has answered."""
    done = asyncio.Event()
    setup.harness.model.meanwhile = done.wait  # type: ignore[assignment]
    call = json.dumps({"arguments": {"url": URL}})
    for _ in range(2):
        called = json.loads(await hasty.call(call))
        assert called["error"] == "not yet"
        assert called["retry_after_seconds"] > 0
    done.set()
    while "error" in (called := json.loads(await hasty.call(call))):
        assert called["error"] == "not yet"
    assert (called["status"], called["alt_text"]) == ("described", "A cat on a sofa.")
    assert (await setup.on_demand.describe(Url(URL), BRIEF)).usage.calls == 0
    assert len(setup.harness.model.calls) == 1
    assert setup.memory.held == 0


async def test_what_goes_on_for_callers_who_left_ends_with_the_app(setup: OnDemandSetup, hasty: DescribeImage) -> None:
    setup.harness.model.meanwhile = asyncio.Event().wait  # type: ignore[assignment]
    assert json.loads(await hasty.call(json.dumps({"arguments": {"url": URL}})))["error"] == "not yet"
    await hasty.close()
    assert setup.memory.held == 0


def _with_web(harness: Harness, **changes: Any) -> OnDemandSetup:
    """A service that really fetches URLs; no test of this module lets it reach the network."""
    setup = OnDemandSetup(replace(harness, **changes))
    web = Web(setup.harness.max_bytes)
    loader = Loader(setup.harness.blob_filter, setup.harness.images, web, setup.memory, setup.harness.max_bytes)
    setup.on_demand = replace(setup.on_demand, loader=loader)
    return setup


def _data_url(size: int, first: bytes = b"") -> str:
    return "data:image/jpeg;base64," + base64.b64encode(first.ljust(size, b"x")).decode()


async def test_a_picture_in_a_url_counts_before_it_is_unpacked(harness: Harness) -> None:
    setup = _with_web(harness, memory=MemoryBudget(6 * MIN_RESERVATION), max_bytes=2**20)
    url = _data_url(2 * MIN_RESERVATION)
    with setup.memory.try_reserve(2 * MIN_RESERVATION):  # the text would fit, but not beside what is in it
        busy = await called(setup, url=url)
    assert busy["retry_after_seconds"]
    assert setup.harness.model.calls == []
    assert (await called(setup, url=url))["status"] == "described"
    assert setup.memory.held == 0


async def test_many_pictures_in_urls_at_once_stay_within_the_budget(harness: Harness) -> None:
    setup = _with_web(harness, memory=MemoryBudget(8 * MIN_RESERVATION), max_bytes=2**20)
    most = 0

    async def thinks() -> None:
        nonlocal most
        most = max(most, setup.memory.held)

    setup.harness.model.meanwhile = thinks
    urls = [_data_url(2 * MIN_RESERVATION, b"%d" % number) for number in range(20)]
    answers = await asyncio.gather(*(called(setup, url=url) for url in urls))
    described = [each for each in answers if each.get("status") == "described"]
    busy = [each for each in answers if "retry_after_seconds" in each]
    assert len(described) + len(busy) == 20
    assert described and busy
    assert 0 < most <= setup.memory.size
    assert setup.memory.held == 0


async def test_a_call_that_is_too_large_learns_the_limit(harness: Harness) -> None:
    setup = _with_web(harness, max_bytes=1000)
    large = await called(setup, url=_data_url(1001))
    assert (large["status"], "1,000 bytes" in large["reason"]) == ("too_large", True)
    larger = await called(setup, url=_data_url(setup.memory.size))
    assert f"{setup.memory.size // 7 * 4:,} characters" in larger["error"]
    assert "https: URL" in larger["error"]


@pytest.mark.parametrize("context", ["", "{", "[]", '{"arguments": {"url": "\\ud800"}}'])
async def test_what_is_no_json_is_a_sentence(setup: OnDemandSetup, context: str) -> None:
    result = json.loads(await DescribeImage(setup.on_demand, setup.memory).call(context))
    assert result["error"].endswith(".")


async def test_a_bug_is_a_sentence_and_its_own_stays_inside(
    setup: OnDemandSetup, caplog: pytest.LogCaptureFixture
) -> None:
    async def bug() -> None:
        raise ZeroDivisionError("Aunt Agatha")

    setup.harness.model.meanwhile = bug
    assert (await called(setup, url=URL)).keys() == {"error"}
    (record,) = [record for record in caplog.records if record.message == "mcp.failed"]
    assert vars(record)["error"] == "ZeroDivisionError"
    assert "Agatha" not in caplog.text


async def test_what_the_agent_said_is_not_logged(setup: OnDemandSetup, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("INFO")
    for arguments in ({"blob": "agatha/x.jpg"}, {"blob": "images/agatha.jpg"}, {"url": URL, "language": "agatha!"}):
        await called(setup, **arguments)
    logged = [vars(record) for record in caplog.records if record.message == "mcp.refused"]
    assert [record["error"] for record in logged] == ["Excluded", "NotFound", "InvalidRequest"]
    assert "agatha" not in str(logged)
