"""The two programs that a row is played on; both have the same arguments, worker protocol and output."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from local import child, environment, ports
from local.children import ROOT
from tests.contracts.extensions import forks
from tests.contracts.extensions.forks import Fork, Forks

KEY = "the webhooks' key"
LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (?P<level>\w{4}): (?P<category>[^\[]+)\[\d+\] (?P<text>.*)")

type Program = Forks | None
"""Starts stand-ins; None: the real program is started."""

LISTENS = " listens on "
STAND_IN = "stand-in"
REAL = "extensions"
VARIABLE = environment.PROGRAM


@asynccontextmanager
async def ready(program: str, environ: Mapping[str, str]) -> AsyncIterator[Program]:
    """Return what `start` starts; `environ` is the common part of the environment.

    Raises:
        LookupError: it is the real program, and WEBJOBS_HOST is not set.

    """
    if program == STAND_IN:
        async with forks.ready(environ) as stand_ins:
            yield stand_ins
    else:
        real_program()
        yield None


def real_program() -> str:
    """Return the path of the program that runs Microsoft's extensions."""
    if not os.environ.get(VARIABLE):
        raise LookupError(f"{VARIABLE} is not set: it names the program that runs Microsoft's extensions.")
    return os.environ[VARIABLE]


@dataclass(frozen=True, slots=True)
class OutputLine:
    """A line of output."""

    level: str
    category: str
    text: str

    def __str__(self) -> str:
        return f"{self.level} {self.category}: {self.text}"


@dataclass(slots=True)
class Running:
    """A running program, under a supervisor that ends it with this process."""

    process: asyncio.subprocess.Process | Fork
    url: str
    output: Path
    id: Path | None

    async def until_ready(self) -> None:
        """Wait until it prints that it listens, or has ended. (.NET's listener fails if it is called too early.)"""
        while self.process.returncode is None and LISTENS not in self.output.read_text("utf-8", errors="replace"):
            await asyncio.sleep(0.02)

    async def end(self, how: signal.Signals) -> None:
        """End it by this signal, if it still runs."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self.id.read_text("utf-8")) if self.id else self.process.pid, how)
        await self.process.wait()

    def lines(self) -> list[OutputLine]:
        """Return its output."""
        text = self.output.read_text("utf-8", errors="replace")
        return [OutputLine(*match.group("level", "category", "text")) for match in LINE.finditer(text)]


async def start(
    program: Program,
    folder: Path,
    *,
    functions: list[dict[str, Any]],
    host_json: Mapping[str, Any],
    settings: Mapping[str, str],
    worker: str,
) -> Running:
    """Start a program and wait until it is ready, or has ended."""
    (port,) = ports.free_ports(1)
    output = folder / f"{port}.log"
    _write(output, functions, host_json)
    arguments = [
        *("--functions", str(folder / "functions.json"), "--host-json", str(folder / "host.json")),
        *("--worker", worker, "--port", str(port), "--level", "Debug"),
    ]
    environ = {**environment.clean(), "WEBHOOK_KEY": KEY, **settings}
    url = f"http://127.0.0.1:{port}"
    if isinstance(program, Forks):
        running = Running(await program.start(arguments, environ, output), url, output, None)
    else:
        pid = folder / f"{port}.pid"
        running = Running(await _real(arguments, environ, output, pid), url, output, pid)
    await running.until_ready()
    return running


_NOTE_ID: Final = """\
import os, sys
with open(sys.argv[1], "w") as file:
    file.write(str(os.getpid()))
os.execv(sys.argv[2], sys.argv[2:])
"""
"""Not by a shell: dash drops variables with dots in their names, such as `AzureWebJobs.work.Disabled`."""


async def _real(
    arguments: Sequence[str], environ: Mapping[str, str], output: Path, pid: Path
) -> asyncio.subprocess.Process:
    """Start the program under a supervisor, which ends it with this process."""
    supervisor = [sys.executable, "-I", "-S", child.__file__, "--grace", "0", "--"]
    noting_its_id = [sys.executable, "-I", "-S", "-c", _NOTE_ID, str(pid)]
    with output.open("wb") as file:
        return await asyncio.create_subprocess_exec(
            *supervisor,
            *noting_its_id,
            *[real_program(), *arguments],
            stdin=asyncio.subprocess.PIPE,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            env=environ,
            cwd=ROOT,
            start_new_session=True,
        )


def _write(output: Path, functions: list[dict[str, Any]], host_json: Mapping[str, Any]) -> None:
    folder = output.parent
    folder.mkdir(parents=True, exist_ok=True)
    output.touch()
    (folder / "functions.json").write_text(json.dumps(functions), "utf-8")
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **host_json}), "utf-8")
