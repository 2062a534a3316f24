"""An agent's client, the official one, uses the real app's tools on the local stack."""

import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import httpx2
import pytest
from mcp import Client, types
from mcp.client.streamable_http import streamable_http_client

from describer import __version__
from describer.domain.status import Status
from describer.entrypoints.mcp import FIELDS, UNTRUSTED
from describer.entrypoints.mcp_tools import TOOLS
from tests import pictures
from tests.end_to_end.conftest import System


@asynccontextmanager
async def connected(system: System) -> AsyncIterator[Client]:
    where = system.stack.addresses
    async with (
        httpx2.AsyncClient(headers={"x-functions-key": where.key}, timeout=30) as http,
        Client(streamable_http_client(where.mcp, http_client=http)) as client,
    ):
        yield client


async def answered(system: System, tool: str, **arguments: object) -> dict[str, Any]:
    """The structured content; the official client holds it to the tool's schema."""
    async with connected(system) as client:
        await client.list_tools()
        result = await client.call_tool(tool, arguments)
    assert not result.is_error
    assert result.structured_content is not None
    return dict(result.structured_content)


async def described(system: System, **arguments: str) -> dict[str, Any]:
    return await answered(system, "describe_image", **arguments)


async def refused(system: System, tool: str, **arguments: object) -> str:
    async with connected(system) as client:
        result = await client.call_tool(tool, arguments)
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    assert result.is_error and result.structured_content is None
    return str(json.loads(content.text)["error"])


async def test_the_server_and_the_tools_say_what_they_are_for(system: System) -> None:
    async with connected(system) as client:
        info = client.server_info
        assert info is not None
        assert (info.name, info.version) == ("image-describer", __version__)
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert tools.keys() == TOOLS.keys()
    for name, tool in tools.items():
        assert tool.input_schema == TOOLS[name].arguments
        assert tool.output_schema == TOOLS[name].answer
        assert tool.meta is not None
        assert tool.meta["annotations"]["readOnlyHint"] is True
    words = set(re.findall(r"\w+", tools["describe_image"].description or ""))
    assert {*FIELDS, UNTRUSTED, "error", "retry_after_seconds", "url", "blob"} <= words
    assert {Status.DESCRIBED, Status.KEPT, Status.NEEDS_REVIEW} <= words


async def test_a_question_about_several_pictures_is_answered(system: System) -> None:
    picture = system.picture()
    url = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    told = await answered(system, "ask_about_images", question="What do both show?", images=[url, url])
    assert told["answer_untrusted"] and told["ending"] == "complete"
    assert "question" in await refused(system, "ask_about_images", question=" ", images=[url])


@pytest.mark.parametrize("name", ["names/100%41.jpg", "names/100%25.jpg", "names/a%2Fb.jpg", "names/ü +#?.jpg"])
async def test_a_name_is_the_same_at_every_way_in(system: System, name: str) -> None:
    picture = system.picture()
    await system.upload(name, picture)
    record = await system.finished(name)
    assert record["source"]["name"] == name
    found = await answered(system, "find_descriptions", name=name)
    assert [each["name"] for each in found["descriptions"]] == [name]
    assert (await described(system, blob=f"images/{name}"))["status"] == "described"
    where = system.stack.addresses
    places = [f"/api/description?container=images&name={quote(name)}"]
    places += [f"/api/descriptions/images/{quote(name)}"] if "%2F" not in name else []
    async with httpx2.AsyncClient(headers={"x-functions-key": where.function_key}) as http:
        for place in places:
            answer = await http.get(where.http + place)
            assert (answer.status_code, answer.json()["source"]["name"]) == (200, name), place
    assert system.calls(picture) == 1


async def test_pictures_without_a_description_are_named(system: System) -> None:
    await system.upload("undescribed/held.jpg", system.picture(), metadata={"description_skip": "true"})
    told = await answered(system, "find_undescribed", prefix="undescribed/")
    assert (told["names"], told["more"]) == ([], False)


async def test_a_picture_by_url_is_described(system: System) -> None:
    picture = system.picture()
    url = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    called = await described(system, url=url, about="A made-up scene")
    assert (called["status"], called["language"]) == ("described", "en")
    assert called["alt_text"]
    assert system.calls(picture) == 1


async def test_a_picture_of_many_megabytes_reaches_the_app(system: System) -> None:
    url = "data:image/jpeg;base64," + "A" * 2**23
    assert (await described(system, url=url))["status"] == "too_large"


async def test_a_picture_by_blob_is_described(system: System) -> None:
    picture = system.picture()
    await system.upload("private/for agents.jpg", picture)
    await system.outcome("private/for agents.jpg", "excluded")
    said = await refused(system, "describe_image", blob="images/private/for agents.jpg")
    assert said.startswith("This blob is off limits: ")
    await system.upload("agents/größe #1.jpg", picture)
    record = await system.finished("agents/größe #1.jpg")
    called = await described(system, blob="images/agents/größe #1.jpg")
    assert (called["status"], called["alt_text"]) == ("described", record["alt_text"])
    assert system.calls(picture) == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"url": "https://169.254.169.254/metadata/instance"}, "pictures are fetched from public servers only."),
        ({"url": "https://127.0.0.1/cat.jpg"}, "pictures are fetched from public servers only."),
        ({"blob": "images/no such.jpg"}, "The blob does not exist."),
        ({}, "Give exactly one of url and blob."),
    ],
)
async def test_what_cannot_be_had_is_a_sentence(system: System, arguments: dict[str, str], said: str) -> None:
    assert said in await refused(system, "describe_image", **arguments)


async def test_a_picture_that_is_none_has_a_status_and_a_reason(system: System) -> None:
    broken = base64.b64encode(pictures.jpeg(640, 480)[:2000]).decode()
    called = await described(system, url=f"data:image/jpeg;base64,{broken}")
    assert (called["status"], called["alt_text"]) == ("corrupt", "")
    assert called["reason"]
