"""Plain functions that call an ASGI application; FastAPI is imported at the first request."""

from functools import cache

import azure.functions as func
import azurefunctions.extensions.base  # noqa: F401 - as the real app does

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@cache
def asgi() -> func.AsgiMiddleware:
    """Return the application, built once."""
    from benchmarks.apps.pages import application  # noqa: PLC0415 - that is the point

    return func.AsgiMiddleware(application())  # type: ignore[no-untyped-call]


@app.route("upload", methods=["POST"])
async def upload(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Receives a picture."""
    response: func.HttpResponse = await asgi().handle_async(req, context)
    return response


@app.route("listen", methods=["GET"])
async def listen(req: func.HttpRequest, context: func.Context) -> func.HttpResponse:
    """Answers in pieces."""
    response: func.HttpResponse = await asgi().handle_async(req, context)
    return response
