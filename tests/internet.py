"""An emulated internet on loopback: a public server, a name server, and traps that no request may reach.

No check is loosened for it. Requests carry the addresses that passed the production checks; only then
are they led to a listener here: those to `PUBLIC` to the server, those to `DEAD` to a closed port, and all others,
wherever they were going, into a trap.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import httpx2
import pytest

from describer.adapters.web.fetch import Web, direct
from describer.domain.errors import FetchFailed, UrlFault
from local.ports import free_ports
from local.tls import Certificate

PUBLIC = frozenset({"8.8.8.8", "8.8.4.4", "2606:4700:4700::1111"})
DEAD = "9.9.9.9"

type Names = Mapping[str, Sequence[str]]
type Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def answer(status: str = "200 OK", body: bytes = b"picture", **headers: str) -> bytes:
    """An HTTP answer; without a Content-Length it ends with the connection."""
    lines = [f"HTTP/1.1 {status}", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items()), "", ""]
    return "\r\n".join(lines).encode() + body


def unbounded(_size: int) -> None:
    """Memory without a limit."""


async def refusal(web: Web, url: str) -> UrlFault:
    """Return the code of the rejection of `url`."""
    with pytest.raises(FetchFailed) as caught:
        await web.fetch(url, unbounded)
    assert str(caught.value).endswith(".")
    return caught.value.code


@dataclass
class Internet:
    """A test's servers and names, and the requests.

    Args:
        names: addresses by name; `changes` has further answers, each given once, before that.
        answers: by path without its query, what the public server says: bytes, or what it does.
        asked: the names that were looked up; `requests`: the heads that the public server was sent.
        trapped: connections that reached a trap.
    """

    names: Names
    certificate: Certificate
    changes: dict[str, list[Sequence[str]]] = field(default_factory=dict)
    answers: dict[str, bytes | Behaviour] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    trapped: int = 0
    places: dict[str, tuple[str, int]] = field(default_factory=dict)

    @property
    def ports(self) -> dict[str, int]:
        """Of the listeners `https`, `http`, `v4` and `v6` (the traps), and of `dead`."""
        return {name: port for name, (_, port) in self.places.items()}

    async def resolve(self, host: str) -> Sequence[str]:
        """The name server."""
        self.asked.append(host)
        if self.changes.get(host):
            return self.changes[host].pop(0)
        return self.names.get(host, ())

    def transport(self) -> httpx2.AsyncBaseTransport:
        """The way to the listeners."""
        trust = ssl.create_default_context(cafile=str(self.certificate.certificate))
        return _Detour(direct(trust), self.places)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Listens while the block runs."""
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(self.certificate.certificate, self.certificate.key)
        servers = {
            "https": await asyncio.start_server(self._serve, "127.0.0.1", ssl=context),
            "http": await asyncio.start_server(self._serve, "127.0.0.1"),
            "v4": await asyncio.start_server(self._trap, "127.0.0.1"),
            "v6": await self._trap_on_ipv6(),
        }
        self.places |= {name: server.sockets[0].getsockname()[:2] for name, server in servers.items()}
        self.places["dead"] = ("127.0.0.1", free_ports(1)[0])
        try:
            yield
        finally:
            for server in servers.values():
                server.close()
                server.close_clients()
                await server.wait_closed()

    async def _trap_on_ipv6(self) -> asyncio.Server:
        try:
            return await asyncio.start_server(self._trap, "::1")
        except OSError:  # a container without IPv6: what would go there is caught here
            return await asyncio.start_server(self._trap, "127.0.0.1")

    async def _trap(self, _: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.trapped += 1
        writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, asyncio.IncompleteReadError):  # the other side may leave whenever it likes
            head = (await reader.readuntil(b"\r\n\r\n")).decode()
            self.requests.append(head)
            reply = self.answers.get(head.split(" ")[1].partition("?")[0], answer("404 Not Found"))
            if isinstance(reply, bytes):
                writer.write(reply)
                await writer.drain()
            else:
                await reply(reader, writer)
            writer.close()
            await writer.wait_closed()


class _Detour(httpx2.AsyncBaseTransport):
    """Leads each request to a listener by the address that it was to go to."""

    def __init__(self, way: httpx2.AsyncBaseTransport, places: Mapping[str, tuple[str, int]]) -> None:
        self._way = way
        self._places = places

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        address = request.url.host
        trap = "v6" if ":" in address else "v4"
        host, port = self._places[request.url.scheme if address in PUBLIC else "dead" if address == DEAD else trap]
        request.url = request.url.copy_with(host=host, port=port)
        return await self._way.handle_async_request(request)

    async def aclose(self) -> None:
        await self._way.aclose()
