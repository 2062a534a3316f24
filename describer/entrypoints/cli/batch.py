"""Many pictures at once, as many as the settings allow; each result is handed over as soon as it is there."""

import asyncio
import re
import shlex
from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

from describer.domain.errors import Busy, DescriberError, Excluded, InvalidRequest, Misconfigured, NotFound
from describer.entrypoints.cli.inputs import File, Missing, Source
from describer.entrypoints.cli.results import Result, Unreadable
from describer.entrypoints.on_demand.service import (
    BlobOf,
    FreeAnswer,
    OnDemandService,
    PictureSource,
    Readable,
    Upload,
)
from describer.vision.brief import Brief, Question

_WILD: Final = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True)
class Work:
    """Describe many pictures, as many at a time as the settings allow.

    Args:
        on_demand: app.on_demand; it reads files and blobs when there is memory for them.
        at_a_time: pictures under way.
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
        on_begun: Callable[[int], None],
        on_done: Callable[[int, Result], None],
    ) -> None:
        """Describe each picture.

        Args:
            sources: the pictures, by name.
            brief: what is asked about each.
            write: store what is said of blobs.
            on_begun: called with a picture's place in `sources` when its turn comes.
            on_done: called with its place and its result as soon as that is there, so that nothing paid for waits
                in here when the process is interrupted.

        Raises:
            Misconfigured, InvalidRequest: what is wrong with one picture is wrong with all; the rest is left alone.
        """
        slots = asyncio.Semaphore(self.at_a_time)

        async def one(number: int, name: str, source: Source) -> None:
            async with slots:
                on_begun(number)
                try:
                    on_done(number, await self._result(name, source, brief, write=write))
                finally:
                    self._freed.set()

        tasks = [asyncio.create_task(one(number, *named)) for number, named in enumerate(sources)]
        try:
            async for task in asyncio.as_completed(tasks):
                await task
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def answer(self, sources: Sequence[Source], question: Question) -> AsyncGenerator[str | FreeAnswer]:
        """One answer about all pictures, piece by piece; the last item is the whole of it."""
        async for piece in self.on_demand.stream([_readable(source) for source in sources], question):
            yield piece

    async def _result(self, name: str, source: Source, brief: Brief, *, write: bool) -> Result:
        while True:
            try:
                return Result(name, record=await self.on_demand.describe(_readable(source), brief, write=write))
            except Busy:  # while it was fetched by its URL others took the memory; their end wakes us
                self._freed.clear()
                await self._freed.wait()
            except (Misconfigured, InvalidRequest):
                raise
            except DescriberError as fault:
                return Result(name, fault=_hinted(fault, source))


def _hinted(fault: DescriberError, source: Source) -> DescriberError:
    """Where a folder of blobs, or a pattern, is given as a blob's name, say which command takes it."""
    if not isinstance(source, BlobOf) or not isinstance(fault, NotFound | Excluded):
        return fault
    prefix = _WILD.split(source.ref.name, maxsplit=1)[0]
    if prefix == source.ref.name and not prefix.endswith("/"):
        return fault
    given = f"--container {source.ref.container} --prefix {shlex.quote(prefix)}"
    return NotFound(f"This names no blob. `describer backfill {given}` describes all whose names begin so.")


def _readable(source: Source) -> PictureSource:
    match source:
        case File(path):
            return Readable(_size(path), partial(_read, path), path.name)
        case Upload(data, name):
            return Readable(len(data), lambda: data, name)
        case Missing(why):
            raise NotFound(why)
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
