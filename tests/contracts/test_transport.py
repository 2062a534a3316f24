"""The clients' transport: by which proxy it sends, and that ~/.netrc is not for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob.aio import BlobServiceClient
from azure.storage.queue.aio import QueueClient

from describer.adapters.storage import blob_service, queue_client
from describer.adapters.transport import _proxies
from describer.settings import Account

KEY = "QUJD"


@dataclass
class Recorder:
    """A server that answers each HEAD like storage, and keeps the request lines and the headers that sign in."""

    port: int = 0
    asked: list[str] = field(default_factory=list)
    signed: list[str] = field(default_factory=list)


@contextmanager
def served() -> Iterator[Recorder]:
    """Run the server; it may stand for storage or for a proxy."""
    seen = Recorder()

    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            seen.asked.append(self.path)
            seen.signed.append(self.headers["Authorization"].split()[0])
            self.send_response(200)
            for name, value in (("ETag", '"1"'), ("Last-Modified", "Mon, 01 Jan 2024 00:00:00 GMT")):
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    seen.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield seen
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of this machine, and none that another test looked up."""
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    _proxies.cache_clear()


async def etag(port: int, host: str = "127.0.0.1") -> str:
    """Return the ETag of a blob of an account at this address, whose key is known."""
    address = f"BlobEndpoint=http://{host}:{port}/images;AccountName=images;AccountKey={KEY}"
    async with blob_service(Account(connection_string=address), retries=0) as service:
        return str((await service.get_blob_client("images", "cat.jpg").get_blob_properties()).etag)


async def test_a_name_in_netrc_neither_ends_a_request_nor_signs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """aiohttp would raise ValueError: the account's key has signed the request already."""
    netrc = tmp_path / "netrc"
    netrc.write_text("default login reader password of-another-service\n", "ascii")
    monkeypatch.setenv("NETRC", str(netrc))
    with served() as storage:
        assert await etag(storage.port) == '"1"'
    assert storage.signed == ["SharedKey"]


async def test_requests_go_by_the_environment_s_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as proxy:
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{proxy.port}")
        assert await etag(9, host="storage.invalid") == '"1"'
    assert proxy.asked == ["http://storage.invalid:9/images/images/cat.jpg"]


async def test_no_proxy_names_hosts_that_are_asked_directly(monkeypatch: pytest.MonkeyPatch) -> None:
    with served() as storage:
        monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        assert await etag(storage.port) == '"1"'
    assert storage.asked == ["/images/images/cat.jpg"]


async def test_the_transport_has_the_settings_of_the_default_one() -> None:
    """Its timeouts, and how much it reads at a time: azure-core's own default is 4 KiB."""
    address = f"BlobEndpoint=http://a/b;QueueEndpoint=http://a/q;AccountName=images;AccountKey={KEY}"
    account = Account(connection_string=address)
    pairs = (
        (blob_service(account), BlobServiceClient.from_connection_string(address)),
        (queue_client(account, "work"), QueueClient.from_connection_string(address, "work")),
    )
    for ours, usual in pairs:
        async with ours, usual:
            assert connection(ours) == connection(usual)


def connection(client: Any) -> dict[str, Any]:
    """Return the settings of a client's transport for its connections."""
    return dict(vars(client._pipeline._transport.connection_config))
