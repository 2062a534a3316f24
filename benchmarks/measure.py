"""Times two implementations in turns, and compares their medians with a goal."""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rich.console import Console
from rich.table import Table

ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Goal:
    """The goal of a ratio."""

    kind: Literal["at_least", "at_most"]
    ratio: float

    def met(self, ratio: float) -> bool:
        """Return whether this ratio meets the goal."""
        return ratio >= self.ratio if self.kind == "at_least" else ratio <= self.ratio

    def __str__(self) -> str:
        """The goal in the table."""
        return f"{'≥' if self.kind == 'at_least' else '≤'} {self.ratio:g}"


@dataclass(frozen=True, slots=True)
class Pair:
    """A case: ours, the other, and the goal for other / ours."""

    name: str
    ours: Callable[[], object]
    other: Callable[[], object]
    goal: Goal


@dataclass(frozen=True, slots=True)
class Result:
    """Medians in milliseconds, and their ratio."""

    name: str
    ours_ms: float
    other_ms: float
    ratio: float
    goal: str
    met: bool


def measure(pair: Pair, rounds: int = ROUNDS) -> Result:
    """Runs both in turns, after a warm-up of each."""
    times: dict[str, list[float]] = {"ours": [], "other": []}
    pair.ours()
    pair.other()
    for _ in range(rounds):
        for side, run in (("ours", pair.ours), ("other", pair.other)):
            start = time.perf_counter()
            run()
            times[side].append((time.perf_counter() - start) * 1000)
    ours, other = statistics.median(times["ours"]), statistics.median(times["other"])
    ratio = other / ours
    return Result(pair.name, round(ours, 1), round(other, 1), round(ratio, 2), str(pair.goal), pair.goal.met(ratio))


def main(name: str, ratio: str, pairs: Callable[[], list[Pair]]) -> None:
    """The command line that all benchmarks share: a table, `--json FILE`, and `--check`."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results there")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is missed")
    given = parser.parse_args()
    results = [measure(pair) for pair in pairs()]
    table = Table("case", "ours, ms", "other, ms", ratio, "goal", "")
    for result in results:
        row = (result.name, f"{result.ours_ms:.1f}", f"{result.other_ms:.1f}", f"{result.ratio:.2f}", result.goal)
        table.add_row(*row, "met" if result.met else "MISSED")
    Console().print(table)
    if given.json:
        facts = [{field: getattr(result, field) for field in Result.__slots__} for result in results]
        given.json.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")
    if given.check and not all(result.met for result in results):
        sys.exit(1)
