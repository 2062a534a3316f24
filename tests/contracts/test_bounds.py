"""A server misbehaves: no more is read than an answer can have, and the result is never a bug of the app."""

import threading
import tracemalloc
from collections.abc import Iterator
from contextlib import aclosing
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from describer.adapters.chat.bounded import MAX_STREAMED_BYTES, MAX_WHOLE_BYTES
from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.adapters.chat.probe_picture import probe_picture
from describer.adapters.chat.quota import Quota
from describer.domain.errors import Declined, DescriberError
from describer.vision.brief import Brief, Question
from describer.vision.families import generic

JSON, EVENTS = "application/json", "text/event-stream"
DEEP = b"[" * 100_000
ODD_EVENTS = [
    b"[]",
    b'"a"',
    b"5",
    b"null",
    b'{"choices": {}}',
    b'{"choices": null}',
    b'{"choices": [null]}',
    b'{"choices": ["a"]}',
    b'{"choices": [{"delta": "x"}], "usage": [1]}',
    b'{"choices": [{"delta": {"content": 5, "refusal": []}, "finish_reason": 7}], "usage": {"prompt_tokens": "x"}}',
    DEEP + b"]" * len(DEEP),
]


class _Misbehaving(ThreadingHTTPServer):
    """Answers 200 with `body`, again and again if it is `endless`."""

    daemon_threads = True
    body, kind, packed, endless = b"", JSON, "", False
    calls = 0


class _Handler(BaseHTTPRequestHandler):
    server: _Misbehaving

    def do_POST(self) -> None:
        self.server.calls += 1
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(200)
        self.send_header("content-type", self.server.kind)
        if self.server.packed:
            self.send_header("content-encoding", self.server.packed)
        self.send_header("connection", "close")
        self.end_headers()
        try:
            self.wfile.write(self.server.body)
            while self.server.endless:
                self.wfile.write(self.server.body)
        except OSError:
            self.close_connection = True

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[_Misbehaving]:
    server = _Misbehaving(("127.0.0.1", 0), _Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


async def _ask(server: _Misbehaving) -> None:
    async with connect(f"http://127.0.0.1:{server.server_port}/v1", key="k", credential=None, scope="") as client:
        chat = ChatModel(client, lambda _: generic(), 20, Limiter(1, Quota(pause=0.01)), backoff=0.01)
        await chat.ask(Brief(("en",), "m", "high", 500), probe_picture())


async def _reply(server: _Misbehaving) -> None:
    async with connect(f"http://127.0.0.1:{server.server_port}/v1", key="k", credential=None, scope="") as client:
        chat = ChatModel(client, lambda _: generic(), 20, Limiter(1, Quota(pause=0.01)), backoff=0.01)
        async with aclosing(chat.reply(Question("Which colour?", "m", "low", 100), [probe_picture()])) as pieces:
            assert [piece async for piece in pieces]


async def test_an_endless_answer_is_not_read_to_its_end(server: _Misbehaving) -> None:
    server.body, server.endless = b" " * 65_536, True
    tracemalloc.start()
    with pytest.raises(Declined, match="an answer that is too long"):
        await _ask(server)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 4 * MAX_WHOLE_BYTES
    assert server.calls == 1


async def test_an_endless_stream_is_not_read_to_its_end(server: _Misbehaving) -> None:
    server.body, server.kind, server.endless = b": " + b" " * 65_536 + b"\n", EVENTS, True
    with pytest.raises(DescriberError, match="an answer that is too long"):
        await _reply(server)
    assert MAX_STREAMED_BYTES > MAX_WHOLE_BYTES


async def test_packed_answers_are_not_unpacked(server: _Misbehaving) -> None:
    server.packed = "gzip"
    with pytest.raises(Declined, match="an answer that is too long"):
        await _ask(server)


async def test_json_that_is_nested_without_end_is_no_completion(server: _Misbehaving) -> None:
    server.body = DEEP
    with pytest.raises(Declined, match="not a completion"):
        await _ask(server)


@pytest.mark.parametrize("event", ODD_EVENTS, ids=[event[:24].decode() for event in ODD_EVENTS])
async def test_odd_events_are_no_bug(server: _Misbehaving, event: bytes) -> None:
    server.body, server.kind = b"data: " + event + b"\n\ndata: [DONE]\n\n", EVENTS
    with pytest.raises(DescriberError):
        await _reply(server)
