"""Gives every call an id, limits its body before it is read, and turns errors into problems without tracebacks."""

import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from describer.domain.errors import TooLarge, Transient
from describer.entrypoints.http import access_log
from describer.entrypoints.http.content_negotiation import is_picture
from describer.entrypoints.http.paths import as_routed
from describer.entrypoints.http.problems import Problem
from describer.pipeline.call_context import HTTP_SECONDS, limited
from describer.pipeline.memory_budget import MemoryBudget, Reservation
from describer.pipeline.weighted_semaphore import Priority

MAX_BODY_BYTES: Final = 104_857_600
"""Bytes that the platform passes on at most.

https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits
"""
REQUEST_ID: Final = "x-request-id"

_ID: Final = re.compile(r"[0-9A-Fa-f]{8}(-?)(?:[0-9A-Fa-f]{4}\1){3}[0-9A-Fa-f]{12}")
_TRACEPARENT: Final = re.compile(r"[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def request_id(headers: Mapping[str, str]) -> str:
    """Return the caller's `x-request-id` if it is a UUID, or the trace of its `traceparent` (W3C), or a new id.

    It is logged and exported by telemetry, so it must have a form that cannot contain a name.
    """
    if _ID.fullmatch(given := headers.get(REQUEST_ID, "")):
        return given
    trace = _TRACEPARENT.fullmatch(headers.get("traceparent", ""))
    return trace.group(1) if trace else uuid.uuid4().hex


@dataclass(frozen=True, slots=True)
class Middleware:
    """The outermost ASGI middleware.

    Args:
        memory: budget for bodies; one of JSON or of a form counts twice, because it is held beside its parsed form.
        max_picture: maximum bytes of a picture as body.
    """

    app: ASGIApp
    memory: MemoryBudget
    max_picture: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one call. Ignores scopes other than http."""
        if scope["type"] != "http":
            return
        scope = {**scope, "path": as_routed(scope["path"])}
        visit = _Visit(scope, receive, send)
        picture = is_picture(visit.headers.get("content-type", "").partition(";")[0].strip().lower())
        factor = 1 if picture else 2
        limit = min(MAX_BODY_BYTES, self.max_picture if picture else MAX_BODY_BYTES, self.memory.size // factor)
        try:
            async with limited(HTTP_SECONDS, Priority.INTERACTIVE):
                if scope["method"] not in {"POST", "PUT"}:  # no body, so it needs no memory
                    await self.app(scope, receive, visit.answer)
                    return
                visit.reject_compressed()
                await visit.reject_lost()
                with self.memory.try_reserve(factor * visit.measured(limit)) as reservation:
                    scope["state"]["reservation"] = reservation
                    await self.app(scope, visit.bounded(reservation, factor, limit), visit.answer)
        except Problem as problem:
            await visit.fail(problem)
        except TooLarge:
            await visit.fail(too_large(limit))
        except Transient as error:
            access_log.deferred(visit.id, error)
            await visit.fail(Problem.of(error))
        except Exception as error:
            access_log.failed(visit.id, error)
            await visit.fail(Problem("internal", "Unexpected error."))
        finally:
            visit.log()


def too_large(limit: int) -> Problem:
    """Return the problem for a body over the limit."""
    return Problem("too-large", f"The body exceeds {limit:,} bytes.")


class _Visit:
    """One call in progress."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.headers = Headers(scope=scope)
        self.id = scope.setdefault("state", {})["request_id"] = request_id(self.headers)
        length = self.headers.get("content-length", "")
        self.length = int(length[:18]) if length.isascii() and length.isdecimal() else 0
        self._scope, self._receive, self._send = scope, receive, send
        self._began = time.perf_counter()
        self._status = 0
        self._first: Message | None = None

    def reject_compressed(self) -> None:
        """Raise Problem for a compressed body (RFC 9110, 15.5.16)."""
        coding = self.headers.get("content-encoding", "").strip().lower()
        if coding not in {"", "identity"}:
            sentence = f"The body is compressed ({coding[:40]}); send it uncompressed, without Content-Encoding."
            raise Problem("unsupported-media-type", sentence, headers={"accept-encoding": "identity"})

    async def reject_lost(self) -> None:
        """Raise Problem for a body without its length, which the platform drops."""
        if "transfer-encoding" in self.headers and "content-length" not in self.headers:
            self._first = await self._receive()
            while not self._first.get("body") and self._first.get("more_body"):
                self._first = await self._receive()
            if not self._first.get("body"):
                raise Problem("length-required", "The body was sent in chunks without a Content-Length and was lost.")

    def measured(self, limit: int) -> int:
        """Return the stated length of the body, before any of it is read. Raises Problem if it exceeds `limit`."""
        if self.length > limit:
            raise too_large(limit)
        return self.length

    def bounded(self, reservation: Reservation, factor: int, limit: int) -> Receive:
        """Return the body as a stream that is limited even if its length is missing or wrong."""
        read = 0

        async def receive() -> Message:
            nonlocal read
            message, self._first = self._first or await self._receive(), None
            read += len(message.get("body", b""))
            if read > limit:
                raise too_large(limit)
            reservation.extend(factor * read)
            return message

        return receive

    async def answer(self, message: Message) -> None:
        """Send an answer with the call's id."""
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = MutableHeaders(scope=message)
            headers[REQUEST_ID] = self.id
            headers["x-content-type-options"] = "nosniff"
        await self._send(message)

    async def fail(self, problem: Problem) -> None:
        """Answer with a problem, unless an answer has begun."""
        if not self._status:
            await problem.response(self.id)(self._scope, self._receive, self.answer)

    def log(self) -> None:
        route = getattr(self._scope.get("route"), "path", "")
        seconds = time.perf_counter() - self._began
        access_log.answered(self.id, method=self._scope["method"], route=route, status=self._status, seconds=seconds)
