"""What comes in messages and events, read as the storage extension reads it."""

import base64
import binascii
import ipaddress
import re
from urllib.parse import unquote, urlsplit

from local.host.listener import Undecodable


def decode(content: str) -> str:
    """Decode a message strictly, as .NET does (white space is passed over, padding is not optional).

    Raises:
        Undecodable: it is not base64.

    """
    try:
        data = base64.b64decode(re.sub(r"[ \t\r\n]", "", content), validate=True)
    except (binascii.Error, ValueError) as error:
        raise Undecodable(f"it is not base64 ({error})") from None
    return data.decode("utf-8", errors="replace")


def container_and_name(url: str) -> tuple[str, str]:
    """Read a blob's URL; behind an IP address the account is the path's first segment."""
    parts = urlsplit(url)
    path = parts.path.lstrip("/")
    try:
        ipaddress.ip_address(parts.hostname or "")
    except ValueError:
        pass
    else:
        path = path.partition("/")[2]
    container, _, name = path.partition("/")
    return unquote(container), unquote(name)


def captures(pattern: str, path: str) -> dict[str, str]:
    """Give what a trigger's `{name}` expressions stand for in this path; nothing where the path does not match."""
    parts = re.split(r"\{(\w+)\}", pattern)
    expression = "".join(f"(?P<{part}>.+)" if index % 2 else re.escape(part) for index, part in enumerate(parts))
    match = re.fullmatch(expression, path, re.DOTALL)
    return match.groupdict() if match else {}
