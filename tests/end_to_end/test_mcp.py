"""An agent's client, the official one, uses the real app's tool on the local stack."""

import base64
import json
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx2
import pytest
from mcp import Client, types
from mcp.client.streamable_http import streamable_http_client

from describer import __version__
from describer.domain.status import Status
from describer.entrypoints.mcp import FIELDS
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


async def described(system: System, **arguments: str) -> dict[str, Any]:
    async with connected(system) as client:
        result = await client.call_tool("describe_image", arguments)
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    assert not result.is_error
    called: dict[str, Any] = json.loads(content.text)
    return called


async def test_the_server_and_the_tool_tell_what_they_are_for(system: System) -> None:
    async with connected(system) as client:
        info = client.server_info
        assert info is not None
        assert (info.name, info.version) == ("image-describer", __version__)
        (tool,) = (await client.list_tools()).tools
    assert tool.name == "describe_image"
    words = set(re.findall(r"\w+", tool.description or ""))
    assert {*FIELDS, "error", "retry_after_seconds", "url", "blob"} <= words
    assert {Status.DESCRIBED, Status.KEPT, Status.NEEDS_REVIEW} <= words
    properties = tool.input_schema["properties"]
    assert properties.keys() == {"url", "blob", "language", "about"}
    assert all(each["type"] == "string" and each["description"] for each in properties.values())
    assert tool.input_schema["required"] == []


async def test_a_picture_by_url_is_described(system: System) -> None:
    picture = system.picture()
    url = f"data:image/jpeg;base64,{base64.b64encode(picture).decode()}"
    called = await described(system, url=url, about="A made-up scene")
    assert (called["status"], called["language"]) == ("described", "en")
    assert called["alt_text"]
    assert system.calls(picture) == 1


async def test_a_picture_by_blob_is_described(system: System) -> None:
    picture = system.picture()
    await system.upload("private/for agents.jpg", picture)
    await system.outcome("private/for agents.jpg", "excluded")
    called = await described(system, blob="images/private/for agents.jpg")
    assert called["error"].startswith("This blob is off limits: ")
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
        ({"blob": "images/no such.jpg"}, "There is no such blob."),
        ({}, "Give either url or blob, and not both."),
    ],
)
async def test_what_cannot_be_had_is_a_sentence(system: System, arguments: dict[str, str], said: str) -> None:
    called = await described(system, **arguments)
    assert called.keys() == {"error"}
    assert said in called["error"]


async def test_a_picture_that_is_none_has_a_status_and_a_reason(system: System) -> None:
    broken = base64.b64encode(pictures.jpeg(640, 480)[:2000]).decode()
    called = await described(system, url=f"data:image/jpeg;base64,{broken}")
    assert (called["status"], called["alt_text"]) == ("corrupt", "")
    assert called["reason"]
