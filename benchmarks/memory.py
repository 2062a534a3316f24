"""Reads a process's memory and its peak from Linux's /proc."""

import os
import re
from pathlib import Path


def peak(process: int) -> float:
    """Return the peak of its resident memory in MiB, since it started."""
    return _status(process, "VmHWM")


def resident(process: int) -> float:
    """Return its current memory in MiB."""
    return _status(process, "VmRSS")


def computing(process: int) -> float:
    """Return the seconds that it has computed since it started: user and system time."""
    fields = Path(f"/proc/{process}/stat").read_text("utf-8").rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def forget_peak() -> None:
    """Reset this process's peak to its current memory. See proc(5), `clear_refs`."""
    Path("/proc/self/clear_refs").write_text("5", "ascii")


def _status(process: int, name: str) -> float:
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    found = re.search(rf"{name}:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024
