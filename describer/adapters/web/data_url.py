"""Decodes pictures in `data:` URLs (RFC 2397). They can be large, so each step is short; see base64_text.py."""

import binascii
import io
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

from describer.domain.errors import FetchFailed, TooLarge, UrlFault
from describer.pipeline import base64_text

_STRAY: Final = re.compile(r"[^!-~]|#|%(?![0-9A-Fa-f]{2})")
"""Characters that a URL cannot contain: spaces, controls, non-ASCII, a fragment, an incomplete escape."""
_STEP: Final = 2**16
"""Characters per step."""
_LONGEST_HEAD: Final = 1000
"""Maximum characters before the comma: a media type and its parameters."""


def max_decoded_bytes(url: str) -> int:
    """Return the maximum number of bytes in a `data:` URL."""
    start, is_base64 = _body(url)
    return (len(url) - start) // 4 * 3 if is_base64 else len(url) - start


def decoded(url: str, max_bytes: int) -> bytes:
    """Return the bytes in a `data:` URL. Its media type is ignored, since the bytes show their format.

    Raises:
        FetchFailed: no comma, an invalid character, or invalid base64 (including white space or missing padding).
        TooLarge: more than `max_bytes`.
    """
    start, is_base64 = _body(url)
    if "%" not in url and max_decoded_bytes(url) - 2 > max_bytes:  # seen before memory is spent on it
        raise _large(max_bytes)
    try:
        data = _decoded(url, start) if is_base64 else _plain(url, start, max_bytes)
    except binascii.Error as error:
        raise _faulty() from error
    if len(data) > max_bytes:
        raise _large(max_bytes)
    return data


def _body(url: str) -> tuple[int, bool]:
    """Return where the body begins, and whether it is base64."""
    comma = url.find(",", 5, 5 + _LONGEST_HEAD)
    if comma < 0:
        raise _faulty()
    return comma + 1, url[5:comma].lower().endswith(";base64")


def _decoded(url: str, start: int) -> bytes:
    if url.find("%", start) < 0:
        return base64_text.decode(url, start)
    return base64_text.decode_pieces(piece.decode("latin-1") for piece in _unquoted(url, start))


def _plain(url: str, start: int, max_bytes: int) -> bytes:
    data = io.BytesIO()
    for piece in _unquoted(url, start):
        data.write(piece)
        if data.tell() > max_bytes:
            raise _large(max_bytes)
    return data.getvalue()


def _unquoted(url: str, start: int) -> Iterator[bytes]:
    """Yield the decoded bytes in pieces that split no escape."""
    while start < len(url):
        end = min(start + _STEP, len(url))
        cut = url.rfind("%", max(start, end - 2), end)
        if cut > start and end < len(url):
            end = cut
        piece = url[start:end]
        if _STRAY.search(piece):
            raise _faulty()
        yield unquote_to_bytes(piece)
        start = end


def _faulty() -> FetchFailed:
    sentence = "The data: URL is invalid; expected data:image/jpeg;base64, and then strict base64 with padding."
    return FetchFailed(sentence, code=UrlFault.MALFORMED)


def _large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The picture in the data: URL has more than {max_bytes:,} bytes.")
