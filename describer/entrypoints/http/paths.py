"""Maps paths as the platform reads them: decoded once, ignoring case and a final slash.

Kestrel, in front of the Functions host, decodes a path once, except `%2F`, and the host passes the route's parameters
in that form. The function's URL contains the same path, which `AsgiMiddleware` decodes again: the name `100%41.jpg`
would become `100A.jpg`. Therefore the parameters are used, not the URL.
"""

import re
from collections.abc import Mapping
from typing import Final

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

RECORDS: Final = "/api/descriptions"
BACKFILLS: Final = "/api/backfills"
_WITH_NAMES: Final = (RECORDS, BACKFILLS)
"""Path prefixes before blob names, which are case-sensitive."""
_SLASH: Final = re.compile("%2[Ff]")
"""An encoded slash, as sent by clients that encode a whole name. A name with a literal `%2F` can only be read by query.
"""


class _Name(Convertor[str]):
    """A blob's name: the rest of the path, including line breaks."""

    regex = r"(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("blob", _Name())


def decoded_once(app: ASGIApp, parameters: Mapping[str, str]) -> ASGIApp:
    """Return the application for a call of this route; `parameters` are the route's, from the host."""
    if not {"container", "name"} <= parameters.keys():
        return app
    path = f"{RECORDS}/{parameters['container']}/{_SLASH.sub('/', parameters['name'])}"

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "path": path}, receive, send)

    return called


def as_routed(path: str) -> str:
    """Return the path by which the app's router finds the platform's route."""
    for place in _WITH_NAMES:
        rest = path[len(place) :]
        if path[: len(place)].lower() == place and rest.startswith("/") and rest != "/":
            return place + (rest if place == RECORDS else rest.rstrip("/"))
    return path.rstrip("/").lower() or "/"
