"""What the MCP extension does between an MCP client and the call of a function.

The protocol is the official package's. Read in the extension's source (Azure/azure-functions-mcp-extension): the tool
is described by the binding, a required argument that is absent or null is refused as invalid parameters, and of what a
function raises the client learns no more than that. Not built: the older SSE transport, resources, prompts, tools with
a result schema, and a webhook without its key.
"""

import json
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from local.host import worker
from local.host.httptriggers import may
from local.host.options import McpOptions
from local.host.worker import Function, FunctionFailed, IndexingFailed, TypedData

log = logging.getLogger("host.mcp")


@dataclass(frozen=True, slots=True)
class _Tool:
    definition: types.Tool
    required: tuple[str, ...]
    function: Function


class McpEndpoint:
    """An ASGI application that speaks MCP over streamable HTTP.

    Args:
        functions: with MCP tool triggers.
        options: what the server says of itself.
        key: the system key `mcp_extension`.

    """

    def __init__(self, functions: list[Function], options: McpOptions, key: str) -> None:
        self._tools = {function.trigger["toolName"]: _tool(function) for function in functions}
        self._key = key
        server = Server(
            options.name,
            version=options.version,
            instructions=options.instructions,
            on_list_tools=self._list,
            on_call_tool=self._call,
        )
        self._sessions = StreamableHTTPSessionManager(server)

    @asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Keep sessions for as long as the server runs."""
        async with self._sessions.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if may(Request(scope), self._key):
            await self._sessions.handle_request(scope, receive, send)
        else:
            await Response(status_code=401)(scope, receive, send)

    async def _list(
        self, _context: ServerRequestContext, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.definition for tool in self._tools.values()])

    async def _call(self, context: ServerRequestContext, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = self._tools.get(params.name)
        if tool is None:
            raise MCPError(types.INVALID_PARAMS, f"Unknown tool: '{params.name}'")
        given = params.arguments or {}
        if missing := [name for name in tool.required if given.get(name) is None]:
            sentence = "One or more required tool properties are missing values. Please provide: "
            raise MCPError(types.INVALID_PARAMS, sentence + ", ".join(missing))
        called = {
            "name": params.name,
            "arguments": given,
            "sessionid": context.request.headers.get("mcp-session-id") if context.request else None,
            "transport": {"name": "http-streamable"},
        }
        try:
            value = await worker.invoke(tool.function, TypedData(string=json.dumps(called)), {})
        except FunctionFailed as error:
            log.error("%s failed: %s\n%s", params.name, error, error.trace)  # noqa: TRY400 - the trace is the worker's
            return _result(f"An error occurred invoking '{params.name}'.", is_error=True)
        return _result((value.string or "") if value else "")


def _result(text: str, *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=is_error)


def _tool(function: Function) -> _Tool:
    """Read a binding; the worker library has put the properties into it as JSON."""
    trigger = function.trigger
    if trigger.get("useResultSchema"):
        raise IndexingFailed(f"{function.name}: a result schema is not built here.", "")
    properties = json.loads(trigger.get("toolProperties") or "[]")
    required = tuple(each["propertyName"] for each in properties if each.get("isRequired"))
    schema = {
        "type": "object",
        "properties": {each["propertyName"]: _property(each) for each in properties},
        "required": list(required),
    }
    definition = types.Tool(name=trigger["toolName"], description=trigger.get("description"), input_schema=schema)
    return _Tool(definition, required, function)


def _property(declared: Mapping[str, Any]) -> dict[str, Any]:
    kind = {"type": declared["propertyType"]}
    return {
        **({"type": "array", "items": kind} if declared.get("isArray") else kind),
        "description": declared.get("description") or "",
    }
