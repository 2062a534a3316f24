"""Keeping to a quota, over HTTP: `python -m benchmarks.quota`.

600 pictures, a quota of 600 requests a minute that is counted over ten seconds, and a model that takes a second. One
process asks 64 at a time; then four that know nothing of each other ask 16 at a time each, and take their pictures from
one queue, as instances do. Once rejected calls count against the quota and once they do not: Azure does not say. The
server is the stand-in for Azure OpenAI, in a process of its own; the asking is the app's, client and all. Not Azure.

The least time: all windows but the last, and what the model needs for the last one with 64 at a time.
"""

import asyncio
import json
import math
import subprocess
import sys
import time
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image

from benchmarks.figures import Figure, main
from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.limiter import Limiter
from describer.domain.errors import Transient
from describer.pipeline.call_context import entered
from describer.pipeline.weighted_semaphore import Priority
from describer.vision.brief import Brief
from describer.vision.families import family, generic
from describer.vision.imaging.values import PreparedImage
from local.azure_openai.answers import Answer, Request
from local.azure_openai.quota import REQUEST_WINDOW, Quota
from local.azure_openai.resource import Deployment, Resource
from local.azure_openai.script import Reply, Script, describe, serve

PICTURES: Final = 600
PER_MINUTE: Final = 600
AT_ONCE: Final = 64
THINKS: Final = 1.0
NAME: Final = "gpt-5.6-luna"


@dataclass(frozen=True, slots=True)
class Run:
    """The result of a run."""

    seconds: float
    calls: int
    refused: int
    answered: int

    @property
    def share(self) -> float:
        """Calls answered 429, in percent."""
        return 100 * self.refused / self.calls


def least() -> float:
    """The least time in seconds."""
    window = PER_MINUTE * REQUEST_WINDOW / 60
    full = math.ceil(PICTURES / window) - 1
    return full * REQUEST_WINDOW + math.ceil((PICTURES - full * window) / AT_ONCE) * THINKS


def thinking(request: Request) -> Reply:
    """Answer after a second."""
    reply = describe(request)
    assert isinstance(reply, Answer)
    return Answer(reply.content, delay=THINKS)


def measured(processes: int, *, counts_throttled: bool) -> Run:
    """Serve a model with a quota, and have processes ask it."""
    quota = Quota(10**9, PER_MINUTE, counts_throttled=counts_throttled)
    script = Script(default=thinking)
    script.workers = AT_ONCE
    with serve(script, Resource((Deployment(NAME, NAME, quota=quota),))) as model:
        command = [sys.executable, "-m", "benchmarks.quota", "ask", f"{model.url}/v1/", str(AT_ONCE // processes)]
        askers = [
            subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
            for _ in range(processes)
        ]
        return asyncio.run(_handed_out(askers, quota))


async def _handed_out(askers: list[subprocess.Popen[str]], quota: Quota) -> Run:
    """Give each process a picture on request; the time starts when all are ready."""
    left, ready, answered = PICTURES, asyncio.Barrier(len(askers) + 1), 0

    async def serve_one(asker: subprocess.Popen[str]) -> None:
        nonlocal left, answered
        assert asker.stdin
        assert asker.stdout
        await asyncio.to_thread(asker.stdout.readline)
        await ready.wait()
        while said := (await asyncio.to_thread(asker.stdout.readline)).strip():
            if said.startswith("{"):
                answered += json.loads(said)["answered"]
                break
            asker.stdin.write("one\n" if left > 0 else "end\n")
            asker.stdin.flush()
            left -= 1
        await asyncio.to_thread(asker.wait)

    async with asyncio.TaskGroup() as group:
        for asker in askers:
            group.create_task(serve_one(asker))
        await ready.wait()
        began = time.monotonic()
    return Run(quota.granted[-1] + THINKS - began, len(quota.granted) + quota.throttled, quota.throttled, answered)


def picture() -> PreparedImage:
    """A small picture."""
    out = BytesIO()
    Image.new("RGB", (64, 48), "teal").save(out, "JPEG")
    return PreparedImage(out.getvalue(), 64, 48)


async def ask(base_url: str, at_once: int) -> None:
    """Run one process: request pictures on standard output, and read on standard input whether there is one."""
    brief, answered = Brief(("en",), NAME, "high", 500), 0
    async with connect(base_url, key="", credential=None, scope="") as client:
        model = ChatModel(client, lambda name: family(name) or generic(), 90, Limiter(at_once))
        turn, image = asyncio.Lock(), picture()

        async def wanted() -> bool:
            async with turn:
                print("want", flush=True)
                line: str = await asyncio.to_thread(sys.stdin.readline)
                return line.strip() == "one"

        async def worker() -> None:
            nonlocal answered
            while await wanted():
                got = await described(model, brief, image)
                answered += got

        print("ready", flush=True)
        await asyncio.gather(*(worker() for _ in range(at_once)))
    print(json.dumps({"answered": answered}), flush=True)


async def described(model: ChatModel, brief: Brief, image: PreparedImage) -> bool:
    """Ask until there is an answer: deferred work comes back after its delay, as from the queue."""
    while True:
        try:
            with entered(570, Priority.BACKGROUND):
                return bool((await model.ask(brief, image)).description)
        except Transient as fault:
            await asyncio.sleep(fault.retry_after or 10)


def measure() -> list[Figure]:
    """All figures."""
    figures = []
    for processes, ratio, share in ((1, 1.05, 2), (4, 1.15, 5)):
        for counts in (True, False):
            run = measured(processes, counts_throttled=counts)
            case = f"{processes} process{'es' * (processes > 1)}, rejected calls {'' if counts else 'do not '}count"
            figures += [
                Figure(f"{case}: seconds", run.seconds, "s"),
                Figure(f"{case}: of the least ({least():g} s)", run.seconds / least(), "x", at_most=ratio),
                Figure(f"{case}: calls answered 429", run.share, "%", at_most=share),
                Figure(f"{case}: lost", PICTURES - run.answered, "", at_most=0),
            ]
    return figures


if __name__ == "__main__":
    if sys.argv[1:2] == ["ask"]:
        asyncio.run(ask(sys.argv[2], int(sys.argv[3])))
    else:
        main("quota", measure)
