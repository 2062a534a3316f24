"""Puts faults into the code, one at a time, and checks whether the unit tests find them: `make mutants`.

Each fault of faults.toml is one text replaced by another in a copy of the project. It is found if one of the tests that
are named for its file fails.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from tests.mutants.faults import ROOT, Fault, faults

GOAL: Final = 0.9
"""The share of the faults that the tests find."""
LONGEST: Final = 300.0
"""Seconds that the tests of one fault may take: a fault that makes a test wait for ever is found too."""
LONGEST_OF_ALL: Final = 6 * LONGEST
"""Seconds that the tests of all faults may take together, without a fault."""
_COPIED: Final = ("describer", "local", "tests", "docs", "samples", "infra", "benchmarks")
_OPTIONS: Final = ("-n0", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly")


def main() -> int:
    """Print each fault and whether it was found; return 1 if too few were."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--only", default="", help="part of a file's name or of a fault")
    options.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at a time")
    given = options.parse_args()
    chosen = [fault for fault in faults() if given.only in f"{fault.file}: {fault.what}"]
    if not chosen:
        options.error(f"no fault has {given.only!r} in its file's name or its sentence")
    with tempfile.TemporaryDirectory() as folder:
        copies = SimpleQueue[Path]()
        for number in range(given.jobs):
            copies.put(_copy(Path(folder) / str(number)))
        broken = _failing_without_a_fault(chosen, copies.get())
        if broken:
            print(f"{broken}\nThe tests fail without any fault.", file=sys.stderr)
            return 1
        copies.put(Path(folder) / "0")
        with ThreadPoolExecutor(given.jobs) as pool:
            found = list(pool.map(lambda fault: _is_found(fault, copies), chosen))
    print(f"{sum(found)} of {len(found)} faults found ({sum(found) / len(found):.0%}; the goal is {GOAL:.0%})")
    return int(sum(found) < GOAL * len(found))


def _copy(project: Path) -> Path:
    for name in _COPIED:
        shutil.copytree(ROOT / name, project / name, ignore=shutil.ignore_patterns("__pycache__"))
    for file in ROOT.iterdir():
        if file.is_file():
            shutil.copy(file, project)
    return project


def _failing_without_a_fault(chosen: Sequence[Fault], project: Path) -> str:
    return _failures(project, sorted({test for fault in chosen for test in fault.tests}), LONGEST_OF_ALL)


def _is_found(fault: Fault, copies: SimpleQueue[Path]) -> bool:
    project, began = copies.get(), time.monotonic()
    file = project / fault.file
    whole = file.read_text(encoding="utf-8")  # not the project's own, which may be edited meanwhile
    try:
        file.write_text(fault.applied(project), encoding="utf-8")
        found = bool(_failures(project, fault.tests, LONGEST))
    finally:
        file.write_text(whole, encoding="utf-8")
        copies.put(project)
    seconds = time.monotonic() - began
    print(f"{'found   ' if found else 'NOT FOUND'} {seconds:4.0f} s  {fault.file}: {fault.what}", flush=True)
    return found


def _failures(project: Path, tests: Sequence[str], longest: float) -> str:
    """What pytest prints of the first test that fails, or an empty string."""
    command = [sys.executable, "-B", "-m", "pytest", *_OPTIONS, *tests]
    try:
        done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False, timeout=longest)
    except subprocess.TimeoutExpired:
        return f"no end within {longest:.0f} s"
    return done.stdout + done.stderr if done.returncode else ""


if __name__ == "__main__":
    sys.exit(main())
