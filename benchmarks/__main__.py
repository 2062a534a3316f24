"""Runs the benchmarks of speed, memory, money and faults in 25 minutes: `python -m benchmarks`, or `make bench`.

Writes RESULTS.md and its plots. A benchmark that fails does not stop the others; the last lines name those that missed
a goal or did not finish. The other benchmarks of this folder are run by their own names. One of them, quota, measures
the limiter alone for five minutes; peers measures the whole app under a quota.
"""

import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from benchmarks import figures, results
from benchmarks.results import Ended

FOLDER: Final = Path(__file__).parent
LONGEST: Final = 1200.0
"""Seconds allowed for one benchmark."""
ARGUMENTS: Final[Mapping[str, Sequence[str]]] = {
    "peers": (),
    "startup": (),
    "preparation": (),
    "realfiles": ("samples",),
    "backfill": ("--setup", "30"),  # fewer blobs, in less than four minutes
    "faults": ("--pictures", "60", "--kills", "20"),  # the default takes longer than `LONGEST`
}
"""The benchmarks in their order, with their arguments besides `--json`."""


def commands() -> dict[str, list[str]]:
    """Return each benchmark's command by name."""
    return {name: ["python", "-m", f"benchmarks.{name}", *arguments] for name, arguments in ARGUMENTS.items()}


def run(name: str, command: Sequence[str], longest: float = LONGEST) -> Ended:
    """Run one, and read its figures."""
    began, fault = time.monotonic(), ""
    with TemporaryDirectory() as folder:
        file = Path(folder) / "figures.json"
        try:
            whole = [sys.executable, *command[1:], "--json", str(file)]
            code = subprocess.run(whole, cwd=FOLDER.parent, timeout=longest, check=False).returncode
            fault = f"Failed: it exited with {code}." if code else ""
        except subprocess.TimeoutExpired:
            fault = f"Not finished in {longest:.0f} s."
        seconds = time.monotonic() - began
        measured = figures.read(file) if file.exists() else []
    print(f"{name}: {seconds:.0f} s\n", flush=True)
    return Ended(name, " ".join(command), seconds, measured, fault)


def main() -> None:
    """Run all, and write the page."""
    ended = list[Ended]()
    for name, command in commands().items():
        ended.append(run(name, command))
        results.write(ended)
    for each in ended:
        print(*(f"{each.name}: {figure.name}: missed" for figure in each.missed), sep="\n", end="")
        print(f"{each.name}: {each.fault}" if each.fault else "")
    sys.exit(1 if any(each.fault or each.missed for each in ended) else 0)


if __name__ == "__main__":
    main()
