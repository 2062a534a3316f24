"""Paths as the platform reads them: decoded once, and without regard to case or to a slash at the end.

Kestrel, which is before the Functions host, decodes a path once, all but `%2F`, and the host tells a function the
parameters of its route as they are then. The function's URL has that path in it too, where `AsgiMiddleware` decodes it
again: the name `100%41.jpg` would become `100A.jpg`. So the parameters count, not the URL.
"""

import re
from collections.abc import Mapping
from typing import Final

from starlette.convertors import Convertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

RECORDS: Final = "/api/descriptions"
SWEEPS: Final = "/api/sweeps"
_WITH_NAMES: Final = (RECORDS, SWEEPS)
"""Where names follow, in which case counts."""
_SLASH: Final = re.compile("%2[Ff]")
"""As clients write it that encode a whole name. So a name with a literal `%2F` can be read by query only."""


class _Name(Convertor[str]):
    """A blob's name: the rest of the path, line breaks and all."""

    regex = r"(?s:.*)"

    def convert(self, value: str) -> str:
        return value

    def to_string(self, value: str) -> str:
        return value


register_url_convertor("blob", _Name())


def decoded_once(app: ASGIApp, parameters: Mapping[str, str]) -> ASGIApp:
    """The application for a call of this route; `parameters` are the route's, as the host tells them."""
    if not {"container", "name"} <= parameters.keys():
        return app
    path = f"{RECORDS}/{parameters['container']}/{_SLASH.sub('/', parameters['name'])}"

    async def called(scope: Scope, receive: Receive, send: Send) -> None:
        await app({**scope, "path": path}, receive, send)

    return called


def as_routed(path: str) -> str:
    """The path by which the app's own router finds what the platform found."""
    for place in _WITH_NAMES:
        rest = path[len(place) :]
        if path[: len(place)].lower() == place and rest.startswith("/") and rest != "/":
            return place + (rest if place == RECORDS else rest.rstrip("/"))
    return path.rstrip("/").lower() or "/"
