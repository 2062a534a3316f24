"""Describes many pictures concurrently, with results in the given order."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from describer.domain.errors import Busy, DescriberError, InvalidRequest, Misconfigured
from describer.entrypoints.cli.inputs import File, Source
from describer.entrypoints.cli.results import Result, Unreadable
from describer.entrypoints.on_demand.service import FreeAnswer, OnDemandService, PictureSource, Readable, Upload
from describer.vision.brief import Brief, Question


@dataclass(frozen=True, slots=True)
class Work:
    """Describes many pictures concurrently, as far as the settings allow.

    Args:
        on_demand: app.on_demand; it reads files and blobs as memory becomes free.
        at_a_time: maximum number of pictures in progress.
    """

    on_demand: OnDemandService
    at_a_time: int
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def describe(
        self,
        sources: Sequence[tuple[str, Source]],
        brief: Brief,
        *,
        write: bool,
        on_done: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[Result]:
        """Yield a result for each picture, in order; `on_done` is called as each ends.

        Raises:
            Misconfigured, InvalidRequest: a fault that concerns all pictures; the rest is not started.
        """
        slots = asyncio.Semaphore(self.at_a_time)

        async def one(name: str, source: Source) -> Result:
            async with slots:
                try:
                    result = await self._result(name, source, brief, write=write)
                finally:
                    self._freed.set()
            on_done()
            return result

        tasks = [asyncio.create_task(one(name, source)) for name, source in sources]
        try:
            for task in tasks:
                yield await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def answer(self, sources: Sequence[Source], question: Question) -> AsyncGenerator[str | FreeAnswer]:
        """Yield one answer about all pictures piece by piece; the last item is the whole answer."""
        async for piece in self.on_demand.stream([_readable(source) for source in sources], question):
            yield piece

    async def _result(self, name: str, source: Source, brief: Brief, *, write: bool) -> Result:
        while True:
            try:
                return Result(name, record=await self.on_demand.describe(_readable(source), brief, write=write))
            except Busy:  # other pictures took the memory while this one was fetched; wait until one ends
                self._freed.clear()
                await self._freed.wait()
            except (Misconfigured, InvalidRequest):
                raise
            except DescriberError as fault:
                return Result(name, fault=fault)


def _readable(source: Source) -> PictureSource:
    match source:
        case File(path):
            return Readable(_size(path), partial(_read, path), path.name)
        case Upload(data, name):
            return Readable(len(data), lambda: data, name)
        case _:
            return source


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise _unreadable(error) from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise _unreadable(error) from error


def _unreadable(error: OSError) -> Unreadable:
    return Unreadable(f"The file cannot be read: {error.strerror or error}.")
