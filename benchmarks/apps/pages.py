"""The work of both apps: receive a whole picture, and answer in pieces."""

import asyncio
from collections.abc import AsyncIterator

from fastapi import FastAPI, Request
from fastapi.responses import Response, StreamingResponse

PIECES, PAUSE = 10, 0.1  # seconds between two


def pieces() -> AsyncIterator[bytes]:
    """Return a streamed answer like a model's."""

    async def given() -> AsyncIterator[bytes]:
        for _ in range(PIECES):
            yield b"piece "
            await asyncio.sleep(PAUSE)

    return given()


def application() -> FastAPI:
    """Return the ASGI application of the plain app."""
    made = FastAPI()

    @made.post("/api/upload")
    async def upload(request: Request) -> Response:
        return Response(str(len(await request.body())))

    @made.get("/api/listen")
    async def listen() -> Response:
        return StreamingResponse(pieces())

    return made
