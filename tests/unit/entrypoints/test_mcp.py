"""The MCP tool: JSON for whatever becomes of a picture, and sentences for what goes wrong."""

import asyncio
import base64
import gc
import json
import re
import tracemalloc
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import jsonschema
import pytest

from describer.adapters.web.fetch import Web
from describer.domain.errors import Busy, Corrupt, DescriberError, FetchFailed, Misconfigured, Transient, UrlFault
from describer.domain.image_ref import ImageRef
from describer.domain.record import Usage
from describer.entrypoints.mcp import FIELDS, MAX_FIELD, MAX_ITEMS, UNTRUSTED, Tools
from describer.entrypoints.mcp_arguments import ARGUMENTS
from describer.entrypoints.mcp_tools import TOOLS
from describer.entrypoints.on_demand.service import Url
from describer.entrypoints.on_demand.sources import Loader
from describer.pipeline.memory_budget import MIN_RESERVATION, MemoryBudget
from describer.vision.answer import Ending, FreeAnswer
from tests.fakes import answer
from tests.unit.conftest import BRIEF, CAT, Harness
from tests.unit.entrypoints.test_on_demand import URL, OnDemandSetup

BLOB = f"{CAT.container}/{CAT.name}"
ACCOUNT = "https://acc.blob.core.windows.net/"


@pytest.fixture
def setup(harness: Harness) -> OnDemandSetup:
    return OnDemandSetup(harness)


def tools(setup: OnDemandSetup, **more: Any) -> Tools:
    return Tools(setup.on_demand, setup.harness.catalogue, setup.memory, ACCOUNT, **more)


async def result_of(tools: Tools, tool: str, context: str) -> tuple[dict[str, Any], bool]:
    """What a client of the extension gets, and whether it is an error; an answer is as its schema says."""
    envelope = json.loads(await tools.call(tool, context))
    assert envelope["type"] == "call_tool_result"
    result = json.loads(envelope["content"])
    (block,) = result["content"]
    answer: dict[str, Any] = json.loads(block["text"])
    if result["isError"]:
        assert "structuredContent" not in result
    else:
        assert result["structuredContent"] == answer
        jsonschema.validate(answer, TOOLS[tool].answer | {"additionalProperties": False})
    return answer, result["isError"]


async def asked(setup: OnDemandSetup, tool: str, **arguments: object) -> tuple[dict[str, Any], bool]:
    return await result_of(tools(setup), tool, json.dumps({"arguments": arguments}))


async def called(setup: OnDemandSetup, **arguments: object) -> dict[str, Any]:
    answer, is_error = await asked(setup, "describe_image", **arguments)
    assert is_error == ("error" in answer)
    return answer


@pytest.mark.parametrize("arguments", [{"url": URL}, {"blob": BLOB}, {"blob": BLOB, "url": None, "language": ""}])
async def test_a_picture_is_described_and_nothing_is_stored(setup: OnDemandSetup, arguments: dict[str, object]) -> None:
    result = await called(setup, **arguments)
    assert result.keys() == {*FIELDS, UNTRUSTED, "truncated_fields"}
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
        ({}, "Give exactly one of url and blob."),
        ({"url": URL, "blob": BLOB}, "Give exactly one of url and blob."),
        ({"blob": "cat.jpg"}, "blob must be a container and a name, such as images/cat.jpg, or the address of"),
        ({"blob": "https://x.blob.core.windows.net/images/cat.jpg?sig=x"}, "blob must be a container and a name"),
        ({"blob": "secrets/cat.jpg"}, "This blob is off limits: "),
        ({"blob": "images/absent.jpg"}, "The blob does not exist."),
        ({"url": URL, "language": "klingon!"}, "Language 1 is not a BCP 47 tag"),
        ({"url": 7, "blob": ["x"]}, "url must be a text. blob must be a text."),
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


async def test_a_fault_of_the_installation_is_not_revealed(
    setup: OnDemandSetup, caplog: pytest.LogCaptureFixture
) -> None:
    setup.web.fails_with = Misconfigured("the role X is missing on account Y")
    assert "account Y" not in json.dumps(await called(setup, url=URL))
    (record,) = [record for record in caplog.records if record.message == "mcp.deferred"]
    assert vars(record)["reason"] == "the role X is missing on account Y"


