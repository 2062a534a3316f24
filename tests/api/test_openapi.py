"""The committed OpenAPI document is current, and the interface keeps to it: schemathesis tries, all checks on."""

import asyncio
import hmac
import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from starlette.datastructures import Headers, QueryParams
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from describer.entrypoints.http.build import document
from describer.entrypoints.http.document import Document
from describer.pipeline.memory_budget import MemoryBudget
from local.serving import Running
from tests import generated
from tests.api.conftest import Api
from tests.unit.conftest import CAT, Harness
from tests.unit.entrypoints.test_on_demand import OnDemandSetup

HERE = Path(__file__).parent
KEY = "test-key"


@pytest.mark.parametrize("name", generated.DOCUMENTS)
def test_the_published_document_is_that_of_the_code(name: str) -> None:
    published = (generated.ROOT / "docs" / name).read_text(encoding="utf-8")
    assert published == generated.openapi(generated.DOCUMENTS[name]), "run: python -m tests.generated"


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/api/openapi.json", Document.INHERITANCE),
        ("/api/openapi.json?unions=oneOf", Document.ONE_OF),
        ("/api/swagger.json", Document.SWAGGER),
    ],
)
async def test_the_document_is_served_with_the_apps_own_address(api: Api, path: str, form: Document) -> None:
    served = (await api.client.get(path)).json()
    published = document(form)
    if form is Document.SWAGGER:
        assert (served.pop("host"), served.pop("schemes")) == ("app", ["http"])
        published = {name: value for name, value in published.items() if name not in {"host", "schemes"}}
    else:
        assert served["servers"] == [{"url": "http://app"}]
        published |= {"servers": served["servers"]}
    assert served == published


def test_the_table_of_problems_is_that_of_the_code() -> None:
    assert (generated.ROOT / "docs" / "http.md").read_text(encoding="utf-8") == generated.http()


class Host:
    """Asks for the function key, as the Functions host does before the app is called."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] not in {"/api/health", "/api/openapi.json", "/api/swagger.json"}:
            given = Headers(scope=scope).get("x-functions-key") or QueryParams(scope["query_string"]).get("code", "")
            if not hmac.compare_digest(given.encode(), KEY.encode()):
                await Response(status_code=401)(scope, receive, send)
                return
        await self.app(scope, receive, send)


@cache
def _lenient() -> Path:
    """The stricter of the documents, but for what the app is kinder about: `kind` of a picture may be left out."""
    told = document(Document.ONE_OF)
    for name in ("ImageByUrl", "ImageByBytes", "ImageByBlob"):
        told["components"]["schemas"][name]["required"].remove("kind")
    path = Path(tempfile.mkdtemp()) / "openapi.json"
    path.write_text(json.dumps(told), encoding="utf-8")
    return path


def tried(url: str, key: str, *excluded: str, examples: int = 15, seed: int | None = None) -> str:
    """Have schemathesis try the interface at `url` with all checks but the `excluded`, and return what it says.

    What a stopped backfill did can still be read: `--checks all` would undo the configuration of `use_after_free`.

    Args:
        url: of the app.
        key: for its functions.
        excluded: names of checks.
        examples: of each kind, for each operation.
        seed: by which they are made; without one they are the same each time.
    """
    command = [
        str(Path(sys.executable).with_name("schemathesis")),
        "--config-file",
        str(HERE / "schemathesis.toml"),
        "run",
    ]
    command += [str(_lenient()), "--url", url, "--header", f"x-functions-key: {key}"]
    command += ["--checks", "all", "--workers", "2", "--max-examples", str(examples), "--no-color"]
    command += ["--generation-deterministic"] if seed is None else ["--seed", str(seed)]
    command += ["--exclude-checks", ",".join(("use_after_free", *excluded))]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=HERE)
    assert done.returncode == 0, done.stdout[-8000:] + done.stderr[-2000:]
    return done.stdout


@pytest.fixture
def url() -> Iterator[str]:
    """The interface, served over HTTP on fakes, with a record; behind every URL is a cat."""
    harness = Harness()
    harness.images.put(CAT, b"cat")
    api = Api(OnDemandSetup(replace(harness, memory=MemoryBudget(2**26))), max_picture=10_000)
    api.setup.web.pages = defaultdict(lambda: b"cat")
    asyncio.run(api.harness.describe())
    running = Running(lambda: Host(api.app))
    running.up()
    yield running.url
    running.close()


@pytest.mark.long
def test_the_interface_is_as_documented(url: str) -> None:
    tried(url, KEY)
