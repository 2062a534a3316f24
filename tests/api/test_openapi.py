"""The committed OpenAPI document is current, and the interface keeps to it: schemathesis tries, all checks on."""

import hmac

import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, settings
from schemathesis.config import ProjectConfig, SchemathesisConfig
from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from tests import generated
from tests.api.conftest import Api
from tests.unit.conftest import CAT, House
from tests.unit.test_ondemand import Desk

KEY = "test-key"


def test_the_published_document_is_that_of_the_code() -> None:
    published = (generated.ROOT / "docs" / "openapi.json").read_text(encoding="utf-8")
    assert published == generated.openapi(), "run: python -m tests.generated"


class Host:
    """Asks for the function key, as the Functions host does before the app is called."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] != "/api/health":
            given = Headers(scope=scope).get("x-functions-key") or QueryParams(scope["query_string"]).get("code", "")
            if not hmac.compare_digest(given.encode(), KEY.encode()):
                await Response(status_code=401)(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _house() -> Api:
    house = House()
    house.images.put(CAT, b"cat")
    return Api(Desk(house), max_picture=10_000)
