"""Decodes base64 of any length without blocking the event loop.

`base64.b64decode` and regular expressions hold the interpreter's lock while they run, even in a thread: for 50 MB the
event loop stops for 0.3 s. Here each step takes a millisecond or two.
"""

import binascii
import io
from collections.abc import Iterator
from typing import Final

_STEP: Final = 2**18
"""Characters per step, in whole groups of four."""


def max_bytes(text: str) -> int:
    """Return the maximum number of decoded bytes."""
    return len(text) // 4 * 3


def decode(text: str, start: int = 0) -> bytes:
    """Decode strict base64 (RFC 4648, padded, without line breaks) from the position `start`. Raises binascii.Error."""
    return decode_pieces(text[at : at + _STEP] for at in range(start, len(text), _STEP))


def decode_pieces(pieces: Iterator[str]) -> bytes:
    """Decode base64 in pieces of any length. Raises like `decode`."""
    decoded = io.BytesIO()  # returns its bytes without a copy
    rest, padded = "", False
    for piece in pieces:
        if padded and piece:
            raise binascii.Error("there is text after the padding")
        text = rest + piece
        whole = len(text) // 4 * 4
        rest = text[whole:]
        padded = text.endswith("=", 0, whole)
        decoded.write(_decoded(text[:whole]))
    if rest:
        raise binascii.Error("the length is not a multiple of four")
    return decoded.getvalue()


def _decoded(text: str) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True) if text else b""
    except ValueError as error:  # not ASCII
        raise binascii.Error(str(error)) from error
