"""Hooks that limit the size of a model server's answer, so that a faulty server cannot exhaust memory."""

from collections.abc import AsyncIterator
from typing import Final

import httpx2

MAX_WHOLE_BYTES: Final = 8 * 2**20
"""Bytes of an answer in one body. 64,000 tokens, twice the largest cap, are about 2 MB; reasoning adds as much."""
MAX_STREAMED_BYTES: Final = 48 * 2**20
"""Bytes of one that comes as events, where each token brings some 400 bytes of JSON along, and of a batch's file."""
_PLAIN: Final = ("", "identity")


class Oversized(httpx2.TransportError):
    """The answer is longer than any answer can be, or compressed although the request forbids it."""


async def unpacked_only(request: httpx2.Request) -> None:
    """Forbid compression (request hook): a few compressed bytes can unpack to any length."""
    request.headers["accept-encoding"] = "identity"


async def bounded(response: httpx2.Response) -> None:
    """Raise `Oversized` when the body grows too long (response hook).

    Raises:
        Oversized: the body is compressed.
    """
    if response.headers.get("content-encoding", "").strip().lower() not in _PLAIN:
        raise Oversized("packed")
    streamed = response.headers.get("content-type", "").startswith("text/event-stream")
    is_file = response.request.url.path.endswith("/content")  # the answers of a batch, some hundred in one file
    response.stream = _Bounded(response.stream, MAX_STREAMED_BYTES if streamed or is_file else MAX_WHOLE_BYTES)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: object, limit: int) -> None:
        self._stream, self._left = stream, limit

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:  # type: ignore[attr-defined]
            self._left -= len(chunk)
            if self._left < 0:
                raise Oversized("too long")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]
