"""The text of a queue's messages: JSON, as it is or in base64.

host.json has `messageEncoding: none`, so that the app sees every message, whatever it is. The Functions host decodes
base64 itself otherwise, and takes what it cannot decode away before any function is called.
"""

import base64
import json
from typing import Any, Final

_BOM: Final = b"\xef\xbb\xbf"


class Unreadable(ValueError):
    """A message is not what its queue is for; the sentence says what was wrong."""


def read(body: bytes) -> dict[str, Any]:
    """Read a message that is a JSON object.

    Args:
        body: what lies on the queue. Event Grid, this app and the Functions host write base64, people plain JSON too;
            no object or array is base64, since its first character is not one of base64's.

    Raises:
        Unreadable: it is no such thing.
    """
    try:
        found = json.loads(_plain(body))
        json.dumps(found, ensure_ascii=False).encode()  # a lone surrogate (`\ud800`) is no text, and cannot be sent on
    except (ValueError, RecursionError) as error:  # JSON that is nested without end
        raise Unreadable(f"the message is no JSON, plain or in base64 ({type(error).__name__})") from error
    if not isinstance(found, dict):
        raise Unreadable("the message is JSON, but no object")
    return found


def _plain(body: bytes) -> bytes:
    text = body.removeprefix(_BOM).strip()
    return text if text.startswith((b"{", b"[")) else base64.b64decode(b"".join(text.split()), validate=True)
