"""Describes many pictures concurrently, within the settings' limits, and passes on each result at once."""

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
    """Describes many pictures concurrently, within the settings' limits.

    Args:
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
        on_begun: Callable[[int], None],
        on_done: Callable[[int, Result], None],
    ) -> None:
        """Describe each picture.

        Args:
            sources: the pictures by name.
            brief: what to ask about each.
            write: whether to store the descriptions of blobs.
            on_begun: called with a picture's place in `sources` when its turn comes.
            on_done: called at once with its place and its result, so that no paid result is lost if the process is
                interrupted.

        Raises:
            Misconfigured, InvalidRequest: a fault that concerns all pictures; the rest is not started.
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
        """Yield one answer about all pictures piece by piece; the last item is the whole answer."""
        async for piece in self.on_demand.stream([_readable(source) for source in sources], question):
            yield piece

    async def _result(self, name: str, source: Source, brief: Brief, *, write: bool) -> Result:
        while True:
            try:
                return Result(name, record=await self.on_demand.describe(_readable(source), brief, write=write))
            except Busy:  # other pictures took the memory during the fetch; wait until one ends
                self._freed.clear()
                await self._freed.wait()
            except (Misconfigured, InvalidRequest):
                raise
            except DescriberError as fault:
                return Result(name, fault=_hinted(fault, source))


def _hinted(fault: DescriberError, source: Source) -> DescriberError:
    """Raise NotFound with the right command if a blob's name is a folder of blobs or a pattern."""
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
