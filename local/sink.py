"""Stands in for a custom topic of Event Grid that accepts CloudEvents 1.0, and writes the events to a file.

    python -m local.sink --port N --certificate FILE --key FILE --events FILE

POST /api/events as azure-eventgrid's EventGridPublisherClient does it with a token: a batch (or a single event) over
HTTPS, all of it or nothing. 401: no token, or not for this audience, or expired; 400: not valid for the topic;
413: more than 1 MB; 200 and an empty body: written, one line of JSON an event. The messages are not Azure's. The role
(EventGrid Data Sender) and the token's signature are not checked. The sink delivers to no subscription.
"""

import argparse
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local import bearer, cloudevents
from local.addresses import TOPIC_PATH
from local.serving import Running
from local.tls import Certificate

AUDIENCE = "https://eventgrid.azure.net"
VERSION = "2018-01-01"
LARGEST = 1_000_000  # bytes of a request (https://learn.microsoft.com/azure/event-grid/quotas-limits)
SINGLE = "application/cloudevents+json"
BATCH = "application/cloudevents-batch+json"

log = logging.getLogger("sink")


class _Faulty(Exception):
    """The request is invalid for the topic; has status, code and message."""

    def __init__(self, status: int, code: str, message: str) -> None:
        super().__init__(message)
        self.status, self.code = status, code


def application(file: Path) -> Starlette:
    """Return the ASGI application that appends each accepted event to this file."""

    async def publish(request: Request) -> Response:
        try:
            _check_access(request)
            events = _read(request.headers.get("content-type", ""), await request.body())
        except _Faulty as fault:
            log.warning("%d %s: %s", fault.status, fault.code, fault)
            error = {"code": fault.code, "message": str(fault), "details": []}
            return JSONResponse({"error": error}, status_code=fault.status)
        with file.open("a", encoding="utf-8") as lines:
            lines.writelines(json.dumps(event, ensure_ascii=False) + "\n" for event in events)
        for event in events:
            log.info("%s %s (%s)", event["type"], event.get("subject", ""), event["id"])
        return Response(status_code=200)

    async def healthz(_request: Request) -> Response:
        return Response(status_code=200)

    return Starlette(routes=[Route(TOPIC_PATH, publish, methods=["POST"]), Route("/healthz", healthz)])


def _check_access(request: Request) -> None:
    token = bearer.token(request.headers.get("authorization", ""))
    if token is None:
        raise _Faulty(401, "Unauthorized", "There is no bearer token; this topic takes no keys.")
    if not bearer.is_valid(token, {AUDIENCE}, time.time()):
        raise _Faulty(401, "Unauthorized", f"The token has expired, or its audience is not {AUDIENCE}.")
    if request.query_params.get("api-version") != VERSION:
        raise _Faulty(400, "BadRequest", f"api-version={VERSION} is needed.")


def _read(content_type: str, body: bytes) -> list[dict[str, Any]]:
    if len(body) > LARGEST:
        raise _Faulty(413, "PayloadTooLarge", f"The request has {len(body)} bytes; at most {LARGEST} are taken.")
    kind = content_type.partition(";")[0].strip().lower()
    if kind not in {SINGLE, BATCH}:
        raise _Faulty(400, "BadRequest", f"The content type is {kind!r}; this topic takes {SINGLE} or {BATCH}.")
    try:
        given = json.loads(body)
    except ValueError as error:
        raise _Faulty(400, "InputJsonInvalid", f"The body is no JSON: {error}.") from None
    if isinstance(given, list) is not (kind == BATCH):
        raise _Faulty(400, "InputJsonInvalid", "A batch is an array, and a single event is none.")
    events = given if isinstance(given, list) else [given]
    for number, event in enumerate(events):
        if found := cloudevents.faults(event):
            raise _Faulty(400, "InputJsonInvalid", f"Event {number} is no CloudEvent 1.0: {'; '.join(found)}.")
    return events


class Topic(Running):
    """The topic in a thread of this process, for tests: `up`, `down` and `up` again at the same address.

    Args:
        file: for the events; created with the first one.
        certificate: the stand-ins'; may be set later, before `up`.
    """

    def __init__(self, file: Path, certificate: Certificate | None = None) -> None:
        super().__init__(lambda: application(file), tls=True, certificate=certificate)
        self._file = file

    @property
    def endpoint(self) -> str:
        """The app's setting EVENTS_TOPIC_ENDPOINT."""
        return f"{self.url}{TOPIC_PATH}"

    @property
    def events(self) -> list[dict[str, Any]]:
        """The published events."""
        return [json.loads(line) for line in self._file.read_bytes().splitlines()] if self._file.exists() else []


def main() -> None:
    """Serve until SIGTERM or Ctrl-C."""
    parser = argparse.ArgumentParser(prog="python -m local.sink", description="A stand-in for a custom topic.")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--certificate", type=Path, required=True, help="PEM")
    parser.add_argument("--key", type=Path, required=True, help="PEM")
    parser.add_argument("--events", type=Path, required=True, help="where each event is appended as a line of JSON")
    given = parser.parse_args()
    logging.basicConfig(stream=sys.stdout, level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    uvicorn.run(
        application(given.events),
        host="127.0.0.1",
        port=given.port,
        ssl_certfile=given.certificate,
        ssl_keyfile=given.key,
        log_config=None,
        access_log=False,
        timeout_graceful_shutdown=1,
    )


if __name__ == "__main__":
    main()
