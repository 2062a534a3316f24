"""Processes that prepare pictures: one for each core, started when it is first needed.

A thread cannot be stopped, and a crash in a codec would take the app with it; a process can be ended, its memory is
given back when it ends, and its environment holds none of the app's keys.
"""

import asyncio
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process
from dataclasses import dataclass, field
from typing import Final

from describer.domain.errors import Misconfigured, TooLarge, Transient, Unsupported
from describer.vision.imaging.values import MIB, PreparedImage
from describer.vision.imaging.wire import Bug, PreparationRequest, Reply

WALL_SECONDS: Final = 120.0
"""For one picture on a machine that is busy; computing itself is bounded by `watchdog.PICTURE_SECONDS`."""
RETIRE_AT: Final = 256 * MIB
"""A process that holds more than this between two pictures is ended, and its memory is the machine's again."""
_AT_ONCE: Final = 256 * 1024
_LINE: Final = 1 * MIB
_PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")
_log = logging.getLogger("describer.vision.imaging")


class Died(Exception):
    """The process ended on its own.

    Args:
        code: its exit code; negative: the signal that ended it.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"The process that prepares pictures ended with {code}.")
        self.code = code


@dataclass(slots=True)
class Pool:
    """Prepares pictures in other processes, one for each core at a time.

    Args:
        slots: how many at a time.
        wall_seconds: after which a process is ended, whatever it does.
    """

    slots: int = field(default_factory=lambda: os.process_cpu_count() or 1)
    wall_seconds: float = WALL_SECONDS
    _idle: list[Process] = field(default_factory=list)
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.slots)

    async def prepare(self, order: PreparationRequest, data: bytes) -> PreparedImage:
        """Has one picture prepared.

        Raises:
            Unsupported, Corrupt, TooLarge: it cannot be shown to the model.
            Transient: the machine was too busy, or ended the process for want of memory.
            Misconfigured: no such process can be started here.
            Bug: the fault is ours.
        """
        async with self._free:
            try:
                return await self._once(order, data)
            except Died as death:
                if death.code == -signal.SIGPROF:
                    sentence = "Reading this picture takes too long. Save it again, or use a smaller copy."
                    raise TooLarge(sentence) from death
                _log.warning("picture.process_died", extra={"code": death.code})
            try:  # perhaps it was not this picture that broke the process
                return await self._once(order, data)
            except Died as death:
                raise _verdict(death) from death

    @property
    def processes(self) -> list[int]:
        """The ids of the processes that wait for work."""
        return [process.pid for process in self._idle]

    async def close(self) -> None:
        """Ends the processes that wait for work."""
        while self._idle:
            await _end(self._idle.pop())

    async def _once(self, order: PreparationRequest, data: bytes) -> PreparedImage:
        process = self._idle.pop() if self._idle else await _start()
        kept = False
        try:
            async with asyncio.timeout(self.wall_seconds):
                reply, jpegs = await _asked(process, order, data)
            kept = reply.resident < RETIRE_AT
        except TimeoutError as late:
            sentence = f"Preparing this picture took over {self.wall_seconds:g} s of a busy machine"
            raise Transient(sentence, counts_as_attempt=True) from late
        finally:
            if kept:
                self._idle.append(process)
            else:
                await asyncio.shield(_end(process))
        if cause := reply.facts.get("cause"):
            _log.info("picture.refused", extra={"cause": cause})
        return reply.opened(jpegs)


async def _start() -> Process:
    environment = {name: value for name in _PASSED_ON if (value := os.environ.get(name))}
    environment |= {
        "PYTHONPATH": os.pathsep.join(map(os.path.abspath, sys.path)),
        "MALLOC_MMAP_THRESHOLD_": str(MIB),  # else glibc keeps what pictures took: 730 MB after 2,000
        "VIPS_CONCURRENCY": "1",
    }
    command = [sys.executable, "-m", "describer.vision.imaging.worker"]
    try:
        return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment, limit=_LINE)
    except OSError as error:
        raise Misconfigured(f"No process can be started to prepare pictures: {error}") from error


async def _asked(process: Process, order: PreparationRequest, data: bytes) -> tuple[Reply, list[bytes]]:
    assert process.stdin is not None  # noqa: S101 - started with pipes
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(order.line())
        view = memoryview(data)
        for start in range(0, len(data), _AT_ONCE):
            process.stdin.write(view[start : start + _AT_ONCE])
            await process.stdin.drain()
        line = await process.stdout.readline()
        if not line:
            raise Died(await process.wait())
        reply = Reply.read(line)
        return reply, [await process.stdout.readexactly(size) for size in reply.sizes]
    except (BrokenPipeError, ConnectionResetError, asyncio.IncompleteReadError) as error:
        raise Died(await process.wait()) from error


async def _end(process: Process) -> None:
    if process.returncode is None:
        process.kill()
    await process.wait()
    if process.stdin:
        process.stdin.close()


def _verdict(death: Died) -> Exception:
    if death.code == -signal.SIGPROF:
        return TooLarge("Reading this picture takes too long. Save it again, or use a smaller copy.")
    if death.code == -signal.SIGKILL:
        return Transient("The machine ran out of memory while it prepared this picture", counts_as_attempt=True)
    if death.code < 0:
        return Unsupported(
            "The reader of this format breaks down over this file. Save the picture again as JPEG or PNG."
        )
    return Bug(str(death))
