"""How a picture is fetched: one request at a time, each to an address that was checked, each within its limits.

The request goes to the address itself; the name stands in `Host`, in the TLS handshake and in the check of the
certificate only. So there is no second look-up between the check and the connection that could answer otherwise. The
library's transport is used without its client: cookies, redirects, proxies, logins and unpacking have no switch to
forget, they are not there.
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
from describer.domain.errors import Corrupt, FetchFailed, Transient, UrlFault
from describer.pipeline.unpacking import unpacked

_MOST_REDIRECTS: Final = 3
_MOST_ADDRESSES: Final = 3
"""Of one name; further ones are checked, but not tried."""

type Extend = Callable[[int], None]
type Transports = Callable[[], httpx2.AsyncBaseTransport]


@dataclass(frozen=True, slots=True)
class Patience:
    """Seconds: to be connected to one address, until an answer begins and between two pieces of it, for everything."""

    connect: float = 5.0
    answer: float = 10.0
    total: float = 30.0


@cache
def _trusted() -> ssl.SSLContext:
    """Return the authorities that certificates are checked against; made once, for it takes milliseconds."""
    return httpx2.create_ssl_context(trust_env=False)


def direct(trust: ssl.SSLContext | None = None) -> httpx2.AsyncBaseTransport:
    """Return a way to the internet without proxies, whatever the environment says; `trust` is the usual authorities."""
    return httpx2.AsyncHTTPTransport(verify=trust or _trusted(), trust_env=False)


@dataclass(frozen=True, slots=True)
class Web:
    """Pictures by URL.

    Args:
        max_bytes: larger pictures are refused, as soon as that is seen.
        rules: what the installation allows; that addresses are public is checked beyond them, always.
        patience: how long it may take.
        resolve: names to addresses.
        transports: makes the way that the requests of one fetch take; tests lead it to listeners of theirs, so that
            they need weaken nothing above it.
    """

    max_bytes: int
    rules: Rules = field(default_factory=Rules)
    patience: Patience = Patience()
    resolve: Resolve = system_resolve
    transports: Transports = direct

    async def fetch(self, url: str, extend: Extend) -> bytes:
        """Return the bytes behind an https: or data: URL; what they are is for others to find out.

        Args:
            url: the URL.
            extend: reserves memory for so many bytes in all, before they are there; what it raises is raised.

        Raises:
            FetchFailed: the URL is refused, or fails for good.
            TooLarge: more than `max_bytes`.
            Corrupt: no bytes at all.
            Transient: a timeout, no connection, too many requests, a server's error.
        """
        if data_url.is_data(url):
            extend(min(data_url.most_bytes(url), self.max_bytes))
            found = await unpacked(data_url.decoded, url, self.max_bytes)
        else:
            found = await self._in_time(url, extend)
        if not found:
            raise Corrupt("There is no byte behind the URL.")
        return found

    async def _in_time(self, url: str, extend: Extend) -> bytes:
        try:
            async with asyncio.timeout(self.patience.total):
                return await self._follow(url, extend)
        except TimeoutError as error:
            raise Transient("The server of the URL took too long.") from error

    async def _follow(self, url: str, extend: Extend) -> bytes:
        for _ in range(1 + _MOST_REDIRECTS):
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
        raise FetchFailed(f"The URL is redirected more than {_MOST_REDIRECTS} times.", code=UrlFault.REDIRECT)

    @asynccontextmanager
    async def _asked(self, target: Target, addresses: Sequence[str]) -> AsyncIterator[httpx2.Response]:
        async with self.transports() as transport:
            async with asyncio.timeout(self.patience.answer + self.patience.connect):
                response = await self._first(transport, target, addresses)
            async with aclosing(response):
                yield response

    async def _first(
        self, transport: httpx2.AsyncBaseTransport, target: Target, addresses: Sequence[str]
    ) -> httpx2.Response:
        """Return the answer of the first address that takes a connection."""
        *others, last = addresses[:_MOST_ADDRESSES]
        for address in others:
            with suppress(httpx2.ConnectError, httpx2.ConnectTimeout):
                return await transport.handle_async_request(self._request(target, address))
        return await transport.handle_async_request(self._request(target, last))

    def _request(self, target: Target, address: str) -> httpx2.Request:
        patience = self.patience
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
                "timeout": {"connect": patience.connect, "read": patience.answer, "write": patience.answer},
            },
        )

    async def _body(self, response: httpx2.Response, target: Target, extend: Extend) -> bytes:
        responses.accept(response, target, self.max_bytes)
        body = io.BytesIO()  # gives its bytes away without a copy
        async for piece in response.aiter_raw():
            size = body.tell() + len(piece)
            if size > self.max_bytes:
                raise responses.too_large(self.max_bytes)
            extend(size)
            body.write(piece)
        return body.getvalue()
