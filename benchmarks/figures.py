"""Figures against goals: the table, `--json FILE` and `--check` of benchmarks that do more than time two ways."""

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure; `at_most` and `at_least` are its goals, None if it has none."""

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None

    @property
    def met(self) -> bool:
        """Whether the goals are met."""
        below = self.at_most is None or self.value <= self.at_most
        return below and (self.at_least is None or self.value >= self.at_least)

    @property
    def goal(self) -> str:
        """The goal in the table."""
        bounds = (("≥", self.at_least), ("≤", self.at_most))
        return " ".join(f"{sign} {bound:g}" for sign, bound in bounds if bound is not None)


def main(name: str, measure: Callable[[], list[Figure]]) -> None:
    """The command line: measures, and exits with 1 if a goal is missed and `--check` was given."""
    parser = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    parser.add_argument("--check", action="store_true", help="exit with 1 where a goal is missed")
    given = parser.parse_args()
    figures = measure()
    if given.json:
        write(figures, given.json)
    conclude(figures, check=given.check)


def write(figures: list[Figure], file: Path) -> None:
    """Write them to a file of JSON."""
    facts = [asdict(figure) | {"met": figure.met} for figure in figures]
    file.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def conclude(figures: list[Figure], *, check: bool) -> None:
    """Prints them, and exits with 1 if a goal is missed and goals are checked."""
    show(figures)
    if check and not all(figure.met for figure in figures):
        sys.exit(1)


def show(figures: list[Figure]) -> None:
    """Prints them as a table."""
    table = Table("figure", "measured", "goal", "")
    for figure in figures:
        verdict = ("met" if figure.met else "MISSED") if figure.goal else ""
        table.add_row(figure.name, f"{figure.value:,.4g} {figure.unit}", figure.goal, verdict)
    Console().print(table)
