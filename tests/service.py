"""A proxy before Azurite that answers like the real storage service if Azurite differs.

    with Service(storage) as service:
        service.answers.append(Answer("PUT metadata", 409, "BlobImmutableDueToLegalHold"))
        async with service.blob_service() as blobs: ...

Some rules always apply: the length of names in UTF-16 units, the size and the letters of metadata, archived blobs that
cannot be written, markers that no listing gave. A test requests all others, which tests/cases/storage_answers.toml
has with their sources. Everything else goes on to Azurite.
"""

import asyncio
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Final, Self
from urllib.parse import unquote

import httpx2
from azure.storage.blob.aio import BlobServiceClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from local import clients
from local.serving import Running
from local.storage import Storage

_LONGEST_NAME: Final = 1024
_MOST_METADATA: Final = 8192
_OF_THE_CONNECTION: Final = frozenset({"connection", "keep-alive", "transfer-encoding", "content-length", "host"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: `on` is its method and, after a space, its query parameter `comp`; `path` is decoded."""

    on: str
    path: str

    @classmethod
    def of(cls, request: Request) -> Self:
        """The request's operation."""
        return cls(f"{request.method} {request.query_params.get('comp', '')}".strip(), unquote(request.url.path))


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer in the place of Azurite's.

    Args:
        on: the request, as `Asked` has it.
        status: of HTTP.
        code: the service's error code; empty if the answer is a proxy's, with a page of HTML.
        path: a pattern for the path, with `*` for anything.
        headers: further ones.
    """

    on: str
    status: int
    code: str = ""
    path: str = "*"
    headers: Mapping[str, str] = field(default_factory=dict)

    def response(self, method: str) -> Response:
        """The answer; a HEAD has no body, and the code in a header only."""
        body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{self.code}</Code><Message>No.</Message></Error>"
        if not self.code:
            body = "<html><body>Not here.</body></html>"
        headers = {"content-type": "application/xml" if self.code else "text/html", **self.headers}
        headers |= {"x-ms-error-code": self.code} if self.code else {}
        return Response(b"" if method == "HEAD" else body, self.status, headers)


class Service:
    """The proxy, while the block is entered; `answers` are looked through in order, `seen` has what was asked."""

    def __init__(self, storage: Storage, answers: Sequence[Answer] = ()) -> None:
        self.answers = list(answers)
        self.seen: list[Asked] = []
        self._markers: set[str] = set()
        self._archived: set[str] = set()
        self._storage = storage
        self._running = Running(self._application, tls=True, certificate=storage.certificate)

    def __enter__(self) -> Self:
        self._running.up()
        return self

    def __exit__(self, *_: object) -> None:
        self._running.close()

    def blob_service(self) -> BlobServiceClient:
        """A client of the account `images` by way of this proxy; it tries once."""
        url = f"{self._running.url}/{self._storage.images}"
        return clients.blob_service(url, self._storage.identity, self._storage.certificate, retry_total=0)

    def _application(self) -> Starlette:
        trust = ssl.create_default_context(cafile=self._storage.certificate.certificate)
        onward = httpx2.AsyncHTTPTransport(verify=trust, trust_env=False)

        @asynccontextmanager
        async def open_connections(_app: Starlette) -> AsyncIterator[None]:
            async with onward:
                yield

        async def answer(request: Request) -> Response:
            asked = Asked.of(request)
            self.seen.append(asked)
            for given in (*self.answers, *self._rules(request, asked)):
                if given.on == asked.on and fnmatchcase(asked.path, given.path):
                    return given.response(request.method)
            answered = await self._forwarded(request, onward)
            self._markers.update(re.findall(r"<NextMarker>([^<]+)<", bytes(answered.body).decode(errors="replace")))
            self._note_tier(asked, request, answered)
            return answered

        app = Starlette(lifespan=open_connections)
        app.add_route("/{path:path}", answer, methods=["GET", "HEAD", "PUT", "DELETE", "POST"])
        return app

    def _rules(self, request: Request, asked: Asked) -> Iterator[Answer]:
        """Return the service's rejection of a request that Azurite accepts."""
        _, _, name = asked.path.lstrip("/").partition("/")[2].partition("/")
        if len(name.encode("utf-16-le")) // 2 > _LONGEST_NAME:
            yield Answer(asked.on, 400, "OutOfRangeInput")
        pairs = [(key[10:], value) for key, value in request.headers.items() if key.startswith("x-ms-meta-")]
        if not all(map(str.isascii, (value for _, value in pairs))):
            yield Answer(asked.on, 400, "InvalidMetadata")
        if sum(len(key) + len(value) for key, value in pairs) > _MOST_METADATA:
            yield Answer(asked.on, 400, "MetadataTooLarge")
        if asked.path in self._archived and asked.on in {"PUT", "PUT metadata", "PUT snapshot"}:
            yield Answer(asked.on, 409, "BlobArchived")
        if request.query_params.get("marker", "") not in {"", *self._markers}:
            yield Answer(asked.on, 400, "OutOfRangeInput")

    def _note_tier(self, asked: Asked, request: Request, answered: Response) -> None:
        if answered.status_code >= 300:
            return
        if asked.on in {"PUT tier", "PUT"} and request.headers.get("x-ms-access-tier") == "Archive":
            self._archived.add(asked.path)
        elif asked.on in {"PUT tier", "PUT", "DELETE"}:
            self._archived.discard(asked.path)

    async def _forwarded(self, request: Request, onward: httpx2.AsyncHTTPTransport) -> Response:
        raw_path = request.scope["raw_path"] + (b"?" + request.scope["query_string"]) * bool(request.url.query)
        url = httpx2.URL(self._storage.base["blob"]).copy_with(raw_path=raw_path)
        headers = [pair for pair in request.headers.items() if pair[0] not in _OF_THE_CONNECTION - {"content-length"}]
        asked = httpx2.Request(request.method, url, headers=headers, content=await request.body())
        answered = await onward.handle_async_request(asked)
        body = await asyncio.wait_for(answered.aread(), 30)
        kept = {name: value for name, value in answered.headers.items() if name not in _OF_THE_CONNECTION}
        if request.method == "HEAD" and "content-length" in answered.headers:
            kept["content-length"] = answered.headers["content-length"]
        return Response(body, answered.status_code, kept)