@pytest.fixture
async def hasty(setup: OnDemandSetup) -> AsyncIterator[Tools]:
    """The tools, which say "not yet" at once."""
    hasty = tools(setup, answer_seconds=0.05)
    yield hasty
    await hasty.close()


async def test_a_slow_model_is_not_waited_for_and_the_answer_is_paid_once(setup: OnDemandSetup, hasty: Tools) -> None:
    """An agent's client gives up after 60 s; it asks again while the model thinks, and after it has answered."""
    done = asyncio.Event()
    setup.harness.model.meanwhile = done.wait  # type: ignore[assignment]
    call = json.dumps({"arguments": {"url": URL}})
    for _ in range(2):
        called = (await result_of(hasty, "describe_image", call))[0]
        assert called["error"] == "not yet"
        assert called["retry_after_seconds"] > 0
    done.set()
    patient = replace(hasty, answer_seconds=30)
    called = (await result_of(patient, "describe_image", call))[0]
    assert (called["status"], called["alt_text"]) == ("described", "A cat on a sofa.")
    assert (await setup.on_demand.describe(Url(URL), BRIEF)).usage.calls == 0
    assert len(setup.harness.model.calls) == 1
    assert setup.memory.held == 0


async def test_what_goes_on_for_callers_who_left_ends_with_the_app(setup: OnDemandSetup, hasty: Tools) -> None:
    setup.harness.model.meanwhile = asyncio.Event().wait  # type: ignore[assignment]
    assert (await result_of(hasty, "describe_image", json.dumps({"arguments": {"url": URL}})))[0]["error"] == "not yet"
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
    result, is_error = await result_of(tools(setup), "describe_image", context)
    assert is_error
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


@pytest.mark.parametrize("host", ["acc.blob.core.windows.net", "acc.dfs.core.windows.net", "ACC.blob.core.windows.net"])
async def test_a_watched_blob_may_be_given_by_its_address(setup: OnDemandSetup, host: str) -> None:
    result = await called(setup, blob=f"https://{host}/{CAT.container}/{quote(CAT.name)}?sv=1&sig=SECRET")
    assert result["status"] == "described"
    strange = await called(setup, blob=f"https://other.blob.core.windows.net/{CAT.container}/x.jpg?sig=SECRET")
    assert "SECRET" not in str(strange) and "container and a name" in strange["error"]


@pytest.mark.parametrize(
    ("address", "said"),
    [
        ("secrets/cat.jpg?sv=1&sig=SECRET", "This blob is off limits: its container is not watched (watched: images)."),
        ("images/../secrets/cat.jpg?sig=SECRET", "container and a name, such as images/cat.jpg, or the address of a"),
        ("images?sig=SECRET", "container and a name, such as images/cat.jpg, or the address of a watched blob."),
    ],
)
async def test_an_address_in_the_account_that_is_no_watched_blobs_is_refused_alike_by_both_tools(
    setup: OnDemandSetup, address: str, said: str
) -> None:
    setup.web.pages[f"{ACCOUNT}{address}"] = b"cat"
    described = await asked(setup, "describe_image", blob=f"{ACCOUNT}{address}")
    answered = await asked(setup, "ask_about_images", question="How many?", images=[URL, f"{ACCOUNT}{address}"])
    assert described == answered == ({"error": described[0]["error"]}, True)
    assert said in described[0]["error"] and "SECRET" not in described[0]["error"]
    assert setup.harness.model.asked == []


async def test_an_emulators_address_has_the_account_in_its_path(setup: OnDemandSetup) -> None:
    local = Tools(setup.on_demand, setup.harness.catalogue, setup.memory, "https://127.0.0.1:10000/acc")
    call = json.dumps({"arguments": {"blob": f"https://127.0.0.1:10000/acc/{CAT.container}/{quote(CAT.name)}"}})
    assert (await result_of(local, "describe_image", call))[0]["status"] == "described"


@pytest.mark.parametrize("tool", ["describe_image", "ask_about_images"])
async def test_nothing_keeps_the_picture_in_a_url(harness: Harness, tool: str) -> None:
    setup = _with_web(harness, memory=MemoryBudget(2**26), max_bytes=2**23)
    several = tools(setup)

    async def call(first: bytes) -> None:
        url = _data_url(2**22, first)
        given = {"url": url} if tool == "describe_image" else {"question": "What is it?", "images": [url]}
        assert not (await result_of(several, tool, json.dumps({"arguments": given})))[1]

    await call(b"0")
    gc.collect()
    tracemalloc.start()
    await call(b"1")
    harness.model.calls.clear()
    harness.preparer.prepared.clear()
    gc.collect()
    kept, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 2**20 < 2**22 < most


