"""Azure OpenAI's wire format over HTTP: one Starlette application, whose texts come from an `Answerer`.

POST /openai/v1/chat/completions   as Azure's v1 API: token or key, deployments, rate limits
POST /v1/chat/completions          the same for OpenAI-compatible callers on this machine, without a credential
POST /openai/v1/responses, /v1/responses
GET  /openai/v1/models, /v1/models
files and batches: see batches.py
GET  /healthz                      200 once the answerer is ready, 503 before, 500 if it cannot be
"""

import asyncio
import logging
import uuid
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, suppress
from typing import Any

from starlette.applications import Starlette
from starlette.requests import ClientDisconnect
from starlette.requests import Request as Http
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from local.azure_openai import bodies, faults, responses
from local.azure_openai.answers import Answer, Answerer, Fault, Json, Request
from local.azure_openai.batches import BatchRoutes
from local.azure_openai.completions import completion, prompt_tokens
from local.azure_openai.resource import Deployment, Resource
from local.azure_openai.streaming import Stream

log = logging.getLogger(__name__)


class Broken(Response):
    """An answer whose connection closes after the headers."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the headers only; uvicorn then closes the connection."""
        del scope, receive
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"1000")]})


class Service:
    """The endpoints of one resource."""

    def __init__(self, resource: Resource, answerer: Answerer) -> None:
        self._resource = resource
        self._answerer = answerer
        # A fixed pool of threads: each new thread that runs a model costs memory for good.
        self._pool = ThreadPoolExecutor(answerer.workers, thread_name_prefix="answerer")
        self._loading: asyncio.Future[None] | None = None

    @asynccontextmanager
    async def lifespan(self, _app: Starlette) -> AsyncIterator[None]:
        """Load the answerer in a thread, so that `/healthz` answers in the meantime."""
        self._loading = asyncio.get_running_loop().run_in_executor(self._pool, self._answerer.load)
        yield
        self._pool.shutdown(wait=False, cancel_futures=True)

    async def healthz(self, _http: Http) -> Response:
        """Return whether the answerer is ready."""
        if self._loading is None or not self._loading.done():
            return JSONResponse({"status": "loading"}, 503)
        problem = self._loading.exception()
        return JSONResponse({"status": str(problem)}, 500) if problem else JSONResponse({"status": "ready"})

    async def models(self, http: Http) -> Response:
        """List the deployments."""
        denied = self._denied(http)
        if denied:
            return self._failed(denied, {})
        entry = {"object": "model", "created": 0, "owned_by": "local"}
        return JSONResponse(
            {"object": "list", "data": [{"id": each.name, **entry} for each in self._resource.deployments]}
        )

    async def chat(self, http: Http) -> Response:
        """Answer one chat completion."""
        return await self._answered(http, bodies.read, completion, Stream)

    async def responses(self, http: Http) -> Response:
        """Answer one call of the Responses API."""
        return await self._answered(http, responses.read, responses.response, responses.Stream)

    async def _answered(
        self,
        http: Http,
        read: Callable[[bytes, Resource], tuple[Deployment, Request]],
        whole: Callable[[Request, Answer, str], Json],
        stream: Callable[[Request, Answer, str, dict[str, str]], Response],
    ) -> Response:
        headers = {"apim-request-id": str(uuid.uuid4()), "x-ms-region": self._resource.region}
        denied = self._denied(http)
        if denied:
            return self._failed(denied, headers)
        try:
            raw = await self._body(http)
            deployment, request = await asyncio.to_thread(read, raw, self._resource)
            headers |= {"x-ms-deployment-name": deployment.name, **_granted(deployment, request)}
        except faults.Rejected as rejected:
            return self._failed(rejected.fault, headers)
        reply = await self._reply(request)
        if reply.delay:
            await _left(http, reply.delay)
        if isinstance(reply, Fault):
            return self._failed(reply, headers)
        model = self._answerer.model or deployment.model
        if request.body.get("stream"):
            return stream(request, reply, model, headers)
        return JSONResponse(whole(request, reply, model), headers=headers)

    async def line(self, raw: bytes) -> tuple[int, dict[str, Any]]:
        """Return status and body for one line of a batch, without the quotas of direct calls."""
        try:
            deployment, request = await asyncio.to_thread(bodies.read, raw, self._resource)
        except faults.Rejected as rejected:
            return rejected.fault.status, {"error": rejected.fault.body}
        reply = await self._reply(request)
        if isinstance(reply, Fault):
            return reply.status, {"error": reply.body}
        return 200, completion(request, reply, self._answerer.model or deployment.model)

    def refused(self, http: Http) -> Response | None:
        """Return the response for a caller who is not allowed, or None."""
        denied = self._denied(http)
        return self._failed(denied, {}) if denied else None

    async def _reply(self, request: Request) -> Answer | Fault:
        """Ask the answerer. Its exceptions are logged and become a 500, never a broken connection."""
        try:
            if self._loading is not None:
                await asyncio.shield(self._loading)
            return await asyncio.get_running_loop().run_in_executor(self._pool, self._answerer.answer, request)
        except Exception:
            log.exception("azure_openai.answerer_failed")
            return faults.server_error()

    def _denied(self, http: Http) -> Fault | None:
        return self._resource.access.check(http.headers) if http.url.path.startswith("/openai/") else None

    async def _body(self, http: Http) -> bytes:
        """Read the body up to the limit, regardless of Content-Length."""
        chunks, size = [], 0
        with suppress(ClientDisconnect):
            async for chunk in http.stream():
                chunks.append(chunk)
                size += len(chunk)
                if size > self._resource.max_body:
                    raise faults.Rejected(faults.gateway_error(413, "RequestEntityTooLarge", "The body is too large."))
        return b"".join(chunks)

    @staticmethod
    def _failed(fault: Fault, headers: dict[str, str]) -> Response:
        if fault.dropped:
            return Broken()
        merged = {**headers, **fault.headers}
        if isinstance(fault.body, str):
            return Response(fault.body, fault.status, merged)
        return JSONResponse(fault.body, fault.status, merged)


