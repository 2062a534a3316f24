"""Worker processes that prepare pictures: one per core, started on demand.

A thread cannot be stopped, and a crashing codec would end the app. A process can be killed, returns its memory when it
ends, and its environment contains none of the app's keys.
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
"""Maximum seconds for one picture on a busy machine; `watchdog.PICTURE_SECONDS` limits the computing time."""
RETIRE_AT: Final = 256 * MIB
"""Bytes of resident memory between two pictures above which a process is ended, to return its memory."""
_AT_ONCE: Final = 256 * 1024
_LINE: Final = 1 * MIB
_PASSED_ON: Final = ("PATH", "LD_LIBRARY_PATH", "TMPDIR", "SYSTEMROOT")
_log = logging.getLogger("describer.vision.imaging")


class Died(Exception):
    """A worker process ended by itself.

    Args:
        code: its exit code; negative: the signal that ended it.
    """

    def __init__(self, code: int) -> None:
        super().__init__(f"The process that prepares pictures ended with {code}.")
        self.code = code


@dataclass(slots=True)
class Pool:
    """Prepares pictures in worker processes.

    Args:
        slots: maximum number of processes.
        wall_seconds: seconds after which a process is killed.
    """

    slots: int = field(default_factory=lambda: os.process_cpu_count() or 1)
    wall_seconds: float = WALL_SECONDS
    _idle: list[Process] = field(default_factory=list)
    _free: asyncio.Semaphore = field(init=False)

    def __post_init__(self) -> None:
        self._free = asyncio.Semaphore(self.slots)

    async def prepare(self, request: PreparationRequest, data: bytes) -> PreparedImage:
        """Prepare one picture.

        Raises:
            Unsupported, Corrupt, TooLarge: it cannot be shown to the model.
            Transient: the machine was too busy or ran out of memory.
            Misconfigured: a process cannot be started here.
            Bug: our code failed.
        """
        async with self._free:
            try:
                return await self._once(request, data)
            except Died as death:
                if death.code == -signal.SIGPROF:
                    sentence = "Reading this picture takes too long. Save it again, or use a smaller copy."
                    raise TooLarge(sentence) from death
                _log.warning("picture.process_died", extra={"code": death.code})
            try:  # another picture may have damaged the process
                return await self._once(request, data)
            except Died as death:
                raise _verdict(death) from death

    async def start_ahead(self) -> None:
        """Start a process before a picture needs it.

        Raises:
            Misconfigured: a process cannot be started here.
        """
        self._idle.append(await _start())

    @property
    def processes(self) -> list[int]:
        """The ids of the idle processes."""
        return [process.pid for process in self._idle]

    async def close(self) -> None:
        """End the idle processes."""
        while self._idle:
            await _end(self._idle.pop())

    async def _once(self, request: PreparationRequest, data: bytes) -> PreparedImage:
        process = self._idle.pop() if self._idle else await _start()
        kept = False
        try:
            async with asyncio.timeout(self.wall_seconds):
                reply, jpegs = await _asked(process, request, data)
            kept = reply.resident < RETIRE_AT
        except TimeoutError as late:
            sentence = f"Preparing this picture took over {self.wall_seconds:g} s on a busy machine"
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
        "MALLOC_MMAP_THRESHOLD_": str(MIB),  # without it, glibc retains pictures' memory: 730 MB after 2,000
        "VIPS_CONCURRENCY": "1",
    }
    command = [sys.executable, "-m", "describer.vision.imaging.worker"]
    try:
        return await asyncio.create_subprocess_exec(*command, stdin=PIPE, stdout=PIPE, env=environment, limit=_LINE)
    except OSError as error:
        raise Misconfigured(f"No process can be started to prepare pictures: {error}") from error


async def _asked(process: Process, request: PreparationRequest, data: bytes) -> tuple[Reply, list[bytes]]:
    assert process.stdin is not None  # noqa: S101 - started with pipes
    assert process.stdout is not None  # noqa: S101
    try:
        process.stdin.write(request.line())
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
