"""The host's HTTP face: HTTP triggers, the webhooks of other triggers and of MCP, and its status."""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from azure.core.exceptions import AzureError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from local.addresses import MCP_PATH
from local.host.eventgrid import EventGridTriggers, allowed_origin, validation_code
from local.host.httptriggers import HttpTriggers, may
from local.host.triggers import BlobTriggers

if TYPE_CHECKING:
    from local.host.mcptools import McpEndpoint

EVERY_METHOD = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE")

log = logging.getLogger("host.server")

type Events = list[Mapping[str, Any]]
type Handler = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Called:
    """The triggers that are called over HTTP.

    Args:
        blobs: the app's blob triggers.
        grid: its Event Grid triggers.
        http: its HTTP triggers.
        tools: its MCP tools, if any.

    """

    blobs: BlobTriggers
    grid: EventGridTriggers
    http: HttpTriggers
    tools: McpEndpoint | None


def application(called: Called, key: str) -> Starlette:
    """Give the ASGI application; `key` is each extension's system key, which are one here."""
    blobs, grid = called.blobs, called.grid

    async def status(_request: Request) -> Response:
        return JSONResponse({"id": "local", "state": "Running", "version": "0.0-local", "processUptime": 0})

    async def blob_events(request: Request) -> Response:
        """Queue events: 202 says that they are safe, not that they are worked."""
        return await _answer(request, _queue)

    async def grid_events(request: Request) -> Response:
        """Run events: 202 says that the function ended well for each of them."""
        name = request.query_params.get("functionName", "")
        if name not in grid.functions:
            return PlainTextResponse(f"cannot find function: '{name}'", status_code=404)
        if request.method == "OPTIONS":
            origin = allowed_origin(request.headers.get("WebHook-Request-Origin"))
            return Response(headers={"WebHook-Allowed-Origin": origin})
        return await _answer(request, _run)

    async def _queue(events: Events, function_id: str) -> Response:
        try:
            for event in events:
                await blobs.accept(function_id, event)
        except AzureError as error:
            log.warning("An event cannot be queued, its sender shall try again: %s", error)
            return Response(status_code=500)
        return Response(status_code=202)

    async def _run(events: Events, name: str) -> Response:
        failure = await grid.run(name, events)
        return PlainTextResponse(failure, status_code=500) if failure else Response(status_code=202)

    routes = [
        Route("/admin/host/status", status, methods=["GET"]),
        Route("/runtime/webhooks/blobs", _with_key(key, blob_events), methods=["POST"]),
        Route("/runtime/webhooks/eventgrid", _with_key(key, grid_events), methods=["POST", "OPTIONS"]),
    ]
    if called.tools:
        routes.append(Route(MCP_PATH, called.tools))
    routes.append(Route("/{path:path}", called.http.answer, methods=EVERY_METHOD))
    return Starlette(routes=routes, lifespan=called.tools.running if called.tools else None)


def _with_key(key: str, handler: Handler) -> Handler:
    async def guarded(request: Request) -> Response:
        if not may(request, key):
            return Response(status_code=401)
        return await handler(request)

    return guarded


async def _answer(request: Request, notify: Callable[[Events, str], Awaitable[Response]]) -> Response:
    """Answer the handshake of Event Grid's schema, and hand events on: an array of them, or one by itself."""
    try:
        body = await request.json()
    except json.JSONDecodeError:
        return Response(status_code=400)
    match request.headers.get("aeg-event-type", "").lower():
        case "subscriptionvalidation":
            return JSONResponse({"validationResponse": validation_code(body)})
        case "unsubscribe":
            return Response(status_code=202)
        case "notification":
            events = body if isinstance(body, list) else [body]
            return await notify(events, request.query_params.get("functionName", ""))
        case _:
            return Response(status_code=400)
