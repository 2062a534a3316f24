"""`make bench` runs all that there is to its end, and its page says what was measured."""

import json
import re
from pathlib import Path

import pytest

from benchmarks import results
from benchmarks.__main__ import FOLDER, commands, run
from benchmarks.figures import Figure, median, ratio, read, write
from benchmarks.results import PAGE, Ended
from local.children import ROOT

FACT = {"name": "seconds", "value": 3.5, "unit": "s", "at_most": 2, "met": False}
ENDED = (
    Ended("good", "python -m benchmarks.good", 1.0, [median("share, all", [0.5, 0.9, 0.7], "", at_least=0.6)]),
    Ended("missed", "python -m benchmarks.missed", 2.0, [Figure("bytes", 12_345.6, "B", at_most=1000)]),
    Ended("broken", "python -m benchmarks.broken", 3.0, [], "Failed: it exited with 3."),
)


def _python(script: str) -> list[str]:
    return ["python", "-c", script]


def test_figures_of_a_benchmark_are_read_whatever_becomes_of_it() -> None:
    writes = f"import sys; open(sys.argv[2], 'w').write({json.dumps([FACT])!r}); "
    ended = run("one", _python(writes), longest=20)
    assert (ended.fault, [figure.name for figure in ended.missed]) == ("", ["seconds"])
    broken = run("broken", _python(writes + "raise SystemExit(3)"), longest=20)
    assert (broken.fault, len(broken.figures)) == ("Failed: it exited with 3.", 1)
    endless = run("endless", _python("import time; time.sleep(60)"), longest=1)
    assert (endless.fault, endless.figures) == ("Not finished in 1 s.", [])


def test_each_benchmark_that_is_run_is_there() -> None:
    modules = {each.stem for each in FOLDER.glob("*.py") if 'if __name__ == "__main__":' in each.read_text("utf-8")}
    packages = {each.parent.name for each in FOLDER.glob("*/__main__.py")}
    assert "peers" in commands()
    assert commands().keys() <= modules | packages


def test_figures_are_written_and_read_with_their_goals_and_spread(tmp_path: Path) -> None:
    figures = [
        median("rounds", [3, 1, 2], "s", at_most=2.5),
        ratio("both", [2, 4, 6], [1, 4, 2], at_least=2),
        Figure("once", 7, ""),
    ]
    write(figures, tmp_path / "figures.json")
    again = read(tmp_path / "figures.json")
    assert again == figures
    assert [(each.measured, each.spread, each.goal, each.verdict) for each in again] == [
        ("2 s", "1 to 3", "≤ 2.5", "met"),
        ("2 x", "1 to 3", "≥ 2", "met"),
        ("7", "", "", ""),
    ]


def test_the_page_says_what_was_measured_missed_or_failed() -> None:
    page = results.text(ENDED, "a machine", {"Python": "3.13.5"})
    assert "- Goals: 1 of 2 met" in page
    assert "| share, all | 0.7 | 0.5 to 0.9 | ≥ 0.6 | met |" in page
    missed = page.partition("## Missed goals")[2].partition("## good")[0]
    assert "| missed: bytes | 12,346 B |  | ≤ 1,000 | MISSED |" in missed
    assert page.partition("## broken")[2].strip().endswith("Failed: it exited with 3.")
    assert results.values(page) == {"share, all": 0.7, "missed: bytes": 12_346, "bytes": 12_346}


@pytest.fixture(scope="module")
def page() -> str:
    return PAGE.read_text("utf-8")


def test_the_plots_show_what_the_page_says(page: str, tmp_path: Path) -> None:
    results.draw(results.values(page), tmp_path)
    for plot in ("throughput.svg", "tokens.svg"):
        assert (tmp_path / plot).read_text("utf-8") == PAGE.with_name(plot).read_text("utf-8"), (
            f"{plot}: run make bench"
        )


def test_the_page_has_every_benchmark(page: str) -> None:
    assert set(re.findall(r"^## (\w+)$", page, re.MULTILINE)) == commands().keys()


def test_the_readmes_figures_are_those_of_the_page(page: str) -> None:
    (line,) = (each for each in (ROOT / "README.md").read_text("utf-8").splitlines() if "benchmarks/RESULTS.md" in each)
    measured = results.values(page)
    ours, sample = (measured[f"12 MP photograph, {app}: tokens of the picture"] for app in ("ours", "sample"))
    faster = measured["120 at once, model 1 s: ours / sample"]
    for stated in (f"{ours:,.0f} tokens", f"{sample:,.0f}", f"{faster:.1f} times"):
        assert stated in line, f"README.md has other figures than benchmarks/RESULTS.md: {stated}"
