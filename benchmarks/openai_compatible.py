"""OpenAI's client through the app instead of straight to the model: `python -m benchmarks.openai_compatible` (Linux).

- Twelve kinds of picture: how many are answered. Other tools for the same job answer 4 to 9 of them; none reads SVG.
- A photograph of 12 MP: its image tokens, against those of the picture as it is.
- What the app adds to a call: in each round the picture is prepared, the question goes to the model straight, and then
  through the app with the picture as it is; the median of what the last takes beyond the first two. A busy machine
  multiplies that, so the computing time of a call is measured too, of the interface in this process, between a client
  and a model that answers at once; the processes that prepare pictures are not part of it.
- A hundred calls at a time with a photograph of 3 MB, by a client that comes again when it is asked to: memory, the
  calls that were lost, and the time against the same calls ten at a time, so that waiting in a row costs nothing.

The model is a stand-in, everything shares this machine's cores, and the host is one process with the worker. Not Azure.
"""

import asyncio
import base64
import json
import secrets
import statistics
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx2

from benchmarks.figures import Figure, main
from benchmarks.memory import peak
from benchmarks.ondemand import budget, host_process, picture, thinking
from describer.pipeline.memory_budget import MemoryBudget
from describer.vision.families import Family, family
from describer.vision.imaging.preparer import ProcessPreparer
from describer.vision.imaging.values import MIB, Limits
from local.azure_openai.script import Model, Script, serve
from local.children import ROOT
from local.stack import Stack
from tests import pictures
from tests.api import test_openai_compatible
from tests.api.test_openai_compatible import Setup, Upstream

MODEL: Final = "gpt-5.6-luna"
KEY: Final = secrets.token_urlsafe(32)
SETTINGS: Final = {
    "AZURE_OPENAI_DEPLOYMENT": MODEL,
    "OPENAI_COMPATIBLE_KEYS": f"benchmark:{KEY}",
    "OPENAI_COMPATIBLE_CALLS_PER_DAY": "100000",
    "OPENAI_COMPATIBLE_USD_PER_DAY": "1000",
}
ANSWERED: Final = 10
SHARE: Final = 0.1
OVERHEAD: Final = 0.05
ROUNDS: Final = 30
CALLS, GENTLE = 100, 10
NO_SLOWER: Final = 1.5
PHOTO_BYTES: Final = 2_800_000
_JSON: Final = {"content-type": "application/json"}
SVG: Final = b'<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><circle cx="32" cy="32" r="30"/></svg>'


def kinds() -> dict[str, bytes]:
    """Give the twelve pictures, by kind."""
    known = pictures.EVERY_KIND
    named = {
        "JPEG": "jpeg", "PNG": "png", "WebP": "webp", "GIF": "gif", "HEIC": "heic", "AVIF": "avif", "TIFF": "tiff",
        "16 bit": "png, 16 bit", "CMYK": "jpeg, cmyk",
    }  # fmt: skip
    made = {kind: known[name][1] for kind, name in named.items()}
    return made | {"rotated": pictures.turned("JPEG", 6), "100 MP": pictures.jpeg(11600, 8700), "SVG": SVG}


def asked(data: bytes, kind: str = "application/octet-stream") -> bytes:
    """Make a question about a picture."""
    url = f"data:{kind};base64,{base64.b64encode(data).decode()}"
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    return json.dumps({"model": MODEL, "messages": [{"role": "user", "content": parts}]}).encode()


@dataclass
class Asking:
    """A client of the app and of the model.

    Args:
        http: without limits of its own.
        app, model: addresses of Chat Completions.
        again: how often a call had to come again.
    """

    http: httpx2.AsyncClient
    app: str
    model: str
    again: Counter[int] = field(default_factory=Counter)

    async def through(self, body: bytes) -> httpx2.Response:
        """Ask the app once."""
        return await self.http.post(self.app, content=body, headers={"api-key": KEY, **_JSON})

    async def straight(self, body: bytes) -> httpx2.Response:
        """Ask the model once."""
        return await self.http.post(self.model, content=body, headers=_JSON)

    async def patiently(self, body: bytes) -> int:
        """Ask the app until it answers, and come again when it says; give the last status."""
        while (answer := await self.through(body)).status_code == 429 and "retry-after" in answer.headers:
            self.again[429] += 1
            await asyncio.sleep(float(answer.headers["retry-after"]))
        return answer.status_code


def luna(_: str = MODEL) -> Family:
    """The default model's family."""
    found = family(MODEL)
    assert found is not None
    return found


async def every_kind(asking: Asking, model: Model) -> list[Figure]:
    """Measure what is answered, and that what is stored turned arrives upright."""
    answers = {kind: await asking.through(asked(data)) for kind, data in kinds().items()}
    sideways = [request for request in model.requests if request.images[0].width < request.images[0].height]
    refused = [kind for kind, answer in answers.items() if answer.status_code != 200]
    assert all(answers[kind].status_code == 400 and answers[kind].json()["error"]["message"] for kind in refused)
    name = f"answered of {len(answers)} kinds of picture (not: {', '.join(refused) or 'none'})"
    return [
        Figure(name, len(answers) - len(refused), "", at_least=ANSWERED),
        Figure("of them sent sideways", len(sideways), "", at_most=0),
    ]


