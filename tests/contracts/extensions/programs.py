"""The two programs that a row is played on; both have the same arguments, worker protocol and output."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local import child, children, environment, ports
from local.children import ROOT

KEY = "the webhooks' key"
LINE = re.compile(r"\d\d:\d\d:\d\d\.\d{3} (?P<level>\w{4}): (?P<category>[^\[]+)\[\d+\] (?P<text>.*)")

STAND_IN = "stand-in"
REAL = "extensions"
VARIABLE = "WEBJOBS_HOST"


def command(program: str) -> list[str]:
    """Give how a program is called.

    Raises:
        LookupError: WEBJOBS_HOST is not set.

    """
    if program == STAND_IN:
        return children.module("local.extensions")
    if not os.environ.get(VARIABLE):
        raise LookupError(f"{VARIABLE} is not set: it names the program that runs Microsoft's extensions.")
    return [os.environ[VARIABLE]]


@dataclass(frozen=True, slots=True)
class ImagePipeline:
    """A line of output."""

    level: str
    category: str
    text: str

    def __str__(self) -> str:
        return f"{self.level} {self.category}: {self.text}"


@dataclass(slots=True)
class Running:
    """A program that has been started, under a supervisor that ends it however this process ends."""

    process: asyncio.subprocess.Process
    url: str
    output: Path
    id: Path

    async def until_ready(self) -> None:
        """Wait until its webhooks can be called, or it has ended."""
        (host, port) = self.url.removeprefix("http://").split(":")
        while self.process.returncode is None:
            with contextlib.suppress(OSError):
                _, writer = await asyncio.open_connection(host, int(port))
                writer.close()
                await writer.wait_closed()
                return
            await asyncio.sleep(0.02)

    async def end(self, how: signal.Signals) -> None:
        """End it so, if it has not ended."""
        if self.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(self.id.read_text("utf-8")), how)
        await self.process.wait()
        if self.process.stdin is not None:
            self.process.stdin.close()

    def lines(self) -> list[ImagePipeline]:
        """Give what it has printed."""
        text = self.output.read_text("utf-8", errors="replace")
        return [ImagePipeline(*match.group("level", "category", "text")) for match in LINE.finditer(text)]


async def start(
    program: str,
    folder: Path,
    *,
    functions: list[dict[str, Any]],
    host_json: Mapping[str, Any],
    settings: Mapping[str, str],
    worker: str,
) -> Running:
    """Start a program and wait until it is ready, or has ended."""
    (port,) = ports.free_ports(1)
    output, pid = folder / f"{port}.log", folder / f"{port}.pid"
    _write(folder, functions, host_json)
    arguments = [
        *("--functions", str(folder / "functions.json"), "--host-json", str(folder / "host.json")),
        *("--worker", worker, "--port", str(port), "--level", "Debug"),
    ]
    supervisor = [sys.executable, "-I", "-S", child.__file__, "--grace", "0", "--"]
    noting_its_id = ["sh", "-c", 'echo $$ > "$0"; exec "$@"', str(pid)]
    with output.open("wb") as file:
        process = await asyncio.create_subprocess_exec(
            *supervisor,
            *noting_its_id,
            *command(program),
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=file,
            stderr=asyncio.subprocess.STDOUT,
            env={**environment.clean(), "WEBHOOK_KEY": KEY, **settings},
            cwd=ROOT,
            start_new_session=True,
        )
    running = Running(process, f"http://127.0.0.1:{port}", output, pid)
    await running.until_ready()
    return running


def _write(folder: Path, functions: list[dict[str, Any]], host_json: Mapping[str, Any]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "functions.json").write_text(json.dumps(functions), "utf-8")
    (folder / "host.json").write_text(json.dumps({"version": "2.0", **host_json}), "utf-8")
