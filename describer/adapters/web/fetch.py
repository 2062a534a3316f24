"""Fetches a picture with one request at a time, each to a checked address and within limits.

The request goes to the address itself; the host name is used only in `Host`, in the TLS handshake and in the check of
the certificate. So there is no second name look-up between check and connection that could return another address. The
HTTP library's transport is used without its client, so that cookies, redirects, proxies, logins and decompression do
not exist here.
"""

import asyncio
import io
import ssl
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager, suppress
from dataclasses import dataclass, field
from functools import cache
from typing import Final

import httpx2

from describer import __version__
from describer.adapters.web import data_url, responses
from describer.adapters.web.public_ip import Resolve, public_addresses, system_resolve
from describer.adapters.web.urls import Rules, Target, redirected
from describer.domain.addresses import is_data_url
from describer.domain.errors import Corrupt, FetchFailed, Transient, UrlFault
from describer.pipeline.unpacking import unpacked

_MAX_REDIRECTS: Final = 3
_MAX_ADDRESSES: Final = 3
"""Maximum number of a host's addresses to try; all of them are checked."""

type Extend = Callable[[int], None]
type Transports = Callable[[], httpx2.AsyncBaseTransport]


@dataclass(frozen=True, slots=True)
class Timeouts:
    """Timeouts in seconds: for a connection to one address, for the response and between pieces of it, and in total."""

    connect: float = 5.0
    answer: float = 10.0
    total: float = 30.0


@cache
def _trusted() -> ssl.SSLContext:
    """Return the trusted certificate authorities, cached because loading takes milliseconds."""
    return httpx2.create_ssl_context(trust_env=False)


def direct(trust: ssl.SSLContext | None = None) -> httpx2.AsyncBaseTransport:
    """Return a transport without proxies, whatever the environment says; `trust`: the default authorities."""
    return httpx2.AsyncHTTPTransport(verify=trust or _trusted(), trust_env=False)


@dataclass(frozen=True, slots=True)
class Web:
    """Implements the port `Web`: fetches pictures by URL.

    Args:
        max_bytes: larger pictures are rejected as soon as their size is known.
        rules: the installation's rules; in addition, addresses must always be public.
        transports: creates the transport for one fetch; tests direct it to their own listeners without weakening any
            check above it.
    """

    max_bytes: int
    rules: Rules = field(default_factory=Rules)
    timeouts: Timeouts = Timeouts()
    resolve: Resolve = system_resolve
    transports: Transports = direct

    async def fetch(self, url: str, extend: Extend) -> bytes:
        """Return the bytes, of any format; errors of `extend` are passed on."""
        if is_data_url(url):
            extend(min(data_url.max_decoded_bytes(url), self.max_bytes))
            found = await unpacked(data_url.decoded, url, self.max_bytes)
        else:
            found = await self._in_time(url, extend)
        if not found:
            raise Corrupt("The URL returned an empty body.")
        return found

    async def _in_time(self, url: str, extend: Extend) -> bytes:
        try:
            async with asyncio.timeout(self.timeouts.total):
                return await self._follow(url, extend)
        except TimeoutError as error:
            raise Transient("The server of the URL took too long.") from error

    async def _follow(self, url: str, extend: Extend) -> bytes:
        for _ in range(1 + _MAX_REDIRECTS):
            target = Target.read(url)
            self.rules.check(target)
            addresses = await public_addresses(target.host, self.resolve)
            try:
                async with self._asked(target, addresses) as response:
                    onward = responses.location(response, target)
                    if onward is None:
                        return await self._body(response, target, extend)
            except httpx2.TransportError as error:
                raise responses.fault(error, target) from error
            url = redirected(url, onward)
        raise FetchFailed(f"The URL redirects more than {_MAX_REDIRECTS} times.", code=UrlFault.REDIRECT)

    @asynccontextmanager
    async def _asked(self, target: Target, addresses: Sequence[str]) -> AsyncIterator[httpx2.Response]:
        async with self.transports() as transport:
            async with asyncio.timeout(self.timeouts.answer + self.timeouts.connect):
                response = await self._first(transport, target, addresses)
            async with aclosing(response):
                yield response

    async def _first(
        self, transport: httpx2.AsyncBaseTransport, target: Target, addresses: Sequence[str]
    ) -> httpx2.Response:
        """Return the response of the first address that accepts a connection."""
        *others, last = addresses[:_MAX_ADDRESSES]
        for address in others:
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await transport.handle_async_request(self._request(target, address))
        return await transport.handle_async_request(self._request(target, last))

    def _request(self, target: Target, address: str) -> httpx2.Request:
        timeouts = self.timeouts
        return httpx2.Request(
            "GET",
            httpx2.URL(scheme=target.scheme, host=address, port=target.port, raw_path=target.path),
            headers={
                "Host": target.authority,
                "User-Agent": f"image-describer/{__version__}",
                "Accept": "image/*, */*;q=0.1",
                "Accept-Encoding": "identity",
                "Connection": "close",
            },
            extensions={
                "sni_hostname": target.host,
                "timeout": {"connect": timeouts.connect, "read": timeouts.answer, "write": timeouts.answer},
            },
        )

    async def _body(self, response: httpx2.Response, target: Target, extend: Extend) -> bytes:
        responses.accept(response, target, self.max_bytes)
        body = io.BytesIO()  # returns its bytes without a copy
        async for piece in response.aiter_raw():
            size = body.tell() + len(piece)
            if size > self.max_bytes:
                raise responses.too_large(self.max_bytes)
            extend(size)
            body.write(piece)
        return body.getvalue()
