"""What a process and those that it started take: memory and computing time, from Linux's /proc."""

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Self

EVERY: Final = 0.2
"""Seconds between two looks at the memory."""


def tree(process: int) -> Iterator[int]:
    """Yield the process and all its descendants."""
    yield process
    with suppress(OSError):
        for listed in Path(f"/proc/{process}/task").glob("*/children"):
            for child in listed.read_text("ascii").split():
                yield from tree(int(child))


def memory(process: int) -> float:
    """Return the MiB that all of them hold; what several share counts once (PSS, see proc(5))."""
    total = 0
    for each in tree(process):
        with suppress(OSError):  # it has ended meanwhile
            lines = Path(f"/proc/{each}/smaps_rollup").read_text("ascii").splitlines()
            total += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return total / 1024


def computing(process: int) -> float:
    """Return the seconds that all of them have computed, with children that have ended."""
    ticks = 0
    for each in tree(process):
        with suppress(OSError):
            fields = Path(f"/proc/{each}/stat").read_text("utf-8").rpartition(") ")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
    return ticks / os.sysconf("SC_CLK_TCK")


class Watch:
    """Looks at the memory of a process and its descendants while it is entered; `peak` is the most, in MiB."""

    def __init__(self, process: int) -> None:
        self.begins_with = self.peak = memory(process)
        self._process, self._begun, self._ended = process, computing(process), threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def computed(self) -> float:
        """Return the seconds of computing since the watch began."""
        return computing(self._process) - self._begun

    def _look(self) -> None:
        while not self._ended.wait(EVERY):
            self.peak = max(self.peak, memory(self._process))
