"""The MCP server on the standard input and output, by the protocol's official package."""

import json
from collections.abc import Mapping

from mcp import types
from mcp.server import Server, ServerRequestContext
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError

from describer import __version__
from describer.entrypoints.mcp import Tools
from describer.entrypoints.mcp_tools import Tool


async def serve_stdio(tools: Tools, offered: Mapping[str, Tool]) -> None:
    """Answer until the client closes the standard input; whatever else is printed goes to the standard error."""

    async def listed(
        _context: ServerRequestContext, _params: types.PaginatedRequestParams | None
    ) -> types.ListToolsResult:
        return types.ListToolsResult(tools=[_definition(tool) for tool in offered.values()])

    async def called(_context: ServerRequestContext, params: types.CallToolRequestParams) -> types.CallToolResult:
        if params.name not in offered:
            raise MCPError(types.INVALID_PARAMS, f"There is no such tool; there are {', '.join(offered)}.")
        outcome = await tools.outcome(params.name, json.dumps({"arguments": params.arguments or {}}))
        return types.CallToolResult.model_validate(outcome.result())

    server = Server("image-describer", version=__version__, on_list_tools=listed, on_call_tool=called)
    async with stdio_server() as (incoming, outgoing):
        await server.run(incoming, outgoing, server.create_initialization_options())


def _definition(tool: Tool) -> types.Tool:
    return types.Tool(
        name=tool.name,
        title=tool.title,
        description=tool.description,
        input_schema=tool.arguments,
        output_schema=tool.answer,
        annotations=types.ToolAnnotations.model_validate(tool.annotations),
    )
