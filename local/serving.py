"""A server in a thread of this process, which keeps its port while it is down."""

import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from local.tls import Certificate

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
type Application = Callable[[Scope, Receive, Send], Awaitable[None]]  # ASGI 3


class _Breaking(uvicorn.Server):
    """Ends like a machine that loses power: all connections break."""

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.transport.abort()
        await super().shutdown(sockets)


class Running:
    """A server that can go down and come up again at the same address.

    While it is down, connections are refused. A bound socket that never listens keeps the port, so that no other
    process of a busy test run takes it.

    Args:
        application: creates a new ASGI application each time that the server starts.
        tls: whether it uses HTTPS, with `certificate`, which may be set later, before `up`.
        certificate: for 127.0.0.1.
    """

    def __init__(
        self, application: Callable[[], Application], *, tls: bool = False, certificate: Certificate | None = None
    ) -> None:
        self.certificate = certificate
        self._application = application
        self._tls = tls
        self._claim = _bound(0)
        self._server: _Breaking | None = None
        self._thread: threading.Thread | None = None

    @property
    def url(self) -> str:
        """The root URL, such as `http://127.0.0.1:41234`."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._claim.getsockname()[1]}"

    def up(self) -> None:
        """Listen and serve; callers can connect as soon as this returns."""
        if self._thread is not None:
            return
        config = self._config()
        listener = _bound(self._claim.getsockname()[1])
        listener.listen(128)
        self._server = _Breaking(config)
        self._thread = threading.Thread(target=self._server.run, args=([listener],), name=self.url, daemon=True)
        self._thread.start()

    def _config(self) -> uvicorn.Config:
        files: dict[str, Any] = {}
        if self._tls:
            if self.certificate is None:
                raise ValueError("it speaks HTTPS, and has no certificate yet")
            files = {"ssl_certfile": self.certificate.certificate, "ssl_keyfile": self.certificate.key}
        # Does not change the test run's logging, where uvicorn would report each intended fault.
        return uvicorn.Config(self._application(), log_config=None, log_level="critical", **files)

    def down(self) -> None:
        """Close the port and all connections at once, including those that wait for an answer."""
        if self._server is None or self._thread is None:
            return
        self._server.should_exit = True
        self._thread.join()
        self._server = self._thread = None

    def close(self) -> None:
        """Stop for good and release the port."""
        self.down()
        self._claim.close()


def _bound(port: int) -> socket.socket:
    bound = socket.socket()
    bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    bound.bind(("127.0.0.1", port))
    return bound
