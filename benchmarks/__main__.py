"""Runs all benchmarks, one after the other: `python -m benchmarks`, or `make bench`.

A benchmark that fails does not stop the others; the last lines name those that missed a goal or did not finish.
"""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parent
LONGEST: Final = 900.0
"""Seconds allowed for one benchmark."""
ARGUMENTS: Final[Mapping[str, Sequence[str]]] = {
    "faults": ("--pictures", "60", "--kills", "20"),  # the default takes longer than `LONGEST`
    "realfiles": ("samples",),
}
"""A benchmark's arguments besides `--check`."""


def commands() -> dict[str, list[str]]:
    """Return each benchmark's command by name."""
    runnable = (each for each in FOLDER.glob("*.py") if "__main__" in each.read_text("utf-8"))
    packages = (each.parent.name for each in FOLDER.glob("*/__main__.py"))
    names = sorted([*(each.stem for each in runnable if not each.stem.startswith("_")), *packages])
    return {name: [sys.executable, "-m", f"benchmarks.{name}", *ARGUMENTS.get(name, ()), "--check"] for name in names}


def run(all_of_them: Mapping[str, Sequence[str]], longest: float = LONGEST) -> dict[str, str]:
    """Run all, and return the failures."""
    wrong: dict[str, str] = {}
    for name, command in all_of_them.items():
        began = time.monotonic()
        try:
            code = subprocess.run(command, cwd=FOLDER.parent, timeout=longest, check=False).returncode
        except subprocess.TimeoutExpired:
            wrong[name] = f"came to no end in {longest:.0f} s"
        else:
            print(f"{name}: {time.monotonic() - began:.0f} s\n", flush=True)
            if code:
                wrong[name] = "missed a goal" if code == 1 else f"failed with {code}"
    return wrong


if __name__ == "__main__":
    found = run(commands())
    for benchmark, what in found.items():
        print(f"{benchmark} {what}")
    sys.exit(1 if found else 0)
