"""The triggers: one function each, which parses, calls and answers."""

from collections.abc import Awaitable, Callable

import azure.functions as func

from describer.app import (
    SMOKE_TESTS_QUEUE,
    SWEEPS_QUEUE,
    UNPUBLISHED_QUEUE,
    UPLOADS_POISON_QUEUE,
    WORK_QUEUE,
    App,
    kept_in,
    quieten_libraries,
)
from describer.entrypoints.mcp_tools import TOOLS
from describer.entrypoints.storage_events.blob_binding import BlobNames

quieten_libraries()
app = func.FunctionApp()
services = App.from_environment()


@app.blob_trigger(
    arg_name="image", path="%IMAGES_CONTAINER%/{name}", connection="IMAGES", source=func.BlobSource.EVENT_GRID
)
async def describe_on_upload(image: BlobNames) -> None:
    """A picture has landed."""
    with kept_in("describe_on_upload"):
        await services.delivery.handle_upload(image.container, image.name)


@app.route("describe", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def describe(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A picture's description, or an answer about pictures, for a caller who waits."""
    return await _answered(req, context)


@app.route("describe/{body}", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def describe_body(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The same for callers whose body is a picture or a form: generated clients want a path for each."""
    return await _answered(req, context)


@app.route("descriptions", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def descriptions(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The stored records, in pages."""
    return await _answered(req, context)


@app.route("descriptions/{container}/{*name}", methods=["GET", "PUT"], auth_level=func.AuthLevel.FUNCTION)
async def description(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """One picture's stored record, and what people change in it."""
    return await _answered(req, context)


@app.route("description", methods=["GET", "PUT"], auth_level=func.AuthLevel.FUNCTION)
async def description_by_query(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The same, with the picture's place in the query, where any name can stand."""
    return await _answered(req, context)


@app.route("coverage", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def coverage(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """How many pictures have published texts, by language."""
    return await _answered(req, context)


@app.route("sweeps", methods=["POST"], auth_level=func.AuthLevel.FUNCTION)
async def sweeps(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """A new sweep over pictures that are stored already."""
    return await _answered(req, context)


@app.route("sweeps/{sweep_id}", methods=["GET", "DELETE"], auth_level=func.AuthLevel.FUNCTION)
async def sweep(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """How far a sweep is, and its stop."""
    return await _answered(req, context)


if services.settings.door_keys:

    @app.route("openai/{*path}", methods=["GET", "POST"], auth_level=func.AuthLevel.ANONYMOUS)
    async def openai_door(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
        """Other programs' questions, in OpenAI's own form. The host knows none of their keys; the door does."""
        return await _door(req, context)


@app.route("health", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Whether the app runs."""
    return await _answered(req, context)


@app.route("health/deep", methods=["GET"], auth_level=func.AuthLevel.FUNCTION)
async def deep_health(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Whether all that the app needs works."""
    return await _answered(req, context)


@app.route("openapi.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def openapi(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The HTTP interface in OpenAPI."""
    return await _answered(req, context)


@app.route("swagger.json", methods=["GET"], auth_level=func.AuthLevel.ANONYMOUS)
async def swagger(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """The HTTP interface in Swagger 2.0."""
    return await _answered(req, context)


@app.queue_trigger(arg_name="message", queue_name=WORK_QUEUE, connection="AzureWebJobsStorage")
async def work(message: func.QueueMessage) -> None:
    """Work that was put off, or that Event Grid delivered to the queue."""
    body, received = message.get_body(), message.dequeue_count or 1
    with kept_in("work"):
        await services.inbox.take(WORK_QUEUE, message, lambda: services.delivery.handle_message(body, received))


@app.queue_trigger(arg_name="message", queue_name=UPLOADS_POISON_QUEUE, connection="IMAGES")
async def return_upload(message: func.QueueMessage) -> None:
    """An upload that the blob trigger gave up on. The connection is the trigger's own: there it puts them."""
    with kept_in("return_upload"):
        body = message.get_body()
        await services.inbox.take(UPLOADS_POISON_QUEUE, message, lambda: services.poison.handle_upload_poison(body))


@app.queue_trigger(arg_name="message", queue_name=UNPUBLISHED_QUEUE, connection="AzureWebJobsStorage")
async def publish(message: func.QueueMessage) -> None:
    """An event that could not be published when it happened."""
    with kept_in("publish"):
        await services.inbox.take(UNPUBLISHED_QUEUE, message, lambda: services.publisher.republish(message.get_body()))


@app.queue_trigger(arg_name="message", queue_name=SMOKE_TESTS_QUEUE, connection="AzureWebJobsStorage")
async def run_smoke_test(message: func.QueueMessage) -> None:
    """Somebody asks whether an upload comes out described; the answer is a log event."""
    with kept_in("run_smoke_test"):
        await services.inbox.take(SMOKE_TESTS_QUEUE, message, lambda: services.smoke_test.run(message.get_body()))


@app.queue_trigger(arg_name="message", queue_name=SWEEPS_QUEUE, connection="AzureWebJobsStorage")
async def run_sweep(message: func.QueueMessage) -> None:
    """A sweep over pictures that were there before the app goes on."""
    with kept_in("run_sweep"):
        await services.inbox.take(
            SWEEPS_QUEUE, message, lambda: services.sweep_steps.handle_message(message.get_body())
        )


async def sweep_nightly(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    """The hour has come to look for pictures that no event told of."""
    with kept_in("sweep_nightly"):
        await services.sweep_steps.begin_nightly(services.nightly_sweeps)


if services.nightly_schedule:  # without the setting there is no timer that wakes an instance for nothing
    app.timer_trigger(arg_name="timer", schedule=services.nightly_schedule)(sweep_nightly)


async def remove_deleted(timer: func.TimerRequest) -> None:  # noqa: ARG001 - the binding's name
    """The hour has come to remove what is left of deleted pictures."""
    with kept_in("remove_deleted"):
        await services.cleanup.run()


if services.cleanup_schedule:
    app.timer_trigger(arg_name="timer", schedule=services.cleanup_schedule)(remove_deleted)


@app.event_grid_trigger(arg_name="event")
async def on_storage_event(event: func.EventGridEvent) -> None:
    """A blob was created, renamed or deleted; the event comes in either of Event Grid's schemas."""
    with kept_in("on_storage_event"):
        kind = event.type if isinstance(event, func.CloudEvent) else event.event_type
        await services.delivery.handle_event(kind, event.subject, event.get_json())


def _tool(name: str) -> Callable[[Callable[[str], Awaitable[str]]], object]:
    """An MCP tool trigger. `mcp_tool()` would read a `data:` URL on the event loop, and knows no schemas."""
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
    with kept_in(tool):
        return await services.tools.call(tool, context)


async def _door(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    with kept_in("openai_door"):
        handler = func.AsgiMiddleware(services.openai_door)  # type: ignore[no-untyped-call]
        response: func.HttpResponse = await handler.handle_async(req, context)
        return response


async def _answered(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    with kept_in("http"):
        try:
            handler = func.AsgiMiddleware(services.http_for(req.route_params))  # type: ignore[no-untyped-call]
            response: func.HttpResponse = await handler.handle_async(req, context)
        except UnicodeDecodeError:  # by the middleware, of a path whose escapes are no UTF-8
            return func.HttpResponse(status_code=400)
        return response