async def tokens(asking: Asking, photo: bytes) -> list[Figure]:
    """Compare image tokens."""
    headers = (await asking.through(asked(photo))).headers
    sent, whole = (int(headers[f"x-image-tokens-{name}"]) for name in ("sent", "as-asked"))
    return [
        Figure("image tokens of 12 MP as it is", whole, ""),
        Figure("as sent", sent, ""),
        Figure("share", sent / whole, "", at_most=SHARE),
    ]


async def overhead(asking: Asking, photo: bytes) -> list[Figure]:
    """Compare calls through the app with those straight to the model."""
    preparer = ProcessPreparer(luna, Limits(), text_tokens=6000)
    through, rounds = asked(photo), []
    for _ in range(ROUNDS + 1):
        began = time.perf_counter()
        image = await preparer.prepare(photo, model=MODEL, detail="high")
        prepared = time.perf_counter()
        straight = asked(image.jpeg, "image/jpeg")
        start = time.perf_counter()
        assert (await asking.straight(straight)).status_code == 200
        middle = time.perf_counter()
        assert (await asking.through(through)).status_code == 200
        rounds.append((prepared - began, middle - start, time.perf_counter() - middle))
    computing = await computed(preparer, through)
    await preparer.close()
    rounds = rounds[1:]  # the first one starts processes
    preparing, model, app = (statistics.median(each) for each in zip(*rounds, strict=True))
    beyond = statistics.median(whole - alone - asked for alone, asked, whole in rounds)
    return [
        Figure("preparing the picture: p50", preparing, "s"),
        Figure("a call to the model: p50", model, "s"),
        Figure("a call through the app: p50", app, "s"),
        Figure("what that takes beyond both: p50", beyond, "s", at_most=OVERHEAD),
        Figure("computing of the interface for a call: p50", computing, "s", at_most=OVERHEAD),
    ]


async def computed(preparer: ProcessPreparer, body: bytes) -> float:
    """Measure the computing time of calls within this process."""
    setup = Setup(Upstream(), MemoryBudget(256 * MIB), preparer)
    seconds = []
    async with setup.transport() as http:
        for _ in range(ROUNDS):
            headers = {"api-key": test_openai_compatible.KEY, **_JSON}
            began = time.process_time()
            answer = await http.post("http://app/api/openai/v1/chat/completions", content=body, headers=headers)
            seconds.append(time.process_time() - began)
            assert answer.status_code == 200
    return statistics.median(seconds)


async def many(asking: Asking, process: int) -> list[Figure]:
    """Ask a hundred times at once."""
    bodies = [asked(picture(4000 + number, 3000, PHOTO_BYTES)) for number in range(CALLS)]
    turns = asyncio.Semaphore(GENTLE)

    async def in_turn(body: bytes) -> int:
        async with turns:
            return await asking.patiently(body)

    began = time.perf_counter()
    gently = await asyncio.gather(*map(in_turn, bodies))
    middle = time.perf_counter()
    asking.again.clear()
    at_once = await asyncio.gather(*map(asking.patiently, bodies))
    ended = time.perf_counter()
    lost = 2 * CALLS - Counter([*gently, *at_once])[200]
    return [
        Figure(f"{CALLS} calls, {GENTLE} at a time", middle - began, "s"),
        Figure("all at once", ended - middle, "s"),
        Figure("against the former", (ended - middle) / (middle - began), "", at_most=NO_SLOWER),
        Figure("answers 429 with Retry-After, after which the call was made again", asking.again[429], ""),
        Figure("lost", lost, "", at_most=0),
        Figure("peak memory", peak(process), "MiB", at_most=budget()),
    ]


async def all_of_it(stack: Stack, model: Model) -> list[Figure]:
    """Measure against one stack."""
    photo = picture(4000, 3000, PHOTO_BYTES)
    limits = httpx2.Limits(max_connections=None)
    async with httpx2.AsyncClient(timeout=300, limits=limits, trust_env=False) as http:
        asking = Asking(http, f"{stack.addresses.api}/openai/v1/chat/completions", f"{model.url}/v1/chat/completions")
        figures = await every_kind(asking, model)
        figures += await tokens(asking, photo)
        figures += await overhead(asking, photo)
        model.script.always(thinking)
        return figures + await many(asking, host_process(stack))


def measure() -> list[Figure]:
    """Measure all."""
    script = Script()
    script.workers = CALLS
    with (
        TemporaryDirectory() as state,
        serve(script) as model,
        Stack(ROOT, Path(state), SETTINGS, model_url=model.url, route=None) as stack,
    ):
        return asyncio.run(all_of_it(stack, model))


if __name__ == "__main__":
    main("openai_compatible", measure)
