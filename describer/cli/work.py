"""Many pictures at once, as many as the settings allow, told in the order in which they were given."""

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from describer.brief import Brief, Question
from describer.cli.pictures import File, Source
from describer.cli.results import Result, Unreadable
from describer.errors import Busy, DescriberError, Misconfigured, TooLarge, Unacceptable
from describer.ondemand import FreeAnswer, OnDemand, PictureSource, Upload
from describer.record import Record


@dataclass(frozen=True, slots=True)
class Work:
    """Brings pictures to the desk.

    Args:
        desk: app.ondemand.
        max_bytes: larger files are not read.
        at_a_time: pictures under way.
    """

    desk: OnDemand
    max_bytes: int
    at_a_time: int
    _freed: asyncio.Event = field(default_factory=asyncio.Event)

    async def describe(
        self,
        sources: Sequence[tuple[str, Source]],
        brief: Brief,
        *,
        write: bool,
        told: Callable[[], None] = lambda: None,
    ) -> AsyncGenerator[Result]:
        """A result for each picture, in order; `told` is called as each ends.

        Raises:
            Misconfigured, Unacceptable: what is wrong with one picture is wrong with all; the rest is left alone.
        """
        slots = asyncio.Semaphore(self.at_a_time)

        async def one(name: str, source: Source) -> Result:
            async with slots:
                try:
                    result = await self._result(name, source, brief, write=write)
                finally:
                    self._freed.set()
            told()
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
        """One answer about all pictures, piece by piece; the last item is the whole of it."""
        with ExitStack() as held:
            loaded = [await self._loaded(source, held) for source in sources]
            async for piece in self.desk.stream(loaded, question):
                yield piece

    async def _result(self, name: str, source: Source, brief: Brief, *, write: bool) -> Result:
        while True:
            try:
                return Result(name, record=await self._record(source, brief, write=write))
            except Busy:  # others hold the memory; their end wakes us
                self._freed.clear()
                await self._freed.wait()
            except (Misconfigured, Unacceptable):
                raise
            except DescriberError as fault:
                return Result(name, fault=fault)

    async def _record(self, source: Source, brief: Brief, *, write: bool) -> Record:
        with ExitStack() as held:
            return await self.desk.describe(await self._loaded(source, held), brief, write=write)

    async def _loaded(self, source: Source, held: ExitStack) -> PictureSource:
        if isinstance(source, Upload):
            held.enter_context(self.desk.room.hold(len(source.data)))
        if not isinstance(source, File):
            return source
        size = _size(source.path)
        if size > self.max_bytes:
            raise TooLarge(f"The file has {size:,} bytes; MAX_IMAGE_MB allows {self.max_bytes:,}.")
        held.enter_context(self.desk.room.hold(size))
        return Upload(await asyncio.to_thread(_read, source.path), source.path.name)


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
