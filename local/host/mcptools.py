"""MCP tools: from an MCP client to the call of a function, as the MCP extension does it.

The protocol is the official package's. Read in the extension's source (Azure/azure-functions-mcp-extension): only POST
is answered, each by a server of its own; a session's id contains its whole state, and a wrong one is 400; names of
tools are case-insensitive; resources and prompts are always announced; a tool is described by its binding, with
annotations only in `_meta`; a required argument that is missing or null is an invalid parameter; a function with
`useResultSchema` returns the whole result in an envelope, also for errors; of an exception the client only learns that
it failed. Missing: the older SSE transport, resources, prompts, and a webhook without its key.
"""

import hmac
import json
import logging
import secrets
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any, Final

from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
from mcp.shared.exceptions import MCPError
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from local.host import worker
from local.host.httptriggers import LARGEST, may
from local.host.options import McpOptions
from local.host.worker import Function, FunctionFailed, TypedData

log = logging.getLogger("host.mcp")

SESSION: Final = "mcp-session-id"
_INVALID_STATE: Final = {
    "jsonrpc": "2.0",
    "id": "",
    "error": {"code": -32000, "message": "Invalid client state."},
}


@dataclass(frozen=True, slots=True)
class _Tool:
    definition: types.Tool
    required: tuple[str, ...]
    function: Function
    whole_result: bool


class McpEndpoint:
    """An ASGI application that speaks MCP over streamable HTTP.

    Args:
        functions: with MCP tool triggers.
        options: the server's description of itself.
        key: the system key `mcp_extension`.

    """

    def __init__(self, functions: list[Function], options: McpOptions, key: str) -> None:
        self._tools = {function.trigger["toolName"].lower(): _tool(function) for function in functions}
        self._key = key
        self._secret = secrets.token_bytes(16)
        server = Server(
            options.name,
            version=options.version,
            instructions=options.instructions,
            on_list_tools=self._list,
            on_call_tool=self._call,
            on_list_resources=_no_resources,
            on_list_prompts=_no_prompts,
        )
        self._sessions = StreamableHTTPSessionManager(server, stateless=True, max_request_body_size=LARGEST)

    @asynccontextmanager
    async def running(self, _app: Starlette) -> AsyncIterator[None]:
        """Run the session manager while the server runs."""
        async with self._sessions.run():
            yield

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive)
        session = request.headers.get(SESSION, "")
        if not may(request, self._key):
            await Response(status_code=401)(scope, receive, send)
        elif request.method != "POST":
            await Response(status_code=405)(scope, receive, send)
        elif session and not self._is_ours(session):
            await JSONResponse(_INVALID_STATE, 400)(scope, receive, send)
        else:
            body = await request.body()
            await self._sessions.handle_request(_without_session(scope), _again(body, receive), self._begun(body, send))

    def _begun(self, body: bytes, send: Send) -> Send:
        """Return a session's id for a client that initializes; no state is kept."""

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start" and _is_first(body):
                MutableHeaders(scope=message)[SESSION] = self._signed(uuid.uuid4().hex)
            await send(message)

        return answer

    def _signed(self, name: str) -> str:
        return f"{name}.{hmac.digest(self._secret, name.encode(), 'sha256').hex()}"

    def _is_ours(self, session: str) -> bool:
        return hmac.compare_digest(session.encode(), self._signed(session.partition(".")[0]).encode())

    async def _list(
        self, _context: ServerRequestContext, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[tool.definition for tool in self._tools.values()])

    async def _call(self, context: ServerRequestContext, params: types.CallToolRequestParams) -> types.CallToolResult:
        tool = self._tools.get(params.name.lower())
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
        text = (value.string or "") if value else ""
        return _unwrapped(text, params.name) if tool.whole_result else _result(text)


def _result(text: str, *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult(content=[types.TextContent(type="text", text=text)], is_error=is_error)


def _tool(function: Function) -> _Tool:
    """Read a binding; the worker library has put the properties into it as JSON."""
    trigger = function.trigger
    properties = json.loads(trigger.get("toolProperties") or "[]")
    schema = {
        "type": "object",
        "properties": {each["propertyName"]: _property(each) for each in properties},
        "required": [each["propertyName"] for each in properties if each.get("isRequired")],
    }
    if trigger.get("useWorkerInputSchema"):
        schema = json.loads(trigger["inputSchema"])
    definition = types.Tool(
        name=trigger["toolName"],
        description=trigger.get("description"),
        input_schema=schema,
        output_schema=json.loads(trigger["outputSchema"]) if trigger.get("outputSchema") else None,
        _meta=json.loads(trigger["metadata"]) if trigger.get("metadata") else None,
    )
    return _Tool(definition, tuple(schema.get("required", ())), function, bool(trigger.get("useResultSchema")))


def _unwrapped(text: str, name: str) -> types.CallToolResult:
    """Parse a result's envelope: a whole result, or one block of its content."""
    try:
        result = json.loads(text)
        if result["type"] == "call_tool_result":
            return types.CallToolResult.model_validate_json(result["content"])
        content = json.loads(result["content"])
        blocks = content if result["type"] == "multi_content_result" else [content]
        structured = json.loads(result["structuredContent"]) if result.get("structuredContent") else None
        return types.CallToolResult.model_validate({"content": blocks, "structuredContent": structured})
    except (ValueError, KeyError, TypeError) as error:
        log.error("%s gave no result in an envelope: %s", name, error)  # noqa: TRY400 - the sentence says it
        return _result(f"An error occurred invoking '{name}'.", is_error=True)


async def _no_resources(
    _context: ServerRequestContext, _params: types.PaginatedRequestParams | None
) -> types.ListResourcesResult:
    return types.ListResourcesResult(resources=[])


async def _no_prompts(
    _context: ServerRequestContext, _params: types.PaginatedRequestParams | None
) -> types.ListPromptsResult:
    return types.ListPromptsResult(prompts=[])


def _without_session(scope: Scope) -> Scope:
    return {**scope, "headers": [(name, value) for name, value in scope["headers"] if name.lower() != SESSION.encode()]}


def _again(body: bytes, then: Receive) -> Receive:
    """Return the body once more, and after it what else comes."""
    given = False

    async def receive() -> Message:
        nonlocal given
        if given:
            return await then()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _is_first(body: bytes) -> bool:
    try:
        message = json.loads(body)
    except ValueError:
        return False
    return isinstance(message, dict) and message.get("method") == "initialize"


def _property(declared: Mapping[str, Any]) -> dict[str, Any]:
    kind = {"type": declared["propertyType"]}
    return {
        **({"type": "array", "items": kind} if declared.get("isArray") else kind),
        "description": declared.get("description") or "",
    }
