"""Forwards requests to apps that import the streaming extension, as the Functions host does, and streams the answers.

The worker then runs an HTTP server of its own, for all HTTP functions. The host streams the request to it, with
the invocation's id, calls the function concurrently, and streams the server's answer back.
"""

import asyncio
import contextlib
import logging
import uuid
from collections.abc import AsyncIterator, Iterable

import httpx2
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from local.host import worker
from local.host.worker import Function, FunctionFailed, Message, TypedData

log = logging.getLogger("host.forward")

INVOCATION = b"x-ms-invocation-id"
_OF_THE_CONNECTION = frozenset({b"connection", b"keep-alive", b"transfer-encoding", b"te", b"trailer", b"upgrade"})


class Forwarder:
    """Forwards requests.

    Args:
        client: for the worker's server; see `client_of`.

    """

    def __init__(self, client: httpx2.AsyncClient) -> None:
        self._client = client

    async def __call__(self, function: Function, request: Request, given: dict[str, str]) -> Response:
        """Forward a request; its answer may continue after this has returned."""
        invocation = str(uuid.uuid4())
        message = Message(headers={}, params=given, query={}, body=TypedData())
        running = asyncio.create_task(_run(function, TypedData(http=message), invocation))
        asked = self._client.build_request(
            request.method,
            _target(request),
            headers=[*_passed_on(request.headers.raw), (INVOCATION, invocation.encode())],
            content=request.stream(),
        )
        answer = await self._client.send(asked, stream=True)

        async def body() -> AsyncIterator[bytes]:
            async with contextlib.aclosing(answer):
                async for piece in answer.aiter_raw():
                    yield piece
            await running

        if answer.is_error and await running:  # the host got the error; the caller gets an empty body
            await answer.aclose()
            return Response(status_code=500)
        response = StreamingResponse(body(), answer.status_code)
        response.raw_headers = _passed_on(answer.headers.raw)
        return response


def client_of(server: str) -> httpx2.AsyncClient:
    """Return the client for a worker's server; it waits until that listens, and while a function runs."""
    transport = httpx2.AsyncHTTPTransport(retries=5)
    return httpx2.AsyncClient(base_url=server, transport=transport, timeout=None, follow_redirects=False)


async def _run(function: Function, value: Message, invocation: str) -> bool:
    """Call the function and return whether it failed."""
    try:
        await worker.invoke(function, value, {}, invocation)
    except FunctionFailed as error:
        log.error("%s failed: %s\n%s", function.name, error, error.trace)  # noqa: TRY400 - the trace is the worker's
        return True
    return False


def _target(request: Request) -> str:
    path, query = (str(request.scope[part], "latin-1") for part in ("raw_path", "query_string"))
    return f"{path}?{query}" if query else path


def _passed_on(headers: Iterable[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    return [(name.lower(), value) for name, value in headers if name.lower() not in _OF_THE_CONNECTION]
