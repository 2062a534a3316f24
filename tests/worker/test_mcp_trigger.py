"""The official client uses the app's MCP tools on the development host."""

import json
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import aiohttp
import httpx2
import pytest
from mcp import Client, MCPError, types
from mcp.client.streamable_http import streamable_http_client

from local import children
from local.addresses import MCP_PATH
from local.storage import Storage
from tests.worker import hosts
from tests.worker.hosts import FUNCTION_KEY, KEY, RunningHost

APP = """
    import json
    from typing import Optional
    import azure.functions as func

    app = func.FunctionApp()

    @app.mcp_tool()
    @app.mcp_tool_property("city", "Where.")
    @app.mcp_tool_property("days", "How many.", property_type=func.McpPropertyType.INTEGER, is_required=False)
    async def forecast(city: str, days: Optional[int] = 3, tags: Optional[list[str]] = None) -> str:
        \"\"\"Tells the weather.\"\"\"
        return json.dumps({"city": city, "days": days, "tags": tags})

    @app.mcp_tool()
    async def failing() -> str:
        \"\"\"Fails.\"\"\"
        raise RuntimeError("as it must")

    WHOLE = {"toolName": "whole", "useResultSchema": True, "useWorkerInputSchema": True}
    WHOLE["inputSchema"] = json.dumps({"type": "object", "properties": {}, "additionalProperties": False})
    WHOLE["outputSchema"] = json.dumps({"type": "object"})

    @app.generic_trigger(arg_name="context", type="mcpToolTrigger", **WHOLE)
    async def whole(context: str) -> str:
        fails = json.loads(context)["arguments"]["fail"]
        result = {"content": [{"type": "text", "text": "1"}], "structuredContent": {"a": 1}, "isError": fails}
        return json.dumps({"type": "call_tool_result", "content": json.dumps(result)})

    @app.mcp_tool()
    async def silent(context: func.MCPToolContext) -> None:
        \"\"\"Says nothing.\"\"\"
        assert context["name"] == "silent"
"""
HOST_JSON = {
    "extensions": {"mcp": {"serverName": "weather", "serverVersion": "2.1", "instructions": "Ask for a city."}}
}


@pytest.fixture(scope="module")
def host(storage: Storage, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningHost]:
    """Return a running host for APP."""
    running = hosts.start(tmp_path_factory.mktemp("mcp") / "app", storage, APP, host_json=HOST_JSON, settings={})
    running.child.wait_until_ready()
    yield running
    children.end([running.child])


@asynccontextmanager
async def connected(host: RunningHost) -> AsyncIterator[Client]:
    headers = {"x-functions-key": KEY}
    async with (
        httpx2.AsyncClient(headers=headers) as http,
        Client(streamable_http_client(host.url + MCP_PATH, http_client=http)) as client,
    ):
        yield client


async def test_the_server_introduces_itself(host: RunningHost) -> None:
    async with connected(host) as client:
        info = client.server_info
        assert info is not None
        assert (info.name, info.version) == ("weather", "2.1")
        assert client.instructions == "Ask for a city."


async def test_tools_are_recognized_by_their_bindings(host: RunningHost) -> None:
    async with connected(host) as client:
        tools = {tool.name: tool for tool in (await client.list_tools()).tools}
    assert list(tools) == ["forecast", "failing", "whole", "silent"]
    assert tools["forecast"].description == "Tells the weather."
    assert tools["forecast"].input_schema == {
        "type": "object",
        "properties": {
            "city": {"type": "string", "description": "Where."},
            "days": {"type": "integer", "description": "How many."},
            "tags": {"type": "array", "items": {"type": "string"}, "description": ""},
        },
        "required": ["city"],
    }


async def said(client: Client, name: str, arguments: dict[str, object]) -> tuple[str, bool | None]:
    result = await client.call_tool(name, arguments)
    (content,) = result.content
    assert isinstance(content, types.TextContent)
    return content.text, result.is_error


