"""The triggers: one function each that parses, calls and answers."""

from collections.abc import Awaitable, Callable

import azure.functions as func

from describer.app import (
    BACKFILLS_QUEUE,
    SMOKE_TESTS_QUEUE,
    UNPUBLISHED_QUEUE,
    UPLOADS_POISON_QUEUE,
    WORK_QUEUE,
    App,
    quieten_libraries,
)
from describer.entrypoints.http.urls import in_utf8
from describer.entrypoints.mcp_tools import TOOLS
from describer.entrypoints.storage_events.blob_binding import BlobNames

quieten_libraries()
app = func.FunctionApp()
services = App.from_environment()


@app.blob_trigger(
    arg_name="image", path="%IMAGES_CONTAINER%/{name}", connection="IMAGES", source=func.BlobSource.EVENT_GRID
)
async def describe_on_upload(image: BlobNames) -> None:
    """Describe an uploaded picture."""
    async with services.invocation("describe_on_upload"):
        await services.delivery.handle_upload(image.container, image.name)


@app.route("describe", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def describe(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Describe pictures, or answer a question about them, for a waiting caller."""
    return await _answered(req, context)


@app.route("describe/{body}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def describe_body(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Describe a picture or a form in the body; generated clients need one path for each kind of body."""
    return await _answered(req, context)


@app.route("descriptions", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def descriptions(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """List the stored records."""
    return await _answered(req, context)


@app.route("descriptions/{container}/{*name}", methods=["GET", "PUT"], auth_level=func.AuthLevel.FUNCTION)
async def description(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Read or correct one picture's stored record."""
    return await _answered(req, context)


@app.route("description", methods=["GET", "PUT"], auth_level=func.AuthLevel.FUNCTION)
async def description_by_query(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Read or correct a record by the query, which can contain any name."""
    return await _answered(req, context)


@app.route("coverage", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def coverage(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Count the pictures with published texts by language."""
    return await _answered(req, context)


@app.route("backfills", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def backfills(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Begin a backfill over stored pictures."""
    return await _answered(req, context)


@app.route("backfills/{backfill_id}", methods=["GET", "DELETE"], auth_level=func.AuthLevel.FUNCTION)
async def backfill(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Read a backfill's progress, or stop it."""
    return await _answered(req, context)


if services.settings.openai_compatible:

    @app.route("openai/{*path}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
    async def openai_compatible(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        """Serve OpenAI's clients. The app checks their keys and tokens, not the host."""
        return await _openai_compatible(req, context)


@app.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answer that the app runs."""
    return await _answered(req, context)


@app.route("health/deep", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def deep_health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Run the health checks."""
    return await _answered(req, context)


@app.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def openapi(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Return the HTTP interface in OpenAPI."""
    return await _answered(req, context)


@app.route("swagger.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def swagger(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Return the HTTP interface in Swagger 2.0."""
    return await _answered(req, context)


@app.queue_trigger(arg_name="message", queue_name=WORK_QUEUE, connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    """Process deferred work, or an event that Event Grid delivered to the queue."""
    body, received = message.get_body(), message.dequeue_count or 1
    async with services.invocation("work"):
        await services.inbox.take(WORK_QUEUE, message, lambda: services.delivery.handle_message(body, received))


@app.queue_trigger(arg_name="message", queue_name=UPLOADS_POISON_QUEUE, connection="IMAGES")
async def return_upload(message: func.QueueMessage) -> None:
    """Re-queue an upload that the blob trigger gave up; the queue is in the account of the trigger's connection."""
    async with services.invocation("return_upload"):
        body = message.get_body()
        await services.inbox.take(UPLOADS_POISON_QUEUE, message, lambda: services.poison.handle_upload_poison(body))


@app.queue_trigger(arg_name="message", queue_name=UNPUBLISHED_QUEUE, connection="AzureWebJobsStorage")
async def publish(message: func.QueueMessage) -> None:
    """Publish an event that could not be published before."""
    async with services.invocation("publish"):
        await services.inbox.take(UNPUBLISHED_QUEUE, message, lambda: services.publisher.republish(message.get_body()))


@app.queue_trigger(arg_name="message", queue_name=SMOKE_TESTS_QUEUE, connection="AzureWebJobsStorage")
async def run_smoke_test(message: func.QueueMessage) -> None:
    """Test whether an upload is described; the result is a log event."""
    async with services.invocation("run_smoke_test"):
        await services.inbox.take(SMOKE_TESTS_QUEUE, message, lambda: services.smoke_test.run(message.get_body()))


@app.queue_trigger(arg_name="message", queue_name=BACKFILLS_QUEUE, connection="AzureWebJobsStorage")
async def run_backfill(message: func.QueueMessage) -> None:
    """Run a backfill for a minute."""
    async with services.invocation("run_backfill"):
        await services.inbox.take(
            BACKFILLS_QUEUE, message, lambda: services.backfill_steps.handle_message(message.get_body())
        )


async def backfill_nightly(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    """Begin the nightly backfill, for pictures without an event."""
    async with services.invocation("backfill_nightly"):
        await services.backfill_steps.begin_nightly(services.nightly_backfills)


if services.nightly_schedule:  # without the setting no timer starts an instance in vain
    app.timer_trigger(arg_name="timer", schedule=services.nightly_schedule)(backfill_nightly)


async def remove_deleted(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    """Remove records of deleted pictures, nightly."""
    async with services.invocation("remove_deleted"):
        await services.cleanup.run()


if services.cleanup_schedule:
    app.timer_trigger(arg_name="timer", schedule=services.cleanup_schedule)(remove_deleted)


@app.event_grid_trigger(arg_name="event")
async def on_storage_event(event: func.EventGridEvent) -> None:
    """Queue a picture that was created, renamed or deleted; the event has either of Event Grid's schemas."""
    async with services.invocation("on_storage_event"):
        kind = event.type if isinstance(event, func.CloudEvent) else event.event_type
        await services.delivery.handle_event(kind, event.subject, event.get_json())


def _tool(name: str) -> Callable[[Callable[[str], Awaitable[str]]], object]:
    """Return an MCP tool trigger. `mcp_tool()` would parse a `data:` URL on the event loop and supports no schemas."""
    return app.generic_trigger(arg_name="context", type="mcpToolTrigger", **TOOLS[name].binding())


@_tool("describe_image")
async def describe_image(context: str) -> str:
    """Describe a picture for an agent."""
    return await _called("describe_image", context)


@_tool("ask_about_images")
async def ask_about_images(context: str) -> str:
    """Answer an agent's question about pictures."""
    return await _called("ask_about_images", context)


@_tool("find_descriptions")
async def find_descriptions(context: str) -> str:
    """Find stored descriptions for an agent."""
    return await _called("find_descriptions", context)


@_tool("find_undescribed")
async def find_undescribed(context: str) -> str:
    """Name pictures without a description to an agent."""
    return await _called("find_undescribed", context)


async def _called(tool: str, context: str) -> str:
    async with services.invocation(tool):
        return await services.tools.call(tool, context)


async def _openai_compatible(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    async with services.invocation("openai_compatible"):
        return await _served(services.openai_compatible, req, context)


async def _answered(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    async with services.invocation("http"):
        return await _served(services.http_for(req.route_params), req, context)


async def _served(
    app: Callable[..., Awaitable[None]], req: func.HttpRequest, context: func.Context
) -> func.HttpResponse:
    given = {"headers": req.headers, "params": req.params, "route_params": req.route_params, "body": req.get_body()}
    readable = func.HttpRequest(req.method, in_utf8(req.url), **given)
    response: func.HttpResponse = await func.AsgiMiddleware(app).handle_async(readable, context)  # type: ignore[no-untyped-call]
    return response


services.begin_warm_up()  # last, so that it does not slow down the indexing of the functions above
