"""Many callers at once, against the running local host: `python -m benchmarks.ondemand` (Linux).

200 calls of small pictures: how long they take, less the time for which MODEL_CONCURRENCY makes them wait, which is a
call's time alone for each turn before theirs. 50 uploads of 20 MB: the process's peak of memory, and
that rejected callers get a Retry-After. The host is one process with the worker here, and everything shares
this machine's cores, so others' load shows. Not Azure.
"""

import asyncio
import math
import re
import statistics
import time
from collections import Counter
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory

import httpx2
import numpy as np
from PIL import Image

from benchmarks.figures import Figure, main
from benchmarks.memory import peak
from local.azure_openai.answers import Answer, Request
from local.azure_openai.script import Reply, Script, describe, serve
from local.children import ROOT
from local.stack import Stack

THINKS = 1.0  # seconds, for each picture
CALLS, CONCURRENCY = 200, 8  # MODEL_CONCURRENCY here, so that calls have to wait
LONGEST = 1.5  # seconds for a call, the waiting for its turn not counted
UPLOADS, UPLOAD = 50, 20 * 10**6  # bytes
USUALLY_HELD = 256  # MiB: HELD_IMAGES_MB as it comes, which takes as many of these as may run at a time
INSTANCE = 2048  # MiB: instanceMemoryMB in infra/main.bicep
HOST = 400  # MiB: assumed for Microsoft's host and the system, which do not run here
GRPC = 58  # MiB in the worker for a body of 20 MB on its way from the host, which here is no way
"""From a measurement of the worker with gRPC, see docs/adr/0006-plain-functions.md."""


@dataclass(frozen=True, slots=True)
class Called:
    """One call: its answer and its seconds."""

    status: int
    seconds: float
    retry_after: str


def thinking(request: Request) -> Reply:
    """Answer after a second."""
    reply = describe(request)
    assert isinstance(reply, Answer)
    return Answer(reply.content, delay=THINKS)


def picture(width: int, height: int, least: int = 0) -> bytes:
    """Make a JPEG of soft noise, of at least so many bytes, padded behind its end."""
    random = np.random.default_rng(7)
    noise = random.integers(0, 256, (height // 4, width // 4, 3), dtype=np.uint8)
    out = BytesIO()
    Image.fromarray(noise).resize((width, height), Image.Resampling.BILINEAR).save(out, "JPEG", quality=90)
    return out.getvalue().ljust(least, b"\0")


async def call(http: httpx2.AsyncClient, stack: Stack, body: bytes) -> Called:
    """Have one picture described."""
    headers = {"x-functions-key": stack.addresses.function_key, "content-type": "image/jpeg"}
    began = time.perf_counter()
    answer = await http.post(f"{stack.addresses.api}/describe", content=body, headers=headers)
    return Called(answer.status_code, time.perf_counter() - began, answer.headers.get("retry-after", ""))


async def at_once(stack: Stack, bodies: list[bytes]) -> tuple[float, list[Called]]:
    """Have pictures described at the same time; before that, after a first one, some by themselves: their median."""
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(timeout=300, limits=limits, trust_env=False) as http:
        single = [await call(http, stack, picture(64 + number, 64)) for number in range(6)]
        alone = statistics.median(each.seconds for each in single[1:])
        return alone, await asyncio.gather(*(call(http, stack, body) for body in bodies))


def host_process(stack: Stack) -> int:
    """Find the host's process by the port that its command names."""
    port = stack.addresses.http.rpartition(":")[2]
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal() and (entry / "cmdline").exists():
            command = (entry / "cmdline").read_bytes().split(b"\0")
            if b"local.host" in command and port.encode() in command and b"--grace" not in command:
                return int(entry.name)
    raise AssertionError("the host runs")


def many_calls(state: Path) -> list[Figure]:
    """Measure waiting."""
    settings = {"AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna", "MODEL_CONCURRENCY": str(CONCURRENCY)}
    script = Script(default=thinking)
    script.workers = CALLS
    with serve(script) as model, Stack(ROOT, state, settings, model_url=model.url, route=None) as stack:
        bodies = [picture(320 + number, 240) for number in range(CALLS)]
        alone, called = asyncio.run(at_once(stack, bodies))
    assert Counter(each.status for each in called) == {200: CALLS}
    seconds = sorted(each.seconds for each in called)
    rank = math.ceil(0.95 * CALLS)
    turns = math.ceil(rank / CONCURRENCY) - 1
    return [
        Figure("one call alone", alone, "s", at_most=LONGEST),
        Figure(f"{CALLS} calls, {CONCURRENCY} at a time: p95", seconds[rank - 1], "s"),
        Figure(f"the same, less {turns} turns of waiting", seconds[rank - 1] - turns * alone, "s", at_most=LONGEST),
    ]


def large_uploads(state: Path, held: int) -> list[Figure]:
    """Measure memory, with so many MiB for pictures."""
    settings = {"AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna", "HELD_IMAGES_MB": str(held)}
    with (
        serve(Script(default=thinking)) as model,
        Stack(ROOT, state, settings, model_url=model.url, route=None) as stack,
    ):
        process = host_process(stack)
        idle = peak(process)
        _, called = asyncio.run(at_once(stack, [picture(8064, 6048, UPLOAD)] * UPLOADS))
        most = peak(process)
    statuses = Counter(each.status for each in called)
    answered = [each for each in called if each.status == 429 and re.fullmatch(r"\d+", each.retry_after)]
    case = f"{UPLOADS} uploads of 20 MB, HELD_IMAGES_MB {held}"
    return [
        Figure(f"{case}: memory before", idle, "MiB"),
        Figure("peak", most, "MiB", at_most=budget()),
        Figure("described", statuses[200], "", at_least=1),
        Figure("answered 429 with Retry-After", len(answered), "", at_least=1 if held < USUALLY_HELD else None),
        Figure("neither", UPLOADS - statuses[200] - len(answered), "", at_most=0),
    ]


def budget() -> float:
    """What this process may hold: the instance, less the host, less what gRPC adds for requests that run at a time."""
    concurrent = int(re.findall(r'"maxConcurrentRequests": (\d+)', (ROOT / "host.json").read_text("utf-8"))[0])
    return INSTANCE - HOST - concurrent * GRPC


def measure() -> list[Figure]:
    """Measure all."""
    with TemporaryDirectory() as state:
        figures = many_calls(Path(state))
        for held in (USUALLY_HELD, 100):
            figures += large_uploads(Path(state), held)
        return figures


if __name__ == "__main__":
    main("ondemand", measure)
