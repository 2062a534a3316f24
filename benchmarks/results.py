"""What a run of all benchmarks came to, as a page and two plots: RESULTS.md, throughput.svg, tokens.svg."""

import importlib.metadata
import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from benchmarks import plots
from benchmarks.figures import Figure

PAGE: Final = Path(__file__).with_name("RESULTS.md")
_PACKAGES: Final = (
    "azure-functions",
    "azure-functions-runtime",
    "azure-storage-blob",
    "openai",
    "pillow",
    "pillow-heif",
    "pyvips-binary",
)
_ROW: Final = re.compile(r"^\| (?P<name>[^|]+?) \| (?P<value>[\d.,]+|nan)")


@dataclass(frozen=True, slots=True)
class Ended:
    """How one benchmark ended.

    Args:
        name: of its module or package.
        command: as typed.
        seconds: that it took.
        figures: none if it did not finish.
        fault: why it has no figures; empty otherwise.
    """

    name: str
    command: str
    seconds: float
    figures: Sequence[Figure]
    fault: str = ""

    @property
    def missed(self) -> list[Figure]:
        """Figures that miss their goal."""
        return [figure for figure in self.figures if not figure.met]


def write(ended: Sequence[Ended], page: Path = PAGE) -> None:
    """Write the page, and the plots beside it if the peers were measured."""
    page.write_text(text(ended, machine(), versions()), encoding="utf-8")
    if any(each.name == "peers" and each.figures for each in ended):
        draw(values(page.read_text("utf-8")), page.parent)


def draw(figures: Mapping[str, float], folder: Path) -> None:
    """Draw both plots from the figures of a page."""
    plots.throughput(figures, folder / "throughput.svg")
    plots.tokens(figures, folder / "tokens.svg")


def text(ended: Sequence[Ended], machine: str, versions: Mapping[str, str]) -> str:
    """Make the page."""
    goals = [figure for each in ended for figure in each.figures if figure.goal]
    missed = [(each.name, figure) for each in ended for figure in each.missed]
    lines = [
        "# What the benchmarks measured",
        "",
        "`make bench` writes this page. Not run against Azure: storage, identity and model are local servers on the",
        "same machine, which shares its cores with them. A spread is of several rounds; without one, it is one run.",
        "",
        f"- Date: {datetime.now(UTC):%Y-%m-%d}, {sum(each.seconds for each in ended) / 60:.0f} minutes",
        f"- Machine: {machine}",
        f"- Versions: {', '.join(f'{name} {version}' for name, version in versions.items())}",
        f"- Goals: {len(goals) - len(missed)} of {len(goals)} met",
        "",
        "![Pictures a minute against calls of the model at a time](throughput.svg)",
        "",
        "![Tokens and money for a photograph of 12 MP](tokens.svg)",
        "",
        "## Missed goals",
        "",
        *(_table([(f"{name}: {figure.name}", figure) for name, figure in missed]) if missed else ["None."]),
    ]
    for each in ended:
        lines += ["", f"## {each.name}", "", f"`{each.command}`, {each.seconds:.0f} s", ""]
        lines += _table([(figure.name, figure) for figure in each.figures]) if each.figures else [each.fault]
    return "\n".join(lines) + "\n"


def values(page: str) -> dict[str, float]:
    """Read the figures of a page by their names."""
    rows = (_ROW.match(line) for line in page.splitlines())
    return {row["name"]: float(row["value"].replace(",", "")) for row in rows if row}


def _table(rows: Iterable[tuple[str, Figure]]) -> list[str]:
    return [
        "| Figure | Measured | Spread | Goal | |",
        "| --- | --- | --- | --- | --- |",
        *(
            f"| {name.replace('|', '/')} | {figure.measured} | {figure.spread} | {figure.goal} | {figure.verdict} |"
            for name, figure in rows
        ),
    ]


def machine() -> str:
    """Describe this machine."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text("utf-8"), re.MULTILINE)
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    name = cpu[1] if cpu else platform.machine()
    return f"{name}, {os.cpu_count()} cores, {memory:.0f} GiB, Linux {platform.release().partition('-')[0]}"


def versions() -> dict[str, str]:
    """Give the versions of what is measured."""
    return {"Python": platform.python_version()} | {name: importlib.metadata.version(name) for name in _PACKAGES}
