"""The command line against the stand-ins: in a process of its own as for users, or in this one, a second faster."""

import asyncio
import json
import os
import pty
import signal
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from describer.app import App
from describer.entrypoints.cli.run import called
from local import environment
from local.azure_openai.script import Model, Script, describe, serve
from local.children import ROOT
from local.sink import Topic
from local.storage import Storage
from tests import pictures
from tests.storage import unique


def _heed_ctrl_c() -> None:
    """Ctrl-C as at a terminal; background jobs of a script ignore it, and their children inherit that."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)


@dataclass(frozen=True, slots=True)
class Done:
    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The standard output's lines of JSON."""
        return [json.loads(line) for line in self.out.splitlines()]


@dataclass
class Shell:
    """Runs `describer` in a folder, with only this environment."""

    folder: Path
    capsys: pytest.CaptureFixture[str]
    settings: dict[str, str] = field(default_factory=dict)

    async def here(self, *arguments: str, **settings: str) -> Done:
        """Runs it in a thread of this process, which detects unclosed resources."""
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(self.folder)
            for name in os.environ.keys() - environment.clean().keys():
                patch.delenv(name)
            for name, value in (self.settings | settings).items():
                patch.setenv(name, value)
            self.capsys.readouterr()
            code = await asyncio.to_thread(called, arguments, App.without_telemetry)
        return Done(code, *self.capsys.readouterr())

    async def shell(self, program: str) -> Done:
        """Runs a program of the shell, up to the first command that fails."""
        return await self._end(await self._start("bash", "-eu", "-c", program), b"")

    async def process(self, *arguments: str, **settings: str) -> asyncio.subprocess.Process:
        return await self._start(sys.executable, "-m", "describer", *arguments, **settings)

    async def at_a_terminal(self, typed: bytes, *arguments: str, **settings: str) -> Done:
        """Runs it with a terminal as standard input, with this text typed in advance."""
        ours, its = pty.openpty()
        try:
            os.write(ours, typed)
            process = await self._started((sys.executable, "-m", "describer", *arguments), settings, its)
            out, err = await process.communicate()
        finally:
            os.close(ours)
            os.close(its)
        assert process.returncode is not None
        return Done(process.returncode, out.decode(), err.decode())

    async def _start(self, *command: str, **settings: str) -> asyncio.subprocess.Process:
        return await self._started(command, settings, asyncio.subprocess.PIPE)

    async def _started(
        self, command: Sequence[str], settings: dict[str, str], stdin: int
    ) -> asyncio.subprocess.Process:
        environ = {name: value for name, value in (self.settings | settings).items() if value}
        return await asyncio.create_subprocess_exec(
            *command,
            cwd=self.folder,
            env={**environment.clean(), **environ, "PYTHONPATH": str(ROOT)},
            stdin=stdin,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            preexec_fn=_heed_ctrl_c,
        )

    async def run(self, *arguments: str, stdin: bytes = b"", **settings: str) -> Done:
        return await self._end(await self.process(*arguments, **settings), stdin)

    async def _end(self, process: asyncio.subprocess.Process, stdin: bytes) -> Done:
        out, err = await process.communicate(stdin)
        assert process.returncode is not None
        done = Done(process.returncode, out.decode(), err.decode())
        assert "Traceback" not in done.err
        return done

    def picture(self, name: str, data: bytes) -> Path:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
        return path


@pytest.fixture(scope="session")
def model() -> Iterator[Model]:
    with serve(Script()) as served:
        yield served


@pytest.fixture(autouse=True)
def as_usual(model: Model) -> None:
    """The model runs and answers by its default rule."""
    model.up()
    model.script.always(describe)


@pytest.fixture
def shell(model: Model, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Shell:
    """With a model only."""
    return Shell(tmp_path, capsys, {"OPENAI_BASE_URL": f"{model.url}/v1", "OPENAI_MODEL": "gpt-5.6-luna"})


@pytest.fixture
def topic(storage: Storage, tmp_path: Path) -> Iterator[Topic]:
    running = Topic(tmp_path / "events.jsonl", storage.certificate)
    running.up()
    yield running
    running.close()


@pytest.fixture
def installation(
    storage: Storage, model: Model, topic: Topic, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> Shell:
    """With all of the app: containers of its own, signed in by a managed identity."""
    images, descriptions = unique("images"), unique("descriptions")
    for container in (images, descriptions):
        storage.create_container(container)
    storage.create_container("backfills", storage.host)
    storage.create_container("budget", storage.host)
    for queue in ("image-work", "backfills", "dead-letter-queue", "unpublished-events"):
        storage.create_queue(queue)
    return Shell(
        tmp_path,
        capsys,
        {
            **storage.environment,
            **storage.connection("IMAGES", storage.images),
            **storage.connection("AzureWebJobsStorage", storage.host),
            "IMAGES_CONTAINER": images,
            "DESCRIPTIONS_CONTAINER": descriptions,
            "EVENTS_TOPIC_ENDPOINT": topic.endpoint,
            "AZURE_OPENAI_ENDPOINT": model.url,
            "AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna",
        },
    )


def jpeg(width: int) -> bytes:
    return pictures.jpeg(width, 100)
