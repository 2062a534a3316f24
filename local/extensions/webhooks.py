"""The two webhooks that Event Grid calls, `/runtime/webhooks/blobs` and `/runtime/webhooks/eventgrid`."""

import hmac
import json
import logging
from collections.abc import Awaitable, Callable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any

from azure.core.exceptions import AzureError
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from local.extensions.announced import NoEvent
from local.extensions.eventgrid import EventGridTriggers

PUBLIC = "eventgrid.azure.net"
OTHER_CLOUDS = frozenset({"eventgrid.azure.us", "eventgrid.azure.cn", "eventgrid.azure.eaglex.ic.gov"})
"""Event Grid's other origins, which only the webhook of blob triggers allows."""

log = logging.getLogger("Microsoft.Azure.WebJobs.Extensions.EventGrid.HttpRequestProcessor")

type Announce = Callable[[str, Any], Awaitable[None]]
"""Queues an event for a function's id on the internal queue."""

type Notify = Callable[[str, list[Any]], Awaitable[Response]]


def routes(announce: Announce, grid: EventGridTriggers, key: str) -> list[BaseRoute]:
    """Return the webhooks; `key` opens both."""
    return [_route("blobs", key, _blobs(announce)), _route("eventgrid", key, _grid(grid))]


def _route(name: str, key: str, handler: Callable[[Request], Awaitable[Response]]) -> BaseRoute:
    async def guarded(request: Request) -> Response:
        given = request.query_params.get("code") or request.headers.get("x-functions-key") or ""
        if not hmac.compare_digest(given.encode(), key.encode()):
            return Response(status_code=401)
        return await handler(request)

    return Route(f"/runtime/webhooks/{name}", guarded, methods=["GET", "POST", "PUT", "DELETE", "OPTIONS"])


def _blobs(announce: Announce) -> Callable[[Request], Awaitable[Response]]:
    async def queue(function_id: str, events: list[Any]) -> Response:
        """Queue events one after the other: 202 means queued, not processed."""
        try:
            for event in events:
                await announce(function_id, event)
        except (NoEvent, AzureError) as error:
            log.warning("Webhook failed, its sender shall try again: %s", str(error).splitlines()[0])
            return Response(status_code=500)
        return Response(status_code=202)

    async def handle(request: Request) -> Response:
        return await _answer(request, request.query_params.get("functionName", ""), queue, OTHER_CLOUDS)

    return handle


def _grid(grid: EventGridTriggers) -> Callable[[Request], Awaitable[Response]]:
    async def run(name: str, events: list[Any]) -> Response:
        """Run events: 202 means that the function succeeded for each."""
        if not all(isinstance(event, dict) for event in events):
            return Response(status_code=500)
        if not await grid.ran_well(name, events):
            return PlainTextResponse(f"Exception while executing function: Functions.{name}", status_code=500)
        return Response(status_code=202)

    async def handle(request: Request) -> Response:
        name = request.query_params.get("functionName", "")
        if name not in grid.functions:
            return PlainTextResponse(f"cannot find function: '{name}'", status_code=404)
        return await _answer(request, name, run)

    return handle


async def _answer(request: Request, name: str, notify: Notify, others: AbstractSet[str] = frozenset()) -> Response:
    """Answer the handshakes of both schemas, and pass on events: an array, or a single one."""
    if request.method == "OPTIONS":
        asked = request.headers.get("WebHook-Request-Origin", "")
        return Response(headers={"Webhook-Allowed-Origin": asked if asked in others else PUBLIC})
    try:
        match request.headers.get("aeg-event-type", "").lower():
            case "subscriptionvalidation":
                log.info("perform handshake with eventGrid for function: %s", name)
                return PlainTextResponse(_handshake(await request.json()))
            case "unsubscribe":
                return Response(status_code=202)
            case "notification":
                return await notify(name, _events(await request.json()))
            case _:
                return Response(status_code=400)
    except (ValueError, KeyError, IndexError, TypeError) as error:
        log.warning("Webhook failed: %r", error)
        return Response(status_code=500)


def _events(body: Any) -> list[Any]:
    if not isinstance(body, Sequence | dict) or isinstance(body, str):
        raise TypeError("the body is neither an object nor an array")
    return [body] if isinstance(body, dict) else list(body)


def _handshake(body: Any) -> str:
    """Return the validation code from an array of one, or from an object whose data is JSON in a string."""
    data = (body[0] if isinstance(body, list) else body)["data"]
    code = (json.loads(data) if isinstance(data, str) else data)["validationCode"]
    return json.dumps({"validationResponse": code}, separators=(",", ":"))
