"""A thousand pictures, a third of whose calls go wrong: `python -m benchmarks.faulty`.

Each picture goes through the pipeline, with the real client over HTTP, storage in memory and deferred work brought back
at once. The picture determines the model's answer: 70 % get a good one, 30 % one of the faults below, once or each
time. Counts wrong results, and calls beyond those that attempts and repair allow.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from typing import Final

from PIL import Image as Pillow

from benchmarks.figures import Figure, main
from describer.adapters.chat.client import ChatModel, connect
from describer.adapters.chat.gateway import Gateway
from describer.adapters.chat.limiter import Limiter
from describer.adapters.chat.quota import Quota
from describer.domain.image_ref import ImageRef
from describer.domain.status import Status
from describer.vision.families import family, generic
from local.azure_openai import faults
from local.azure_openai.answers import Answer, Fault, Request
from local.azure_openai.script import Script, describe, serve
from tests.unit.conftest import Harness

PICTURES: Final = 1000
SHARE: Final = 0.3
AT_ONCE: Final = 16
ATTEMPTS: Final = 3
QUICK: Final = 3
REPAIR: Final = 2
DONE: Final = frozenset({Status.DESCRIBED, Status.NEEDS_REVIEW})


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: the answer, how often, the expected result, and the maximum of calls."""

    name: str
    reply: Callable[[], Answer | Fault]
    times: float
    ends: frozenset[Status]
    calls: int


ALWAYS: Final = float("inf")
KINDS: Final = (
    Kind("429, once", lambda: faults.rate_limited(0.05), 1, DONE, 2),
    Kind("500, once", faults.server_error, 1, DONE, 2),
    Kind("500, always", faults.server_error, ALWAYS, frozenset({Status.FAILED}), ATTEMPTS * QUICK),
    Kind("503, twice", lambda: faults.server_error(503), 2, DONE, 3),
    Kind("no JSON, once", faults.not_json, 1, DONE, 2),
    Kind("connection broken, once", faults.disconnect, 1, DONE, 2),
    Kind("filtered prompt", faults.content_filter_prompt, ALWAYS, frozenset({Status.FILTERED}), 1),
    Kind("filtered answer", faults.content_filter_answer, ALWAYS, frozenset({Status.FILTERED}), 1),
    Kind("refusal", faults.refused, ALWAYS, frozenset({Status.NEEDS_REVIEW}), 1),
    Kind("cut off, once", faults.cut_off, 1, DONE, REPAIR),
    Kind("cut off, always", faults.cut_off, ALWAYS, frozenset({Status.FAILED}), REPAIR),
    Kind("unreadable, once", lambda: Answer("a cat"), 1, DONE, REPAIR),
    Kind("unreadable, always", lambda: Answer("a cat"), ALWAYS, frozenset({Status.FAILED}), REPAIR),
    Kind("not taken", faults.invalid_image, ALWAYS, frozenset({Status.UNSUPPORTED}), 1),
    Kind("cannot be parsed", lambda: faults.invalid_image("image_parse_error"), ALWAYS, frozenset({Status.CORRUPT}), 1),
    Kind("no completion", lambda: Fault(200, {"choices": []}), ALWAYS, frozenset({Status.FAILED}), ATTEMPTS),
    Kind("declined", lambda: faults.error(400, "no", "unheard_of"), ALWAYS, frozenset({Status.FAILED}), ATTEMPTS),
)
WELL: Final = Kind("none", lambda: Answer(""), 0, DONE, 1)


class Server:
    """Answers each picture, recognised by its sides, by its kind, and counts."""

    def __init__(self, kinds: dict[tuple[int, int], Kind]) -> None:
        self.kinds = kinds
        self.calls: Counter[tuple[int, int]] = Counter()

    def __call__(self, request: Request) -> Answer | Fault:
        """Answer one request."""
        sides = request.images[0].width, request.images[0].height
        kind = self.kinds.get(sides, WELL)
        self.calls[sides] += 1
        return kind.reply() if self.calls[sides] <= kind.times else describe(request)


def picture(sides: tuple[int, int]) -> bytes:
    """A picture with these sides."""
    out = BytesIO()
    Pillow.new("RGB", sides, "teal").save(out, "JPEG")
    return out.getvalue()


async def work(harness: Harness, refs: list[ImageRef]) -> None:
    """Deliver all, and deferred work until none is left."""
    delivery, turns = harness.delivery, asyncio.Semaphore(AT_ONCE)

    async def upload(ref: ImageRef) -> None:
        async with turns:
            await delivery.handle_upload(ref.container, ref.name)

    async def message(body: str) -> None:
        async with turns:
            await delivery.handle_message(body.encode())

    await asyncio.gather(*(upload(ref) for ref in refs))
    while harness.queue.sent:
        waiting, harness.queue.sent = harness.queue.sent, []
        await asyncio.gather(*(message(body) for body, _ in waiting))


async def run() -> list[Figure]:
    """Work on all, and count."""
    chance = random.Random(7)  # noqa: S311 - to be the same each time
    sides = [(64 + number % 40, 64 + number // 40) for number in range(PICTURES)]
    faulty = chance.sample(sides, int(SHARE * PICTURES))
    kinds = {each: KINDS[at % len(KINDS)] for at, each in enumerate(faulty)}
    server, harness = Server(kinds), Harness(max_bytes=10**6)
    refs = {each: ImageRef("images", f"{each[0]}x{each[1]}.jpg") for each in sides}
    for each, ref in refs.items():
        harness.images.put(ref, picture(each))
    script = Script(default=server)
    script.workers = AT_ONCE
    with serve(script) as model:
        async with connect(f"{model.url}/v1/", key="", credential=None, scope="") as client:
            chat = ChatModel(
                client,
                lambda name: family(name) or generic(),
                20,
                Limiter(AT_ONCE, Quota(0.02, longest=0.02)),
                0.01,
                Gateway(),
            )
            harness.model = chat  # type: ignore[assignment]
            await work(harness, list(refs.values()))
    ends = {each: harness.records.stored.get(ref) for each, ref in refs.items()}
    lost = sum(end is None for end in ends.values())
    wrong = Counter(
        kinds.get(each, WELL).name
        for each, end in ends.items()
        if end and end.record.status not in kinds.get(each, WELL).ends
    )
    dear = Counter(kinds.get(each, WELL).name for each in sides if server.calls[each] > kinds.get(each, WELL).calls)
    for what, names in (("ended otherwise than it must", wrong), ("asked too often", dear)):
        for name, count in names.items():
            print(f"{what}: {name}: {count}")
    return [
        Figure("pictures", PICTURES, ""),
        Figure("of them with a fault", len(faulty), f"of {len(KINDS)} kinds"),
        Figure("calls", server.calls.total(), ""),
        Figure("without an end", lost, "", at_most=0),
        Figure("with a wrong end", wrong.total(), "", at_most=0),
        Figure("asked more often than attempts and repair allow", dear.total(), "", at_most=0),
    ]


def measure() -> list[Figure]:
    """All figures."""
    return asyncio.run(run())


if __name__ == "__main__":
    main("faulty", measure)
