"""The receiver of samples/cms: whom it believes, what it writes into each system, and what it leaves alone."""

import json
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote

import httpx2
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.serving import Running
from tests.cms.receiver import SECRET, event, post, receiver, subscribe
from tests.cms.systems import NODE, RECIPES

CASES: Final[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parents[1] / "cases" / "content_systems.toml").read_text("utf-8")
)
AUTHORIZATION: Final = "Bearer of-the-tests"


class Documented:
    """A system that answers as its documentation says, by a list of exchanges, and notes what it was sent."""

    def __init__(self) -> None:
        self.exchanges: list[dict[str, Any]] = []
        self.sent: list[Any] = []
        self.running = Running(
            lambda: Starlette(routes=[Route("/{path:path}", self.answer, methods=["GET", "POST", "PATCH", "PUT"])])
        )

    async def answer(self, request: Request) -> Response:
        asked = f"{request.method} {request.url.path}" + (f"?{unquote(request.url.query)}" if request.url.query else "")
        found = next((each for each in self.exchanges if each["request"] == asked), None)
        if found is None or request.headers["authorization"] != AUTHORIZATION:
            return JSONResponse({"error": f"not documented: {asked}"}, 404)
        if request.method != "GET":
            form = request.headers["content-type"].startswith("multipart/form-data")
            body = dict(await request.form()) if form else json.loads(await request.body())
            self.sent.append(body)
        return JSONResponse(json.loads(found["answer"]))


@pytest.fixture
def documented() -> Iterator[Documented]:
    system = Documented()
    system.running.up()
    yield system
    system.running.close()


@pytest.fixture
def strapi(documented: Documented, tmp_path: Path) -> Iterator[str]:
    """A receiver that writes into Strapi; gives its address."""
    documented.exchanges = CASES["strapi"]["exchanges"]
    with receiver("strapi", documented.running.url, AUTHORIZATION, "en,de", tmp_path / "log") as url:
        yield url


@pytest.mark.parametrize("system", CASES)
def test_the_text_is_written_as_the_system_documents_it(system: str, documented: Documented, tmp_path: Path) -> None:
    """And not where the field has a text."""
    case = CASES[system]
    documented.exchanges = case["exchanges"]
    url = documented.running.url + case.get("path", "")
    with receiver(system, url, AUTHORIZATION, "de,en", tmp_path / "log") as at:
        said = post(at, event(case["name"], {"de": "Ein <b>Hafen</b>", "en": 'A "harbour" & 5 > 3'}))
        assert (said.status_code, said.text) == (200, "written"), (tmp_path / "log").read_text("utf-8")
        assert documented.sent == [json.loads(body) for body in case["sent"]]
        documented.sent.clear()
        documented.exchanges = case["edited"]
        assert (said := post(at, event(case["name"], {"de": "Ein Hafen", "en": "A harbour"}))).status_code == 200, (
            said.text
        )
        assert documented.sent == [json.loads(body) for body in case.get("harmless", [])]
        documented.exchanges = case["absent"]
        assert post(at, event(case["name"], {"de": "Ein Hafen"})).status_code == 503


async def test_event_grid_s_handshake_passes(strapi: str) -> None:
    await subscribe(strapi)


def test_another_origin_gets_no_permission(strapi: str) -> None:
    said = httpx2.request("OPTIONS", strapi, headers={"WebHook-Request-Origin": "elsewhere.example"})
    assert (said.status_code, "webhook-allowed-origin" in said.headers) == (403, False)


@pytest.mark.parametrize("secret", ["", SECRET[:-1], SECRET + "x", "é"])
def test_without_the_secret_nothing_is_written(secret: str, strapi: str, documented: Documented) -> None:
    headers = {b"x-webhook-secret": secret.encode()} if secret else {}
    said = httpx2.post(strapi, json=event(CASES["strapi"]["name"], {"en": "A harbour"}), headers=headers)
    assert (said.status_code, documented.sent) == (401, [])


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ([], 400),
        (None, 400),
        ({"type": "Microsoft.Storage.BlobCreated", "data": {"name": "a.jpg"}}, 400),
        ({"type": "ImageDescriber.ImageDescribed"}, 400),
        (event("a.jpg", {"en": "x" * 1_100_000}), 413),
        (event("a.jpg", {}), 200),
        (event("a.jpg", {"fr": "Un port"}), 200),
        (event("a.jpg", {"en": ""}, is_decorative=True), 200),
        (event("small_a_0123456789.jpg", {"en": "A harbour"}, flags=["rendition"]), 200),
        (event("harbour_unknown.jpg", {"en": "A harbour"}), 503),
    ],
)
def test_what_is_no_text_for_this_system_is_not_written(
    body: object, status: int, strapi: str, documented: Documented
) -> None:
    assert (post(strapi, body).status_code, documented.sent) == (status, [])


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ({"SYSTEM": "typo"}, "SYSTEM is"),
        ({"SYSTEM": "strapi"}, "SYSTEM_URL"),
        (
            {"SYSTEM": "strapi", "SYSTEM_URL": "http://127.0.0.1", "SYSTEM_AUTH": "x", "WEBHOOK_SECRET": "short"},
            "WEBHOOK_SECRET",
        ),
    ],
)
def test_a_configuration_that_cannot_work_fails_at_start(told: dict[str, str], expected: str) -> None:
    done = subprocess.run(
        [NODE, RECIPES / "receiver.mjs"], env=told, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, expected in done.stderr) == (1, True), done.stderr
