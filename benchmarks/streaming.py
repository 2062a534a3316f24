"""Plain functions behind AsgiMiddleware against the streaming extension: `python -m benchmarks.streaming` (Linux).

Both apps (benchmarks/apps) take whole pictures, as describing needs them, and answer in pieces. They run in the
development host, which is one process with the worker. On the platform a plain function's body also crosses gRPC, some
58 MB more in the worker per 20 MB, and the host holds a copy; neither is in these figures, and neither is Azure.
"""

import asyncio
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile

import httpx2

from benchmarks.apps.pages import PAUSE, PIECES
from benchmarks.figures import Figure, main, median, ratio
from benchmarks.memory import peak
from local import children, environment, ports

APPS = Path(__file__).parent / "apps"
UPLOAD = bytes(20 * 10**6)
UPLOADS = 8  # at a time
ROUNDS = 5
INDEX = """
import asyncio, os, pathlib, sys, time
sys.path.insert(0, os.getcwd())
from local.host import worker
began = time.perf_counter()
indexed = asyncio.run(worker.index(pathlib.Path(sys.argv[1])))
print(time.perf_counter() - began)
"""


@dataclass(frozen=True, slots=True)
class Measured:
    """Seconds, and mebibytes of resident memory of the host's process.

    Args:
        indexing: of the app, in a new process.
        first_answer: of an HTTP function, from the start of the host's process.
        first_byte: of an answer whose pieces take a second.
        idle: memory before any upload.
        uploads: peak with `UPLOADS` uploads at a time.

    """

    indexing: float
    first_answer: float
    first_byte: float
    idle: float
    uploads: float


@contextmanager
def running(app: Path) -> Iterator[tuple[int, str]]:
    """Start a host for this app; return its process and its address."""
    (port,) = ports.free_ports(1)
    environ = {**environment.clean(), "HOST_KEY": children.secret(), "FUNCTION_KEY": children.secret()}
    with TemporaryFile() as log:
        command = children.module("local.host", "--app", str(app), "--port", str(port))
        process = subprocess.Popen(command, env=environ, cwd=children.ROOT, stdout=log, stderr=log)
        try:
            yield process.pid, f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def indexing(app: Path) -> float:
    """Index an app in a process of its own."""
    command = [sys.executable, "-c", INDEX, str(app)]
    done = subprocess.run(
        command,
        env=environment.clean(),
        cwd=children.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        check=True,
    )
    return float(done.stdout)


async def answers(url: str) -> httpx2.Response:
    """Ask until the host listens, and return its first answer."""
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        while True:
            try:
                return await http.post(f"{url}/api/upload", content=b"x")
            except httpx2.ConnectError:
                await asyncio.sleep(0.005)


async def first_byte(url: str) -> float:
    """Time the first piece of a streamed answer."""
    async with httpx2.AsyncClient(timeout=30, trust_env=False) as http:
        began = time.perf_counter()
        async with http.stream("GET", f"{url}/api/listen") as answer:
            pieces = answer.aiter_raw()
            await anext(pieces)
            took = time.perf_counter() - began
            async for _ in pieces:
                pass
        return took


async def upload_all(url: str) -> None:
    """Send the uploads at the same time."""
    async with httpx2.AsyncClient(timeout=120, trust_env=False) as http:
        sent = (http.post(f"{url}/api/upload", content=UPLOAD) for _ in range(UPLOADS))
        for answer in await asyncio.gather(*sent):
            assert int(answer.text) == len(UPLOAD)


def one_round(name: str) -> Measured:
    """Measure everything once, in new processes."""
    app = APPS / name
    index = indexing(app)
    began = time.perf_counter()
    with running(app) as (process, url):
        answer = asyncio.run(answers(url))
        first = time.perf_counter() - began
        assert answer.status_code == 200
        idle, byte = peak(process), asyncio.run(first_byte(url))
        asyncio.run(upload_all(url))
        return Measured(index, first, byte, idle, peak(process))


def column(rounds: list[Measured], name: str) -> list[float]:
    """Take one figure of all rounds."""
    return [getattr(each, name) for each in rounds]


def measure() -> list[Figure]:
    """Measure both in turns; the goals are what the decision says."""
    both: dict[str, list[Measured]] = {"plain": [], "streamed": []}
    for _ in range(ROUNDS):
        for name, rounds in both.items():
            rounds.append(one_round(name))
    plain, streamed = both["plain"], both["streamed"]
    environ = [
        median(f"{name}, {each.replace('_', ' ')}", column(rounds, each), unit)
        for each, unit in (
            ("indexing", "s"),
            ("first_answer", "s"),
            ("first_byte", "s"),
            ("idle", "MiB"),
            ("uploads", "MiB"),
        )
        for name, rounds in both.items()
    ]
    whole = PIECES * PAUSE
    return [
        *environ,
        ratio("indexing, streamed / plain", column(streamed, "indexing"), column(plain, "indexing"), at_least=1.5),
        median(
            "first byte, plain: the whole answer's time",
            column(plain, "first_byte"),
            "s",
            at_least=whole,
            at_most=whole + 0.5,
        ),
        median("first byte, streamed", column(streamed, "first_byte"), "s", at_most=0.2),
        ratio("peak of uploads, plain / streamed", column(plain, "uploads"), column(streamed, "uploads"), at_most=1.3),
    ]


if __name__ == "__main__":
    main("streaming", measure)
