"""The same with the streaming extension, which imports FastAPI at indexing."""

import azure.functions as func
import azurefunctions.extensions.base  # noqa: F401 - as the real app does
from azurefunctions.extensions.http.fastapi import Request, Response, StreamingResponse

from benchmarks.apps.pages import pieces

app = func.FunctionApp(http_auth_level=func.AuthLevel.ANONYMOUS)


@app.route("upload", methods=["POST"])
async def upload(req: Request) -> Response:
    """Receives a picture."""
    return Response(str(len(await req.body())))


@app.route("listen", methods=["GET"])
async def listen(req: Request) -> StreamingResponse:  # noqa: ARG001
    """Answers in pieces."""
    return StreamingResponse(pieces())
