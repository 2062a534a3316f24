"""HTTP triggers: from an HTTP request to the call of a function, as the Functions host does it.

Read in its source (Azure/azure-functions-host: WebScriptHostHttpRoutesManager, GrpcMessageConversionExtensions):

- A method that no function with this route has is a 404, not a 405; so is HEAD if only GET is listed (#10098).
- The whole body is read before the call, and the answer is complete before it is sent. A body without
  Content-Length (chunked) does not reach the function at all (#4926, #7930). For apps that import the streaming
  extension see forward.py.
- Over `maxConcurrentRequests` of host.json requests wait before their bodies are read; over `maxOutstandingRequests`
  they get 429 without Retry-After.
- Header names come in lower case, several of a name joined; an empty query parameter is in the URL only.
- A function's exception is logged; the caller gets 500 with an empty body.

Missing: the level `admin`, keys of single functions, App Service authentication, CORS.
"""

import asyncio
import contextlib
import hmac
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, quote

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from local.host import worker
from local.host.options import HttpOptions
from local.host.templates import BadTemplate, Template, decode_path, encode_path, parse
from local.host.worker import Function, FunctionFailed, IndexingFailed, Message, TypedData

log = logging.getLogger("host.http")

LARGEST = 104_857_600
"""Bytes of a body; https://learn.microsoft.com/azure/azure-functions/functions-bindings-http-webhook-trigger#limits"""

type Call = Callable[[Function, Request, dict[str, str]], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class _Route:
    template: Template
    methods: frozenset[str]  # empty: all
    guarded: bool
    function: Function


@dataclass(slots=True)
class HttpTriggers:
    """All HTTP triggers of the app.

    Args:
        options: from host.json.
        key: the host's function key, for all functions that require one.
        call: calls a function; another one for apps that stream.

    """

    options: HttpOptions
    key: str
    call: Call = field(default_factory=lambda: buffered)
    routes: list[_Route] = field(default_factory=list)
    outstanding: int = 0
    _slots: asyncio.Semaphore | None = None

    def __post_init__(self) -> None:
        if self.options.concurrent:
            self._slots = asyncio.Semaphore(self.options.concurrent)

    def add(self, function: Function) -> None:
        """Add a function with an HTTP trigger.

        Raises:
            IndexingFailed: its route or level is not supported.

        """
        trigger = function.trigger
        level = str(trigger.get("authLevel") or "FUNCTION").upper()
        if level not in {"ANONYMOUS", "FUNCTION"}:
            raise IndexingFailed(f"{function.name}: the authorisation level {level} is not built here.", "")
        try:
            template = parse(trigger.get("route") or function.name, self.options.route_prefix)
        except BadTemplate as error:
            raise IndexingFailed(f"{function.name}: {error}", "") from error
        methods = frozenset(str(method).upper() for method in trigger.get("methods") or ())
        self.routes.append(_Route(template, methods, level == "FUNCTION", function))
        self.routes.sort(key=lambda route: route.template.order)

    async def answer(self, request: Request) -> Response:
        """Find the function, check the key, and call it."""
        try:
            path = decode_path(request.scope["raw_path"].decode("ascii", "surrogateescape"))
        except ValueError:
            return Response(status_code=400)
        for route in self.routes:
            given = route.template.match(path)
            if given is None or (route.methods and request.method not in route.methods):
                continue
            if route.guarded and not may(request, self.key):
                return Response(status_code=401)
            if int(request.headers.get("content-length") or 0) > LARGEST:
                return Response(status_code=413)
            return await self._in_turn(route.function, request, given)
        return Response(status_code=404)

    async def _in_turn(self, function: Function, request: Request, given: dict[str, str]) -> Response:
        if self.options.outstanding and self.outstanding >= self.options.outstanding:
            return Response(status_code=429)
        self.outstanding += 1
        try:
            async with self._slots or contextlib.nullcontext():
                return await self.call(function, request, given)
        finally:
            self.outstanding -= 1


def may(request: Request, key: str) -> bool:
    """Return whether the request has the key: header `x-functions-key`, or else `code` in the query."""
    given = request.headers.get("x-functions-key") or request.query_params.get("code") or ""
    return hmac.compare_digest(given.encode(), key.encode())


async def buffered(function: Function, request: Request, given: dict[str, str]) -> Response:
    """Call a function with the whole request, and return the whole answer."""
    length = int(request.headers.get("content-length") or 0)
    try:
        body = TypedData(bytes=await request.body()) if length else TypedData()
    except ClientDisconnect:
        log.info("%s is not called: a caller left before the whole body was there", function.name)
        return Response(status_code=400)
    if not length and "transfer-encoding" in request.headers:
        log.warning("%s gets no body: the Functions host passes on none without Content-Length", function.name)
    message = Message(
        method=request.method,
        url=_url(request),
        headers=_joined((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw),
        query={name: value for name, value in _joined(parse_qsl(request.url.query)).items() if value},
        params=given,
        body=body,
        identities=[],
    )
    try:
        value = await worker.invoke(function, TypedData(http=message), {})
    except FunctionFailed as error:
        log.error("%s failed: %s\n%s", function.name, error, error.trace)  # noqa: TRY400 - the trace is the worker's
        return Response(status_code=500)
    return _response(value)


def _url(request: Request) -> str:
    query = request.scope["query_string"].decode("latin-1")
    path = encode_path(decode_path(request.scope["raw_path"].decode("ascii", "surrogateescape")))
    return f"{request.url.scheme}://{request.headers.get('host', '')}{path}{'?' if query else ''}{query}"


def _joined(pairs: Any) -> dict[str, str]:
    together: dict[str, list[str]] = {}
    for name, value in pairs:
        together.setdefault(name, []).append(value)
    return {name: ",".join(values) for name, values in together.items()}


def _response(value: Any) -> Response:
    """Convert a function's return value to an answer: None to 204, text to 200."""
    if value is None:
        return Response(status_code=204)
    if value.http is None:
        return Response(value.string, media_type="text/plain")
    answer = value.http
    status = int(answer.status_code)
    body = (answer.body.bytes or b"") if answer.body and status not in {204, 304} else b""
    headers = {name: text for name, text in answer.headers.items() if name.lower() != "content-length"}
    response = Response(body, status, headers)
    for cookie in answer.cookies or ():
        response.headers.append("set-cookie", _cookie(cookie))
    return response


def _cookie(answer: Any) -> str:
    """Write a cookie as ASP.NET Core does."""
    text = f"{quote(answer.name, safe='')}={quote(answer.value, safe='')}"
    if answer.expires:
        text += f"; expires={datetime.fromtimestamp(answer.expires.value.seconds, UTC):%a, %d %b %Y %H:%M:%S GMT}"
    if answer.max_age:
        text += f"; max-age={answer.max_age.value:.0f}"
    for name, attribute in (("domain", answer.domain), ("path", answer.path)):
        text += f"; {name}={attribute.value}" if attribute and attribute.value else ""
    text += "; secure" if answer.secure and answer.secure.value else ""
    text += f"; samesite={answer.same_site}" if answer.same_site else ""
    return text + ("; httponly" if answer.http_only and answer.http_only.value else "")
