"""Uploads on Microsoft's own extensions and on their stand-in: `WEBJOBS_HOST=… python -m benchmarks.extensions`.

The whole app on Azurite, each upload by Event Grid and the blob trigger, the scripted model takes a second: pictures a
minute, what one upload takes beyond the model's second (overhead), and how many calls of the model run at a time where
each takes six. The two take turns, so that others' load meets both. The worker is one process with the host here, and
the extensions are a process more: where cores are short, that costs them pictures a minute. Not Azure.
"""

import asyncio
import itertools
import os
import statistics
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from azure.storage.blob.aio import BlobServiceClient

from benchmarks.figures import Figure, main
from describer.domain.image_ref import ImageRef
from describer.domain.naming import sidecar_name
from local import environment
from local.azure_openai.answers import Answer, Request
from local.azure_openai.script import Reply, Script, describe, serve
from local.children import ROOT
from local.stack import Stack
from tests import pictures

THINKS, THINKS_LONG = 1.0, 6.0  # seconds, for each picture
ALONE, TOGETHER, TURNS = 8, 60, 2
WITHIN: Final = 0.15
"""How far the stand-in may differ."""
_LOOK: Final = 0.02  # seconds between two checks for a record
_widths = itertools.count(200)


@dataclass
class Measured:
    """The figures of one program over all turns.

    Args:
        overhead: seconds from the end of an upload to its record, less the model's, of uploads with nothing beside.
        minute: pictures a minute of each turn, uploaded at once.
        at_once: the most calls of the model at a time.
    """

    overhead: list[float] = field(default_factory=list)
    minute: list[float] = field(default_factory=list)
    at_once: int = 0


class Timed:
    """The model: waits, and records the times of its calls."""

    def __init__(self) -> None:
        self.asked: list[float] = []
        self.thinks = THINKS

    def __call__(self, request: Request) -> Reply:
        """Answer after the wait."""
        self.asked.append(time.monotonic())
        answer = describe(request)
        assert isinstance(answer, Answer)
        return Answer(answer.content, delay=self.thinks)

    def at_once(self) -> int:
        """The most concurrent calls."""
        return max(sum(begun - self.thinks < other <= begun for other in self.asked) for begun in self.asked)


async def _described(blobs: BlobServiceClient, name: str) -> float:
    """Upload a picture, and return the seconds until its record."""
    data = await asyncio.to_thread(pictures.jpeg, next(_widths), 150)
    await blobs.get_blob_client("images", name).upload_blob(data)
    begun, record = time.monotonic(), blobs.get_blob_client("descriptions", sidecar_name(ImageRef("images", name)))
    while not await record.exists():  # noqa: ASYNC110 - storage sends no notification
        await asyncio.sleep(_LOOK)
    return time.monotonic() - begun


async def _all_described(blobs: BlobServiceClient, prefix: str) -> float:
    """Upload many at once, and return the seconds until all have a record."""
    begun = time.monotonic()
    for number in range(TOGETHER):
        data = pictures.jpeg(next(_widths), 150)
        await blobs.get_blob_client("images", f"{prefix}/{number}.jpg").upload_blob(data)
    records = blobs.get_container_client("descriptions")
    of_these = f"images/{prefix}/"
    while len([blob.name async for blob in records.list_blobs(name_starts_with=of_these)]) < TOGETHER:  # noqa: ASYNC110
        await asyncio.sleep(5 * _LOOK)
    return time.monotonic() - begun


async def _turn(stack: Stack, timed: Timed, measured: Measured) -> None:
    async with stack.storage.blob_service() as blobs:
        await _described(blobs, "first.jpg")
        measured.overhead += [await _described(blobs, f"{number}.jpg") - THINKS for number in range(ALONE)]
        measured.minute.append(60 * TOGETHER / await _all_described(blobs, "together"))
        timed.asked, timed.thinks = [], THINKS_LONG
        await _all_described(blobs, "long")
    measured.at_once = max(measured.at_once, timed.at_once())


def measure() -> list[Figure]:
    """Measure both, in turns."""
    program = os.environ.get(environment.PROGRAM) or sys.exit(f"{environment.PROGRAM} names no program to measure.")
    programs: Sequence[tuple[str, Path | None]] = [("stand-in", None), ("extensions", Path(program))]
    measured = {name: Measured() for name, _ in programs}
    for _ in range(TURNS):
        for name, extensions in programs:
            timed = Timed()
            script = Script(default=timed)
            script.workers = TOGETHER
            settings = {"AZURE_OPENAI_DEPLOYMENT": "gpt-5.6-luna"}
            with (
                TemporaryDirectory(ignore_cleanup_errors=True) as state,
                serve(script) as model,
                Stack(ROOT, Path(state), settings, model_url=model.url, extensions=extensions) as stack,
            ):
                asyncio.run(_turn(stack, timed, measured[name]))
    return _figures(measured)


def _figures(measured: dict[str, Measured]) -> list[Figure]:
    figures = []
    for name, of in measured.items():
        figures += [
            Figure(f"{name}: overhead of an upload, p50", statistics.median(of.overhead), "s"),
            Figure(f"{name}: pictures a minute, {TOGETHER} at once", statistics.mean(of.minute), ""),
            Figure(f"{name}: calls of the model at a time, at most", of.at_once, ""),
        ]
    stand_in, real = measured.values()
    overhead = statistics.median(stand_in.overhead) / statistics.median(real.overhead)
    minute = statistics.mean(stand_in.minute) / statistics.mean(real.minute)
    return [
        *figures,
        Figure("overhead of the stand-in against the extensions'", overhead, "x", 1 + WITHIN, 1 - WITHIN),
        Figure("pictures a minute of the stand-in against theirs", minute, "x", 1 + WITHIN, 1 - WITHIN),
    ]


if __name__ == "__main__":
    main("extensions", measure)
