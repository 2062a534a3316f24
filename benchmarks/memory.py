"""How much memory a process has held at most."""

import re
from pathlib import Path


def peak(process: int) -> float:
    """Give the peak of its resident memory in MiB, since it started; from Linux's /proc."""
    status = Path(f"/proc/{process}/status").read_text("utf-8")
    found = re.search(r"VmHWM:\s+(\d+) kB", status)
    assert found is not None
    return int(found[1]) / 1024
