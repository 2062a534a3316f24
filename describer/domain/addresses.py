"""How an address is shown, wherever one is: in tables, lines of JSON, errors, records and answers."""

import re
from typing import Final

_ADDRESS: Final = re.compile(r"\s*([a-z][a-z0-9+.-]*):[/\\]{2}", re.IGNORECASE)
_DATA: Final = re.compile(r"\s*data:", re.IGNORECASE)
_MEDIA_TYPE: Final = re.compile(r"[a-z]{1,20}/[a-z0-9.+-]{1,40}", re.IGNORECASE)
_SECRET: Final = re.compile(r"[?#]|%3f|%23", re.IGNORECASE)
"""What begins a query or a fragment, also where somebody has encoded the address as a whole."""
_HOST: Final = re.compile(r"(?:[^\s:\[\]]+|\[[0-9a-f:.]+\])(?::[0-9]{1,5})?", re.IGNORECASE)


def is_address(text: str) -> bool:
    """Return whether this is a URL by its beginning, of whatever scheme."""
    return bool(_ADDRESS.match(text) or _DATA.match(text))


def shown(text: str) -> str:
    """Return an address without what may be a secret, and any other text as it is.

    No query and no fragment, which may hold a signature; no user part; of a `data:` URL only its type. Addresses that
    are written wrongly are cut in the same way: they come from people who meant a right one.
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
    if not _HOST.fullmatch(host):  # such as `name:pass` of a password with a slash in it
        return f"{address[1].lower()}://…"
    return f"{address[1].lower()}://{host}{slash}{path}"
