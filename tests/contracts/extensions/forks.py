"""Starts the stand-in in 20 ms instead of a second: a process that has imported it forks for each order.

`python -m tests.contracts.extensions.forks` reads an order a line, `{"arguments", "environment", "output"}`, and writes
`{"id"}` for each, in turn, and `{"id", "code"}` when one has ended. It ends with its standard input, and all with it.
"""

import asyncio
import contextlib
import json
import os
import select
import signal
import sys
from collections import deque
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local import children, environment
from local.children import ROOT
from local.extensions.__main__ import main as run

PAUSE = 0.02  # seconds between two checks for ended children


@dataclass(slots=True)
class Fork:
    """A child process, from its caller's side."""

    pid: int
    returncode: int | None = None
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def wait(self) -> None:
        """Wait until it has ended."""
        await self.ended.wait()


@dataclass(slots=True)
class Forks:
    """Starts children by orders."""

    process: asyncio.subprocess.Process
    _asked: deque[asyncio.Future[Fork]] = field(default_factory=deque)
    _known: dict[int, Fork] = field(default_factory=dict)

    async def start(self, arguments: Sequence[str], environ: Mapping[str, str], output: Path) -> Fork:
        """Run `python -m local.extensions` with these arguments, this environment and this file for its output."""
        assert self.process.stdin
        order = {"arguments": list(arguments), "environment": dict(environ), "output": str(output)}
        self._asked.append(asyncio.get_running_loop().create_future())
        asked = self._asked[-1]
        self.process.stdin.write(json.dumps(order).encode() + b"\n")
        return await asked

    async def listen(self) -> None:
        """Record children's ends."""
        assert self.process.stdout
        async for line in self.process.stdout:
            message = json.loads(line)
            if "code" not in message:
                fork = self._known[message["id"]] = Fork(message["id"])
                self._asked.popleft().set_result(fork)
            else:
                fork = self._known.pop(message["id"])
                fork.returncode = message["code"]
                fork.ended.set()


@asynccontextmanager
async def ready(environ: Mapping[str, str]) -> AsyncIterator[Forks]:
    """Return what starts stand-ins; aiohttp reads SSL_CERT_FILE as it is imported, so `environ` has to have it."""
    process = await asyncio.create_subprocess_exec(
        *children.module(__name__),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**environment.clean(), **environ},
        cwd=ROOT,
        start_new_session=True,
    )
    forks = Forks(process)
    listening = asyncio.create_task(forks.listen())
    yield forks
    assert process.stdin
    process.stdin.close()
    await process.wait()
    await listening


def main() -> None:
    """Serve orders."""
    orders, running = open(0, "rb", buffering=0), set[int]()  # noqa: SIM115 - standard input
    while True:
        readable, _, _ = select.select([orders], [], [], PAUSE)
        if readable:
            line = orders.readline()  # unbuffered, so that `select` sees what is left
            if not line:
                break
            running.add(_fork(json.loads(line)))
        for child in list(running):
            ended, status = os.waitpid(child, os.WNOHANG)
            if ended:
                running.discard(child)
                print(json.dumps({"id": child, "code": os.waitstatus_to_exitcode(status)}), flush=True)
    for child in running:
        with contextlib.suppress(ProcessLookupError):
            os.kill(child, signal.SIGKILL)


def _fork(order: Mapping[str, Any]) -> int:
    child = os.fork()
    if child:
        print(json.dumps({"id": child}), flush=True)
        return child
    code = 70
    try:
        os.environ.clear()
        os.environ.update(order["environment"])
        output = os.open(order["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        code = run(order["arguments"])
    finally:
        sys.stdout.flush()
        os._exit(code)


if __name__ == "__main__":
    main()
