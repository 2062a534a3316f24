"""A queue's message is read, plain or in base64, or is reported as unreadable; there is no third outcome."""

import base64
import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from describer.pipeline import messages
from describer.pipeline.messages import Unreadable

EVENT = {"subject": "/blobServices/default/containers/images/blobs/ü 🙂.jpg", "attempts": 2}
PLAIN = json.dumps(EVENT, ensure_ascii=False)


@pytest.mark.parametrize(
    "body",
    [
        PLAIN.encode(),
        f"\n {PLAIN}\n".encode(),
        b"\xef\xbb\xbf" + PLAIN.encode(),
        json.dumps(EVENT, indent=2).encode(),
        base64.b64encode(PLAIN.encode()),
        base64.encodebytes(PLAIN.encode()),
        base64.b64encode(PLAIN.encode("utf-16")),
    ],
    ids=["plain", "with space around", "with a byte order mark", "on lines", "base64", "base64 on lines", "UTF-16"],
)
def test_an_event_is_read_however_it_was_put(body: bytes) -> None:
    assert messages.read(body) == EVENT


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no JSON",
        b"abcd",
        b"{",
        b"[]",
        base64.b64encode(b"[1]"),
        base64.b64encode(b'{"a": 1}').rstrip(b"="),
        b'{"subject": "\\ud800"}',
        b'{"n": ' + b"9" * 5000 + b"}",
        b'{"a":' * 100_000,
        b'{"a":' + b"[" * 100_000 + b"]" * 100_000 + b"}",
    ],
    ids=[
        *("empty", "text", "base64 of no JSON", "cut off", "an array", "an array in base64", "not padded"),
        *("a lone surrogate", "a number without end", "nested without end", "nested and closed"),
    ],
)
def test_anything_else_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable, match="The message is"):
        messages.read(body)


@given(st.binary() | st.text().map(str.encode) | st.binary().map(base64.b64encode))
def test_no_bytes_end_in_another_way(body: bytes) -> None:
    with suppress(Unreadable):
        assert isinstance(messages.read(body), dict)