def _granted(deployment: Deployment, request: Request) -> dict[str, str]:
    """Return the rate-limit headers, or raise `faults.Rejected` with 429."""
    if deployment.quota is None:
        return {}
    # The limit for the answer is charged in advance; 0 if the caller set none.
    grant = deployment.quota.take(prompt_tokens(request) + (request.max_tokens or 0))
    if grant.retry_after is None:
        return grant.headers
    fault = faults.rate_limited(grant.retry_after)
    raise faults.Rejected(Fault(fault.status, fault.body, {**grant.headers, **fault.headers}))


async def _left(http: Http, seconds: float) -> None:
    """Wait so many seconds, or less if the caller disconnects."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await http.receive())["type"] != "http.disconnect":
                pass


def application(resource: Resource, answerer: Answerer) -> Starlette:
    """Return the application; make a new one for each event loop."""
    service = Service(resource, answerer)
    batches = BatchRoutes(resource.batch_store, service.line, service.refused)
    routes = [Route("/healthz", service.healthz)]
    for base in ("/openai/v1", "/v1"):
        routes.append(Route(f"{base}/chat/completions", service.chat, methods=["POST"]))
        routes.append(Route(f"{base}/responses", service.responses, methods=["POST"]))
        routes.append(Route(f"{base}/models", service.models))
        routes += [
            Route(f"{base}/files", batches.upload, methods=["POST"]),
            Route(f"{base}/files/{{name}}/content", batches.content),
            Route(f"{base}/files/{{name}}", batches.delete, methods=["DELETE"]),
            Route(f"{base}/batches", batches.begin, methods=["POST"]),
            Route(f"{base}/batches", batches.batches),
            Route(f"{base}/batches/{{name}}", batches.batch),
        ]
    return Starlette(routes=routes, lifespan=service.lifespan)