async def test_the_name_in_an_address_is_decoded_once_and_that_of_a_place_never(setup: OnDemandSetup) -> None:
    setup.harness.images.put(ImageRef("images", "100%41.jpg"), b"one")
    assert (await called(setup, blob="images/100%41.jpg"))["status"] == "described"
    assert (await called(setup, blob=f"{ACCOUNT}images/100%2541.jpg"))["status"] == "described"
    assert "does not exist" in (await called(setup, blob="images/100A.jpg"))["error"]


async def test_the_detail_reaches_the_model(setup: OnDemandSetup) -> None:
    await called(setup, url=URL, detail="low")
    assert setup.harness.model.asked[0].detail == "low"
    assert "detail must be one of low, high, original" in (await called(setup, url=URL, detail="best"))["error"]


@pytest.mark.parametrize(
    ("tool", "arguments", "said"),
    [
        ("describe_image", {"image_url": URL}, "image_url is not an argument: use url; the arguments are url,"),
        ("describe_image", {"url": URL, "question": "How many?"}, "ask_about_images answers questions"),
        ("describe_image", {"url": URL, "prompt": "Only the colour"}, "ask_about_images answers questions"),
        ("describe_image", {"base64": "Y2F0"}, "is not an argument: use url, as a data: URL"),
        ("describe_image", {"path": "screens/x.png"}, "is not an argument: use blob, or url"),
        (
            "describe_image",
            {"sk-SECRET": "x"},
            "the arguments are url, blob, language, about, profile, words_to_use, words_to_avoid, detail.",
        ),
        ("describe_image", {"url": URL, "negative_keywords": ["x"]}, "is not an argument: use words_to_avoid;"),
        ("describe_image", {"url": URL, "words_to_use": "Acme"}, "words_to_use must be a list of texts."),
        ("describe_image", {"url": URL, "words_to_avoid": [""]}, "words_to_avoid may have at most 50 words"),
        ("describe_image", {"url": URL, "profile": "shop"}, "profile must be one of describe, product"),
        ("describe_image", {"url": URL, "about": "x" * 4001}, "about may have at most 4000 characters"),
        ("ask_about_images", {"question": "?", "urls": [URL]}, "is not an argument: use images"),
        ("ask_about_images", {"question": "?"}, "images is missing."),
        ("ask_about_images", {"question": "", "images": [URL]}, "The question must have"),
        ("ask_about_images", {"question": "?", "images": []}, "images must be a list of 1 to 10 texts."),
        ("ask_about_images", {"question": "?", "images": [URL] * 11}, "images must be a list of 1 to 10 texts."),
        ("find_descriptions", {"limit": 1000}, "limit must be a whole number from 1 to 50."),
        ("find_descriptions", {"status": "done"}, "status must be one of described, "),
        ("find_descriptions", {"container": "secrets"}, "This container is not watched."),
        (
            "find_undescribed",
            {"status": "failed"},
            "An argument is unknown; the arguments are container, prefix, limit.",
        ),
    ],
)
async def test_a_wrong_argument_is_refused_with_the_right_ones(
    setup: OnDemandSetup, tool: str, arguments: dict[str, object], said: str
) -> None:
    problem, is_error = await asked(setup, tool, **arguments)
    assert is_error and said in problem["error"]
    assert "SECRET" not in problem["error"]
    assert setup.harness.model.calls == []


async def test_a_question_about_pictures_is_answered(setup: OnDemandSetup) -> None:
    images = [URL, BLOB, f"{ACCOUNT}{BLOB}"]
    said, is_error = await asked(setup, "ask_about_images", question="Same cat?", images=images, language="de")
    assert not is_error
    assert (said["answer_untrusted"], said["ending"]) == ("A cat sleeps.", "complete")
    assert len(setup.harness.model.calls) == 3
    assert setup.untouched


async def test_an_answer_that_was_not_waited_for_is_kept_and_paid_once(setup: OnDemandSetup, hasty: Tools) -> None:
    done = asyncio.Event()
    setup.harness.model.meanwhile = done.wait  # type: ignore[assignment]
    call = json.dumps({"arguments": {"question": "Which breed?", "images": [URL]}})
    for _ in range(2):
        assert (await result_of(hasty, "ask_about_images", call))[0]["error"] == "not yet"
    done.set()
    for _ in range(2):
        patient = replace(hasty, answer_seconds=30)
        assert (await result_of(patient, "ask_about_images", call))[0]["answer_untrusted"] == "A cat sleeps."
    assert len(setup.harness.model.calls) == 1