async def test_tools_are_called(host: RunningHost) -> None:
    async with connected(host) as client:
        text, failed = await said(client, "forecast", {"city": "Köln", "tags": ["a"]})
        assert (json.loads(text), failed) == ({"city": "Köln", "days": 3, "tags": ["a"]}, False)
        assert await said(client, "silent", {}) == ("", False)


async def test_a_tool_that_fails_says_why_to_the_log_only(host: RunningHost) -> None:
    async with connected(host) as client:
        assert await said(client, "failing", {}) == ("An error occurred invoking 'failing'.", True)
    assert "RuntimeError: as it must" in host.child.log.read_text("utf-8")


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("forecast", {"days": 1}, "Please provide: city"),
        ("forecast", {"city": None}, "Please provide: city"),
        ("no_such", {}, "Unknown tool: 'no_such'"),
    ],
)
async def test_a_call_that_fits_no_tool_is_refused(
    host: RunningHost, name: str, arguments: dict[str, object], message: str
) -> None:
    async with connected(host) as client:
        with pytest.raises(MCPError, match=message) as refused:
            await client.call_tool(name, arguments)
        assert refused.value.error.code == types.INVALID_PARAMS


@pytest.mark.parametrize(("query", "status"), [("", 401), (f"?code={FUNCTION_KEY}", 401), (f"?code={KEY}", 200)])
async def test_the_endpoint_wants_the_system_key(host: RunningHost, query: str, status: int) -> None:
    started = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}
    body = {"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": started}
    accept = {"Accept": "application/json, text/event-stream"}
    async with (
        aiohttp.ClientSession() as http,
        http.post(host.url + MCP_PATH + query, json=body, headers=accept) as answer,
    ):
        assert answer.status == status


async def test_only_post_is_answered(host: RunningHost) -> None:
    async with aiohttp.ClientSession(headers={"x-functions-key": KEY}) as http:
        for method in ("GET", "DELETE"):
            async with http.request(method, host.url + MCP_PATH) as answer:
                assert answer.status == 405


async def _posted(host: RunningHost, method: str, session: str = "", **params: object) -> aiohttp.ClientResponse:
    headers = {"x-functions-key": KEY, "Accept": "application/json, text/event-stream"}
    headers |= {"mcp-session-id": session} if session else {}
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    async with aiohttp.ClientSession(headers=headers) as http, http.post(host.url + MCP_PATH, json=body) as answer:
        await answer.read()
        return answer


async def test_a_sessions_id_holds_all_that_is_known_of_it(host: RunningHost) -> None:
    started = await _posted(
        host,
        "initialize",
        protocolVersion="2025-06-18",
        capabilities={},
        clientInfo={"name": "test", "version": "1"},
    )
    session = started.headers["mcp-session-id"]
    assert (await _posted(host, "tools/list", session)).status == 200
    assert (await _posted(host, "tools/list")).status == 200
    wrong = await _posted(host, "tools/list", session[:-1] + ("0" if session[-1] != "0" else "1"))
    assert (wrong.status, (await wrong.json())["error"]) == (400, {"code": -32000, "message": "Invalid client state."})


async def test_names_of_tools_have_no_case(host: RunningHost) -> None:
    async with connected(host) as client:
        text, failed = await said(client, "FORECAST", {"city": "Ulm"})
        assert (json.loads(text)["city"], failed) == ("Ulm", False)


async def test_a_function_may_give_the_whole_result(host: RunningHost) -> None:
    async with connected(host) as client:
        (tool,) = [tool for tool in (await client.list_tools()).tools if tool.name == "whole"]
        assert (tool.input_schema["additionalProperties"], tool.output_schema) == (False, {"type": "object"})
        result = await client.call_tool("whole", {"fail": False})
        assert (result.structured_content, result.is_error) == ({"a": 1}, False)
        assert (await client.call_tool("whole", {"fail": True})).is_error
