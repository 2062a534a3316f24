"""A proxy to a storage service that can be closed, wholly or partly: it then answers 403, as for a missing role."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import aiohttp
from aiohttp import web
from yarl import URL

from local import ports
from local.tls import Certificate

REFUSED = "AuthorizationPermissionMismatch"
_OWN = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-encoding"})


@dataclass
class Gate:
    """Forwards requests that are not closed to `base`.

    Args:
        base: of the service, such as `https://127.0.0.1:10001`.
        url: the proxy's address.
        closed: words of paths that get 403, such as a queue's name; `/` for all.
        asked: the rejected requests, as method and path.

    """

    base: str
    url: str = ""
    closed: str = ""
    asked: list[str] = field(default_factory=list)

    @asynccontextmanager
    async def running(self, certificate: Certificate) -> AsyncIterator["Gate"]:
        """Serve over TLS until the end of the block."""
        trust = ssl.create_default_context(cafile=certificate.certificate)
        own = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        own.load_cert_chain(certificate.certificate, certificate.key)
        connector = aiohttp.TCPConnector(ssl=trust)
        async with aiohttp.ClientSession(connector=connector, auto_decompress=False) as self._client:
            app = web.Application()
            app.router.add_route("*", "/{path:.*}", self._answer)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            (port,) = ports.free_ports(1)
            await web.TCPSite(runner, "127.0.0.1", port, ssl_context=own).start()
            self.url = f"https://127.0.0.1:{port}"
            try:
                yield self
            finally:
                await runner.cleanup()

    async def _answer(self, request: web.Request) -> web.Response:
        if self.closed and self.closed in request.path:
            self.asked.append(f"{request.method} {request.path}")
            body = f"<?xml version='1.0' encoding='utf-8'?><Error><Code>{REFUSED}</Code></Error>"
            return web.Response(status=403, headers={"x-ms-error-code": REFUSED}, text=body, content_type="text/xml")
        headers = {name: value for name, value in request.headers.items() if name.lower() not in _OWN}
        url = URL(self.base + request.raw_path, encoded=True)
        async with self._client.request(request.method, url, headers=headers, data=await request.read()) as answer:
            headers = {name: value for name, value in answer.headers.items() if name.lower() not in _OWN}
            return web.Response(status=answer.status, headers=headers, body=await answer.read())
