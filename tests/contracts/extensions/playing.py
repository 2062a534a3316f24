"""Plays many rows concurrently; those that move the clock one after the other, on storages of their own."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from tests.contracts.extensions import programs, world
from tests.contracts.extensions.programs import Program
from tests.contracts.extensions.rows import Row
from tests.contracts.extensions.scene import Scene
from tests.contracts.extensions.world import World

CLOCKS = 3  # storages with movable clocks

type Results = Mapping[str, list[str]]
"""A row's differences, by id."""

type Report = Callable[[Row, list[str], float], None]


def silently(_row: Row, _found: list[str], _seconds: float) -> None:
    """Report nothing."""


async def play(rows: Sequence[Row], program: str, folder: Path, *, jobs: int, report: Report = silently) -> Results:
    """Play rows concurrently, the longest first."""
    still = sorted((row for row in rows if not row.moves_clock), key=lambda row: -row.seconds)
    moving = [row for row in rows if row.moves_clock]
    beside = await asyncio.gather(
        _play(still, program, folder / "still", jobs, report, moves_clock=False),
        *(
            _play(moving[clock::CLOCKS], program, folder / f"clock{clock}", 1, report, moves_clock=True)
            for clock in range(CLOCKS)
        ),
    )
    return {row: found for results in beside for row, found in results.items()}


async def _play(
    rows: Sequence[Row], program: str, folder: Path, jobs: int, report: Report, *, moves_clock: bool
) -> Results:
    if not rows:
        return {}
    at_once = asyncio.Semaphore(jobs)
    results: dict[str, list[str]] = {}

    async def one(number: int, row: Row, started: Program, shared: World) -> None:
        async with at_once:
            begun = time.monotonic()
            results[row.id] = await Scene.play(row, number, started, shared)
            report(row, results[row.id], time.monotonic() - begun)

    async with (
        world.made(folder, len(rows), moves_clock=moves_clock) as shared,
        programs.ready(program, shared.storage.environment) as started,
        asyncio.TaskGroup() as group,
    ):
        for number, row in enumerate(rows):
            group.create_task(one(number, row, started, shared))
    return results
