"""The emulated internet on loopback, and the adapter `Web` connected to it."""

import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from describer.adapters.web.fetch import Web
from describer.adapters.web.urls import Rules
from local import tls
from local.tls import Certificate
from tests.internet import Internet, answer

NAMES = tomllib.loads((Path(__file__).parents[1] / "cases" / "urls.toml").read_text(encoding="utf-8"))["names"]


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return tls.make(tmp_path_factory.mktemp("web"), *NAMES)


@pytest.fixture
async def internet(certificate: Certificate) -> AsyncIterator[Internet]:
    internet = Internet(NAMES, certificate)
    pictures = ("/picture", "/picture/b%C3%BCcher", "/picture%0d%0aX-Injected:%20yes")
    internet.answers |= dict.fromkeys(pictures, answer())
    async with internet.running():
        yield internet


@pytest.fixture
def web(internet: Internet) -> Web:
    """As in production, except for the name server, the connections' ends, and the allowed ports of the traps."""
    traps = (f"*:{internet.ports['v4']}", f"*:{internet.ports['v6']}")
    rules = Rules(allow=("*", "pictures.example:8443", *traps), deny=("denied.example", "*.denied.example"))
    return Web(1000, rules, resolve=internet.resolve, transports=internet.transport)
