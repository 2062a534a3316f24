"""The host's HTTP server: HTTP triggers, the webhooks of extensions and of MCP, and its status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route, request_response

from local.addresses import MCP_PATH
from local.host.httptriggers import HttpTriggers

if TYPE_CHECKING:
    from local.host.mcptools import McpEndpoint


@dataclass(frozen=True, slots=True)
class Called:
    """The functions that are called over HTTP without an extension.

    Args:
        http: HTTP triggers.
        tools: MCP tools, if any.

    """

    http: HttpTriggers
    tools: McpEndpoint | None


def application(called: Called, webhooks: Sequence[BaseRoute]) -> Starlette:
    """Return the ASGI application."""
    routes = [Route("/admin/host/status", _status, methods=["GET"]), *webhooks]
    if called.tools:
        routes.append(Route(MCP_PATH, called.tools))
    application = Starlette(routes=routes, lifespan=called.tools.running if called.tools else None)
    application.router.default = request_response(called.http.answer)  # a route does not match a line break in a path
    return application


async def _status(_request: Request) -> Response:
    return JSONResponse({"id": "local", "state": "Running", "version": "0.0-local", "processUptime": 0})
