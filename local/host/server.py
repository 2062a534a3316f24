"""The host's HTTP face: the webhook of the blob triggers, and its status."""

import hmac
import json
import logging
from collections.abc import Mapping
from typing import Any

from azure.core.exceptions import AzureError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.host.triggers import BlobTriggers

log = logging.getLogger("host.server")


def application(blobs: BlobTriggers, key: str) -> Starlette:
    """Give the ASGI application; `key` is the system key `blobs_extension`. Routes of other triggers belong here."""

    async def status(_request: Request) -> Response:
        return JSONResponse({"id": "local", "state": "Running", "version": "0.0-local", "processUptime": 0})

    async def blob_events(request: Request) -> Response:
        """Answer the handshake, and queue events: 202 says that they are safe, not that they are worked."""
        given = request.query_params.get("code") or request.headers.get("x-functions-key") or ""
        if not hmac.compare_digest(given.encode(), key.encode()):
            return Response(status_code=401)
        try:
            body = await request.json()
        except json.JSONDecodeError:
            return Response(status_code=400)
        events: list[Mapping[str, Any]] = body if isinstance(body, list) else [body]
        match request.headers.get("aeg-event-type", "").lower():
            case "subscriptionvalidation":
                return JSONResponse({"validationResponse": events[0]["data"]["validationCode"]})
            case "unsubscribe":
                return Response(status_code=202)
            case "notification":
                return await _queue(events, request.query_params.get("functionName", ""))
            case _:
                return Response(status_code=400)

    async def _queue(events: list[Mapping[str, Any]], function_id: str) -> Response:
        try:
            for event in events:
                await blobs.accept(function_id, event)
        except AzureError as error:
            log.warning("An event cannot be queued, its sender shall try again: %s", error)
            return Response(status_code=500)
        return Response(status_code=202)

    return Starlette(
        routes=[
            Route("/admin/host/status", status, methods=["GET"]),
            Route("/runtime/webhooks/blobs", blob_events, methods=["POST"]),
        ]
    )
