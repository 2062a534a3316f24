"""Uploads many pictures during many faults at once: kills, a model that often fails, a queue that cannot be read."""

import asyncio
import itertools
import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from describer.domain.image_ref import ImageRef
from describer.entrypoints.storage_events.inbox import DEAD_LETTERED
from local.azure_openai import faults
from local.azure_openai.answers import Answer, Request
from local.azure_openai.script import Reply, Script, describe, serve
from tests import pictures
from tests.realhost.platform import DEAD_LETTERS, Platform, running
from tests.realhost.waiting import as_time_passes, is_empty
from tests.storage import encoded

PAUSE = 0.5  # seconds between two uploads, so that kills interrupt some
LEAP = 601  # seconds: longer than an interrupted call's message is hidden
FAULTS = (
    faults.server_error(500),
    faults.server_error(503),
    faults.rate_limited(0.5),
    faults.disconnect(),
    faults.not_json(),
)
GARBAGE = [
    (queue, text)
    for queue in ("image-work", "unpublished-events", "backfills", "webjobs-blobtrigger-poison")
    for text in (
        f"{queue}: no base64 <é>",
        f"{queue} " * 2000,
        encoded(f"{queue}: no JSON"),
        encoded(f'"{queue}"'),
        encoded(json.dumps([queue])),
        encoded({"not": queue}),
        encoded({"specversion": "1.0", "of": queue}),
        encoded({"subject": f"/blobServices/default/containers/{queue}"}),
        encoded({"FunctionId": "Host.Functions.another", "ContainerName": "images", "BlobName": f"{queue}.jpg"}),
        encoded({"backfill": 7, "of": queue}),
    )
]


class Unreliable:
    """Fails at each fifth call, each time in another way, and delays the others."""

    def __init__(self) -> None:
        self._calls, self._faults = itertools.count(1), itertools.cycle(FAULTS)

    def __call__(self, request: Request) -> Reply:
        """Answer, or fail."""
        answer = describe(request)
        assert isinstance(answer, Answer)
        return next(self._faults) if next(self._calls) % 5 == 0 else replace(answer, delay=1)


async def none_is_lost(
    state: Path, host: Sequence[str], *, uploads: int, kills: int, refused_for: float, within: float
) -> None:
    """Disturb everything while pictures are uploaded: none is lost, none has the text of another, garbage is kept.

    Args:
        state: a folder of its own.
        host: the command that runs the triggers.
        uploads: pictures, of as many sizes, by which the model tells them apart.
        kills: of host and worker in turn.
        refused_for: seconds for which `image-work` answers with 403.
        within: seconds for the whole.

    """
    widths = {f"many/{number:03}.jpg": 200 + number for number in range(uploads)}
    with serve(Script(default=Unreliable())) as model:
        async with asyncio.timeout(within), running(state, model, host) as platform:
            disturbances = _throw_in(platform), _kill(platform, kills), _refuse(platform, refused_for)
            await asyncio.gather(_upload(platform, widths), *disturbances)
            for name in widths:
                await as_time_passes(platform, partial(_is_described, platform, name), LEAP / 2, within)
            await as_time_passes(platform, partial(is_empty, platform), LEAP / 2, within)
            assert platform.ends > kills
            for name, width in widths.items():
                assert f"{width} by 150 pixels" in (await platform.record(name))["alt_text"]
            assert await platform.records() == len(widths)
            assert {text async for text in platform.all_of(DEAD_LETTERS)} == {text for _, text in GARBAGE}
            told = Counter(facts["queue"] for facts in platform.logged(DEAD_LETTERED))
            assert told >= Counter(queue for queue, _ in GARBAGE)


async def _upload(platform: Platform, widths: dict[str, int]) -> None:
    """By both ways in turn: the blob trigger, and events that Event Grid delivers to the queue."""
    for name, width in widths.items():
        await platform.upload(name, pictures.jpeg(width, 150))
        if width % 2:
            await platform.announce(name)
        else:
            await platform.put("image-work", encoded({"subject": ImageRef("images", name).subject}))
        await asyncio.sleep(PAUSE)


async def _throw_in(platform: Platform) -> None:
    for queue, text in GARBAGE:
        await platform.put(queue, text)
        await asyncio.sleep(PAUSE / 5)


async def _kill(platform: Platform, kills: int) -> None:
    """Host and worker in turn. A killed host's messages stay hidden until their time is over."""
    for number in range(kills):
        await asyncio.sleep(random.uniform(0.2, 2))  # noqa: S311
        await platform.kill_one(("host", "worker")[number % 2])
        if number % 4 == 0:
            platform.forward(LEAP)


async def _refuse(platform: Platform, seconds: float) -> None:
    await asyncio.sleep(5)
    platform.gate.closed = "/image-work"
    await asyncio.sleep(seconds)
    while not platform.gate.asked:  # on busy cores the host may have been starting all the while
        await asyncio.sleep(0.1)
    platform.gate.closed = ""


async def _is_described(platform: Platform, name: str) -> bool:
    return await platform.status(name) == "described"
