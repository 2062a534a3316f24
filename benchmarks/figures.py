"""Figures against goals: the table, `--json FILE` and `--check` of every benchmark."""

import argparse
import json
import statistics
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured figure.

    Args:
        name: what was measured.
        value: in `unit`; the median where there were several rounds.
        unit: empty for counts.
        at_most, at_least: the goals; None where the figure has none.
        lowest, highest: of the rounds; None where it was measured once.
    """

    name: str
    value: float
    unit: str
    at_most: float | None = None
    at_least: float | None = None
    lowest: float | None = None
    highest: float | None = None

    @property
    def met(self) -> bool:
        """Whether the goals are met."""
        below = self.at_most is None or self.value <= self.at_most
        return below and (self.at_least is None or self.value >= self.at_least)

    @property
    def goal(self) -> str:
        """The goals, for the table."""
        bounds = (("≥", self.at_least), ("≤", self.at_most))
        return " ".join(f"{sign} {bound:,.4g}" for sign, bound in bounds if bound is not None)

    @property
    def verdict(self) -> str:
        """Whether they are met, for the table."""
        return ("met" if self.met else "MISSED") if self.goal else ""

    @property
    def measured(self) -> str:
        """The value with its unit."""
        return f"{_number(self.value)} {self.unit}".rstrip()

    @property
    def spread(self) -> str:
        """The lowest and the highest round."""
        return (
            "" if self.lowest is None or self.highest is None else f"{_number(self.lowest)} to {_number(self.highest)}"
        )


def median(
    name: str, rounds: Sequence[float], unit: str, *, at_most: float | None = None, at_least: float | None = None
) -> Figure:
    """Make a figure of several rounds."""
    return Figure(name, statistics.median(rounds), unit, at_most, at_least, min(rounds), max(rounds))


def ratio(
    name: str,
    rounds: Sequence[float],
    others: Sequence[float],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Figure:
    """Make a figure of the medians of two ways that were measured in turns."""
    each = [one / other for one, other in zip(rounds, others, strict=True)]
    value = statistics.median(rounds) / statistics.median(others)
    return Figure(name, value, "x", at_most, at_least, min(each), max(each))


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def parser(name: str) -> argparse.ArgumentParser:
    """Make the command line that all benchmarks share, for those that add to it."""
    made = argparse.ArgumentParser(prog=f"python -m benchmarks.{name}")
    made.add_argument("--json", type=Path, metavar="FILE", help="write the figures there")
    made.add_argument("--check", action="store_true", help="exit with 1 where a goal is missed")
    return made


def main(name: str, measure: Callable[[], list[Figure]]) -> None:
    """Measure, as the command line says."""
    given = parser(name).parse_args()
    conclude(measure(), given)


def conclude(figures: list[Figure], given: argparse.Namespace) -> None:
    """Print the figures, write them where `--json` says, and exit with 1 if `--check` is given and a goal is missed."""
    if given.json:
        write(figures, given.json)
    show(figures)
    if given.check and not all(figure.met for figure in figures):
        sys.exit(1)


def write(figures: list[Figure], file: Path) -> None:
    """Write figures to a file of JSON."""
    facts = [asdict(figure) | {"met": figure.met} for figure in figures]
    file.write_text(json.dumps(facts, indent=2) + "\n", encoding="utf-8")


def read(file: Path) -> list[Figure]:
    """Read what `write` wrote."""
    facts: list[dict[str, Any]] = json.loads(file.read_text("utf-8"))
    return [Figure(**{name: value for name, value in fact.items() if name != "met"}) for fact in facts]


def show(figures: list[Figure]) -> None:
    """Print figures as a table."""
    table = Table("figure", "measured", "spread", "goal", "")
    for figure in figures:
        table.add_row(figure.name, figure.measured, figure.spread, figure.goal, figure.verdict)
    Console().print(table)
