"""Parses queue messages: JSON, plain or in base64.

host.json sets `messageEncoding: none`, so that the app gets every message. Otherwise the Functions host would decode
base64 itself and remove messages that it cannot decode.
"""

import base64
import json
from typing import Any, Final

_BOM: Final = b"\xef\xbb\xbf"


class Unreadable(ValueError):
    """A message is not of its queue's kind; the sentence says what is wrong."""


def read(body: bytes) -> dict[str, Any]:
    """Parse a message that is a JSON object.

    Event Grid, this app and the Functions host write base64, people also plain JSON. The first character of an object
    or array is not a base64 character, so the two cannot be confused.

    Raises:
        Unreadable: it is not a JSON object.
    """
    try:
        found = json.loads(_plain(body))
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate (`\ud800`) cannot be encoded and sent on
    except (ValueError, RecursionError) as error:  # RecursionError: JSON with extreme nesting
        raise Unreadable(f"The message is not JSON, plain or in base64 ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise Unreadable("The message is JSON, but not an object")
    return found


def _plain(body: bytes) -> bytes:
    text = body.removeprefix(_BOM).strip()
    return text if text.startswith((b"{", b"[")) else base64.b64decode(b"".join(text.split()), validate=True)
