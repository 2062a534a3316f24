"""Builds the ASGI application: routes, their OpenAPI descriptions, and error handlers."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.telemetry import TelemetryConfig
from starlette.exceptions import HTTPException
from starlette.routing import Match, Route
from starlette.types import ASGIApp

from describer.domain.errors import DescriberError
from describer.domain.record import Record
from describer.entrypoints.http import access_log, openapi
from describer.entrypoints.http.backfill_schemas import BackfillState
from describer.entrypoints.http.document import Document, written
from describer.entrypoints.http.middleware import Middleware
from describer.entrypoints.http.paths import BACKFILLS, RECORDS
from describer.entrypoints.http.problems import Problem
from describer.entrypoints.http.request_body import path, sentence
from describer.entrypoints.http.routes import Routes
from describer.entrypoints.http.schemas import Covered, DeepHealth, DescribeAnswer, Health, Listing
from describer.entrypoints.on_demand.service import OnDemandService
from describer.entrypoints.storage_events.backfill_steps import BackfillSteps
from describer.operations.health import Check
from describer.pipeline.catalogue import Catalogue
from describer.pipeline.correct import Corrector
from describer.pipeline.memory_budget import MemoryBudget

_TELEMETRY: Final[TelemetryConfig] = {
    "tracing": False,
    "metrics": False,
    "logs": False,
    "operation_spans": False,
    "auto_configure": False,
}
"""The framework's own telemetry is off: its spans contain whole addresses, and so keys, blob names and contexts, its
logs the messages of bugs, and `auto_configure` would add exporters from the environment.
"""


def asgi(
    on_demand: Callable[[], OnDemandService],
    corrector: Callable[[], Corrector],
    catalogue: Callable[[], Catalogue],
    backfills: Callable[[], BackfillSteps],
    checks: Callable[[], Awaitable[Sequence[Check]]],
    memory: MemoryBudget,
    max_picture: int,
) -> ASGIApp:
    """Return the application with its middleware. Each service is built with the first request that needs it."""
    return Middleware(application(Routes(on_demand, corrector, catalogue, backfills, checks)), memory, max_picture)


def application(routes: Routes) -> FastAPI:
    """Return the application without its middleware."""
    app = FastAPI(
        title="image-describer",
        version=openapi.VERSION,
        description=openapi.ABOUT,
        openapi_url=None,
        redirect_slashes=False,
        telemetry=_TELEMETRY,
        exception_handlers={
            Problem: _problem,
            DescriberError: _error,
            RequestValidationError: _invalid,
            HTTPException: _http,
            Exception: _bug,
        },
    )

    def get(path: str, answer: Callable[..., Any], model: Any, name: str, **more: Any) -> None:
        app.add_api_route(path, answer, response_model=model, operation_id=name, methods=["GET"], **more)

    for place, answer, name, body in (
        ("/api/describe", routes.describe, "describe", openapi.JSON_BODY),
        ("/api/describe/picture", routes.describe_picture, "describePicture", openapi.PICTURE_BODY),
        ("/api/describe/form", routes.describe_form, "describeForm", openapi.FORM_BODY),
    ):
        app.add_api_route(place, answer, methods=["POST"], response_model=DescribeAnswer, operation_id=name,
            responses=openapi.DESCRIBE, openapi_extra=openapi.GUARDED | body)  # fmt: skip
    guarded = {"openapi_extra": openapi.GUARDED}
    get(RECORDS, routes.descriptions, Listing, "listDescriptions", responses=openapi.LIST, **guarded)
    get("/api/coverage", routes.coverage, Covered, "getCoverage", responses=openapi.COVERAGE, **guarded)
    reads, writes = openapi.GUARDED | openapi.IF_NONE_MATCH, openapi.GUARDED | openapi.IF_MATCH
    for place, read, correct, suffix in (
        (f"{RECORDS}/{{container}}/{{name:blob}}", routes.description, routes.correct, ""),
        ("/api/description", routes.description_by_query, routes.correct_by_query, "ByQuery"),
    ):
        get(place, read, Record, f"getDescription{suffix}", responses=openapi.READ, openapi_extra=reads)
        app.add_api_route(place, correct, methods=["PUT"], response_model=Record,
            operation_id=f"correctDescription{suffix}", responses=openapi.CORRECT, openapi_extra=writes)  # fmt: skip
    app.add_api_route(BACKFILLS, routes.begin_backfill, methods=["POST"], status_code=202, response_model=BackfillState,
        operation_id="beginBackfill", responses=openapi.BEGIN_BACKFILL, openapi_extra=openapi.GUARDED)  # fmt: skip
    one_backfill = f"{BACKFILLS}/{{backfill_id}}"
    get(one_backfill, routes.backfill, BackfillState, "getBackfill", responses=openapi.BACKFILL, **guarded)
    app.add_api_route(one_backfill, routes.stop_backfill, methods=["DELETE"], response_model=BackfillState,
        operation_id="stopBackfill", responses=openapi.STOP_BACKFILL, openapi_extra=openapi.GUARDED)  # fmt: skip
    get("/api/health", routes.health, Health, "health", responses=openapi.HEALTH)
    get("/api/health/deep", routes.deep_health, DeepHealth, "deepHealth", responses=openapi.DEEP, **guarded)
    get("/api/openapi.json", routes.document, None, "openapi", include_in_schema=False)
    get("/api/swagger.json", routes.swagger, None, "swagger", include_in_schema=False)
    return app


def document(form: Document = Document.INHERITANCE) -> dict[str, Any]:
    """Return the interface's document in one of its forms."""

    def unused() -> Any:
        raise AssertionError("not called for a document")

    return written(application(Routes(unused, unused, unused, unused, unused)).openapi(), form)


async def _problem(request: Request, problem: Exception) -> Response:
    assert isinstance(problem, Problem)  # noqa: S101 - Starlette's handlers take any exception
    return problem.response(request.state.request_id)


async def _error(request: Request, error: Exception) -> Response:
    assert isinstance(error, DescriberError)  # noqa: S101 - likewise
    access_log.deferred(request.state.request_id, error, getattr(request.state, "blobs", ()))
    problem = Problem.of(error)
    if problem.kind == "internal":
        access_log.failed(request.state.request_id, error)
    return problem.response(request.state.request_id)


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101 - likewise
    problem = Problem.invalid({path(detail["loc"][1:]) or "request": sentence(detail) for detail in error.errors()})
    return problem.response(request.state.request_id)


async def _http(request: Request, error: Exception) -> Response:
    """Return the problem for an error of Starlette's: an unknown path, another method, an invalid form."""
    assert isinstance(error, HTTPException)  # noqa: S101 - likewise
    kind = {404: "not-found", 405: "method-not-allowed"}.get(error.status_code, "bad-request")
    headers = {"allow": _allowed(request)} if error.status_code == 405 else dict(error.headers or {})
    problem = Problem(kind, f"{error.detail.removesuffix('.')}.", headers=headers)
    return problem.response(request.state.request_id)


def _allowed(request: Request) -> str:
    """Return the methods of all routes for this path; Starlette lists only the first route's."""
    routes = [route for route in request.app.routes if isinstance(route, Route)]
    found = [route.methods or () for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for methods in found for method in methods}))


async def _bug(request: Request, _error: Exception) -> Response:
    """Return the problem for a bug, which the middleware logs."""
    return Problem("internal", "Unexpected error.").response(request.state.request_id)
