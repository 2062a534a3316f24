"""Measures what indexing adds to a cold start: `python -m benchmarks.startup`.

Whole processes, in turns: one imports the app and lists its functions, the other imports `azure.functions` alone.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Final

from benchmarks.figures import Figure, main, median

ROOT: Final = Path(__file__).parents[1]
ROUNDS: Final = 9
APP: Final = "import function_app; function_app.app.get_functions()"
BARE: Final = "import azure.functions"


def seconds(script: str, settings: dict[str, str]) -> tuple[float, float]:
    """Return the seconds of a process that runs this, and its CPU seconds."""
    began, before = time.perf_counter(), os.times()
    subprocess.run([sys.executable, "-c", script], cwd=ROOT, env=os.environ | settings, check=True)
    after = os.times()
    computed = after.children_user + after.children_system - before.children_user - before.children_system
    return time.perf_counter() - began, computed


def settings() -> dict[str, str]:
    """Return the app's settings, so that it can be indexed."""
    values: dict[str, str] = json.loads((ROOT / "local.settings.json.example").read_text("utf-8"))["Values"]
    return values


def measure() -> list[Figure]:
    """All figures."""
    given = settings()
    times: dict[str, list[tuple[float, float]]] = {APP: [], BARE: []}
    for _ in range(ROUNDS + 1):
        for script, taken in times.items():
            taken.append(seconds(script, given))
    # The first ones warm the disk's cache.
    apps, bares = times[APP][1:], times[BARE][1:]
    beyond, computed = zip(
        *((app[0] - bare[0], app[1] - bare[1]) for app, bare in zip(apps, bares, strict=True)), strict=True
    )
    return [
        median("importing azure.functions alone", [taken for taken, _ in bares], "s"),
        median("indexing the app", [taken for taken, _ in apps], "s"),
        median("indexing beyond that import", beyond, "s", at_most=0.35),
        median("the same, computing time", computed, "s"),
    ]


if __name__ == "__main__":
    main("startup", measure)
