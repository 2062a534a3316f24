"""Reads no more of an answer than an answer can be, so that a server that misbehaves does not fill the memory."""

from collections.abc import AsyncIterator
from typing import Final

import httpx2

MOST_WHOLE: Final = 8 * 2**20
"""Bytes of an answer that comes at once: 64,000 tokens, the largest cap twice, are some 2 MB; thinking adds as much."""
MOST_STREAMED: Final = 48 * 2**20
"""Bytes of one that comes as events, where each token brings some 400 bytes of JSON along, and of a batch's file."""
_PLAIN: Final = ("", "identity")


class Oversized(httpx2.TransportError):
    """The answer is longer than any answer can be, or packed although nobody asked for that."""


async def unpacked_only(request: httpx2.Request) -> None:
    """Hook of an HTTP client: ask for no packed answer. A few bytes of one can unpack to any length."""
    request.headers["accept-encoding"] = "identity"


async def bounded(response: httpx2.Response) -> None:
    """Hook of an HTTP client: let the body end with `Oversized` where it grows too long.

    Raises:
        Oversized: the answer is packed all the same.
    """
    if response.headers.get("content-encoding", "").strip().lower() not in _PLAIN:
        raise Oversized("packed")
    of_many = response.headers.get("content-type", "").startswith("text/event-stream") or _is_file(response)
    response.stream = _Bounded(response.stream, MOST_STREAMED if of_many else MOST_WHOLE)


def _is_file(response: httpx2.Response) -> bool:
    """Whether these are the answers of a batch, some hundred in one file."""
    return response.request.url.path.endswith("/content")


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: object, most: int) -> None:
        self._stream, self._left = stream, most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._stream:  # type: ignore[attr-defined]
            self._left -= len(chunk)
            if self._left < 0:
                raise Oversized("too long")
            yield chunk

    async def aclose(self) -> None:
        await self._stream.aclose()  # type: ignore[attr-defined]