async def test_a_question_that_failed_is_asked_again(setup: OnDemandSetup) -> None:
    several = tools(setup)
    setup.web.fails_with = Transient("the server is busy")
    call = json.dumps({"arguments": {"question": "Which breed?", "images": [URL]}})
    assert (await result_of(several, "ask_about_images", call))[1]
    setup.web.fails_with = None
    assert not (await result_of(several, "ask_about_images", call))[1]


async def test_stored_descriptions_are_found_and_nothing_is_paid(setup: OnDemandSetup) -> None:
    for name in ("pets/a.jpg", "pets/b.jpg", "trees/c.jpg"):
        setup.harness.images.put(ImageRef("images", name), name.encode())
        await setup.harness.describe(ImageRef("images", name))
    paid = len(setup.harness.model.calls)
    first, _ = await asked(setup, "find_descriptions", prefix="pets/", limit=1)
    assert [(each["name"], each["alt_text"]) for each in first["descriptions"]] == [("pets/a.jpg", "A cat on a sofa.")]
    second, _ = await asked(setup, "find_descriptions", prefix="pets/", cursor=first["cursor"])
    assert ([each["name"] for each in second["descriptions"]], second["cursor"]) == (["pets/b.jpg"], None)
    one, _ = await asked(setup, "find_descriptions", name="trees/c.jpg")
    assert [each["name"] for each in one["descriptions"]] == ["trees/c.jpg"]
    assert (await asked(setup, "find_descriptions", name="absent.jpg"))[1]
    assert (await asked(setup, "find_descriptions", status="failed"))[0]["descriptions"] == []
    assert len(setup.harness.model.calls) == paid


async def test_pictures_without_a_description_are_named(setup: OnDemandSetup) -> None:
    for number in range(4):
        setup.harness.images.put(ImageRef("images", f"new/{number}.jpg"), b"%d" % number)
    setup.harness.images.put(ImageRef("images", "new/skipped.jpg"), b"s")
    setup.harness.images.tag(ImageRef("images", "new/skipped.jpg"), description_skip="true")
    await setup.harness.describe(ImageRef("images", "new/1.jpg"))
    paid = len(setup.harness.model.calls)
    some, _ = await asked(setup, "find_undescribed", prefix="new/", limit=2)
    assert (len(some["names"]), some["more"]) == (2, True)
    all_of_them, _ = await asked(setup, "find_undescribed", prefix="new/")
    assert (sorted(all_of_them["names"]), all_of_them["more"]) == (["new/0.jpg", "new/2.jpg", "new/3.jpg"], False)
    assert len(setup.harness.model.calls) == paid


async def test_long_answers_are_cut_and_say_so(setup: OnDemandSetup) -> None:
    setup.harness.model.script = [FreeAnswer("x" * 500_000, "luna", Usage(), Ending.COMPLETE)]
    said, _ = await asked(setup, "ask_about_images", question="Read it all", images=[URL])
    assert (len(said["answer_untrusted"]), said["truncated_fields"]) == (MAX_FIELD, ["answer_untrusted"])
    hostile = answer("A cat on a sofa.")
    assert hostile.description
    read = hostile.description.model_copy(
        update={"visible_text": "x" * 9000, "tags": tuple(f"cat {number}" for number in range(500))}
    )
    setup.harness.model.script = [replace(hostile, description=read)]
    result = await called(setup, url=URL)
    assert len(result[UNTRUSTED]) == MAX_FIELD
    assert result["truncated_fields"] == [UNTRUSTED]
    assert len(result["tags"]) <= MAX_ITEMS


def test_a_tools_schemas_are_what_it_takes_and_returns() -> None:
    for name, tool in TOOLS.items():
        assert ARGUMENTS[name].model_fields.keys() == tool.arguments["properties"].keys()
        assert all(each["description"] for each in tool.arguments["properties"].values())
        words = {*re.findall(r"\w+", tool.description)}
        assert tool.answer["properties"].keys() - {"truncated_fields"} <= words, name
        assert tool.annotations["readOnlyHint"]
