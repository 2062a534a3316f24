"""Redacts addresses for display: in tables, JSON lines, errors, records and answers."""

import re
from typing import Final

_ADDRESS: Final = re.compile(r"\s*([a-z][a-z0-9+.-]*):[/\\]{2}", re.IGNORECASE)
_DATA: Final = re.compile(r"\s*data:", re.IGNORECASE)
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}", re.IGNORECASE)
_SECRET: Final = re.compile(r"[?#]|%3f|%23", re.IGNORECASE)
"""The start of a query or a fragment, possibly percent-encoded."""
_HOST: Final = re.compile(r"(?:[^\s:\[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Return whether the text begins like a URL of any scheme."""
    return bool(_ADDRESS.match(text) or _DATA.match(text))


def is_data_url(url: str) -> bool:
    """Return whether the URL contains its content."""
    return url[:5].lower() == "data:"


def shown(text: str) -> str:
    """Return an address without possible secrets, and any other text unchanged.

    Query, fragment (which may hold a signature) and user part are removed; of a `data:` URL only the media type
    remains. Malformed addresses are treated the same, since they are usually valid addresses with a typing error.
    """
    if data := _DATA.match(text):
        media_type = _MEDIA_TYPE.match(text, data.end())
        return f"data:{media_type[0] if media_type else ''}"
    address = _ADDRESS.match(text)
    if not address:
        return text
    rest = _SECRET.split(text[address.end() :].replace("\\", "/"), maxsplit=1)[0]
    authority, slash, path = rest.partition("/")
    host = authority.rpartition("@")[2]
    if not _HOST.fullmatch(host):  # for example `name:pass` of a password that contains a slash
        return f"{address[1].lower()}://…"
    return f"{address[1].lower()}://{host}{slash}{path}"
