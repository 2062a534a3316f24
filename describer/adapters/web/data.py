"""Pictures that a URL carries within itself (RFC 2397)."""

import base64
import binascii
import re
from typing import Final
from urllib.parse import unquote_to_bytes

from describer.errors import TooLarge, Unfetchable, UrlFault

_STRAY: Final = re.compile(r"[^!-~]|#|%(?![0-9A-Fa-f]{2})")
"""What cannot stand in a URL: blanks, controls, non-ASCII, a fragment, a percent sign that begins no escape."""


def is_data(url: str) -> bool:
    """Whether `url` is a `data:` URL."""
    return url[:5].lower() == "data:"


def decoded(url: str, max_bytes: int) -> bytes:
    """The bytes in a `data:` URL. Its media type is ignored: the bytes say what they are.

    Raises:
        Unfetchable: no comma, a stray character, or base64 with faults; with whitespace or without padding too.
        TooLarge: more than `max_bytes`.
    """
    head, comma, body = url[5:].partition(",")
    if not comma or _STRAY.search(body):
        raise _faulty()
    is_base64 = head.lower().endswith(";base64")
    if is_base64 and "%" not in body and len(body) // 4 * 3 - 2 > max_bytes:  # seen before memory is spent on it
        raise _large(max_bytes)
    try:
        data = unquote_to_bytes(body)
        data = base64.b64decode(data, validate=True) if is_base64 else data
    except binascii.Error as error:
        raise _faulty() from error
    if len(data) > max_bytes:
        raise _large(max_bytes)
    return data


def _faulty() -> Unfetchable:
    sentence = "The data: URL is faulty; expected data:image/jpeg;base64, and then strict base64 with its padding."
    return Unfetchable(sentence, code=UrlFault.MALFORMED)


def _large(max_bytes: int) -> TooLarge:
    return TooLarge(f"The picture in the data: URL has more than {max_bytes:,} bytes.")
