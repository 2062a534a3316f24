"""Pictures are prepared in processes that can be stopped, and whatever becomes of these, the app goes on."""

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from describer.domain.errors import Corrupt, TooLarge, Transient, Unsupported
from describer.vision.imaging.pool import Pool
from describer.vision.imaging.wire import Bug, PreparationRequest
from tests import pictures


def order(data: bytes, *, decode_memory: int = 700 * 2**20) -> PreparationRequest:
    return PreparationRequest(len(data), "gpt-5.6-luna", "high", None, 0, 0, 100 * 2**20, decode_memory)


@pytest.fixture
async def pool() -> AsyncIterator[Pool]:
    made = Pool(slots=1)
    yield made
    await made.close()


def children() -> set[int]:
    """The processes that this one started."""
    return {int(pid) for task in Path("/proc/self/task").iterdir() for pid in (task / "children").read_text().split()}


def environment(process: int) -> str:
    return Path(f"/proc/{process}/environ").read_text()


async def test_what_comes_back_is_what_is_prepared_here(pool: Pool) -> None:
    data = pictures.secretive("JPEG")
    image = await pool.prepare(order(data), data)
    assert (image.width, image.height, image.notes) == (160, 120, ())
    assert image.header and image.header.format == "JPEG"
    assert image.jpeg.startswith(b"\xff\xd8\xff")


async def test_one_process_serves_one_picture_after_the_other(pool: Pool) -> None:
    before, data = children(), pictures.jpeg()
    await asyncio.gather(*(pool.prepare(order(data), data) for _ in range(5)))
    assert len(children() - before) == 1


@pytest.mark.parametrize(
    ("data", "kind"), [(b"%PDF", Unsupported), (pictures.jpeg()[:300], Corrupt), (b"\xff\xd8\xff" * 9, Corrupt)]
)
async def test_refusals_come_back_as_they_were_raised(pool: Pool, data: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        await pool.prepare(order(data), data)


async def test_a_rejection_has_what_is_known_of_the_picture(pool: Pool) -> None:
    data = pictures.jpeg()[:1200]
    with pytest.raises(Corrupt) as refusal:
        await pool.prepare(order(data), data)
    assert refusal.value.facts == {"format": "JPEG", "width": 160, "height": 120}


async def test_a_bug_of_the_app_is_never_the_pictures_fault(pool: Pool) -> None:
    data = pictures.jpeg()
    with pytest.raises(Bug, match="AssertionError"):
        await pool.prepare(PreparationRequest(len(data), "no such family", "high", None, 0, 0, 2**20, 2**20), data)


async def test_a_header_that_takes_long_costs_one_second_of_computing(pool: Pool) -> None:
    slow = b"\xff\xd8" + b"\xff\xfe\0\2" * 4_000_000 + pictures.jpeg()[2:]
    with pytest.raises(TooLarge, match="header takes over 1 s"):
        await pool.prepare(order(slow), slow)
    data = pictures.jpeg()
    assert (await pool.prepare(order(data), data)).width == 160


async def test_a_process_that_is_killed_is_replaced_and_the_picture_prepared(pool: Pool) -> None:
    before, data = children(), pictures.jpeg()
    await pool.prepare(order(data), data)
    (worker,) = children() - before
    os.kill(worker, signal.SIGSEGV)
    assert (await pool.prepare(order(data), data)).width == 160
    assert worker not in children()


async def test_what_takes_too_long_is_ended_and_tried_later() -> None:
    pool, before, data = Pool(slots=1, wall_seconds=0.001), children(), pictures.jpeg(4000, 3000)
    with pytest.raises(Transient, match="busy machine") as later:
        await pool.prepare(order(data), data)
    assert later.value.counts_as_attempt
    assert children() == before


async def test_a_caller_that_stops_waiting_stops_the_work() -> None:
    pool, before, data = Pool(slots=1), children(), pictures.jpeg()
    waiting = asyncio.create_task(pool.prepare(order(data), data))
    while children() == before:
        await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert children() == before


async def test_no_secret_reaches_the_process(pool: Pool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "a key of nobody")
    before, data = children(), pictures.jpeg()
    await pool.prepare(order(data), data)
    (worker,) = children() - before
    assert "OPENAI_API_KEY" not in environment(worker)
