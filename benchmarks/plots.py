"""The two plots of RESULTS.md, from its figures by their names."""

import re
from collections import defaultdict
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure as Canvas

from benchmarks.peers.model import DEPLOYMENT
from describer.domain.record import Usage
from describer.vision.families import family
from describer.vision.pricing import price

APPS: Final = {"ours": "#0f62fe", "notebook": "#b28600", "sample": "#6f6f6f"}
"""Each app's colour."""
_POINT: Final = re.compile(
    r"(?P<case>\d+ at once, \d+ at a time), (?P<app>\w+): (?P<what>calls of the model at a time|pictures a minute)"
)


def throughput(figures: Mapping[str, float], file: Path) -> None:
    """Draw how many pictures a minute each app describes with so many calls of the model at a time."""
    found: dict[tuple[str, str], dict[str, float]] = defaultdict(dict)
    for name, value in figures.items():
        if point := _POINT.fullmatch(name):
            found[point["app"], point["case"]][point["what"]] = value
    canvas, axes = _canvas("Calls of the model at a time", "Pictures a minute")
    for app, colour in APPS.items():
        points = sorted(
            (values["calls of the model at a time"], values["pictures a minute"])
            for (name, _), values in found.items()
            if name == app
        )
        axes.plot(*zip(*points, strict=True), "o-", color=colour, label=app)
    axes.locator_params(axis="x", integer=True)
    axes.set_xlim(left=0)
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    _save(canvas, file)


def tokens(figures: Mapping[str, float], file: Path) -> None:
    """Draw the tokens of a prompt with a 12 MP photograph, with what 1,000 of them cost."""
    canvas, axes = _canvas("", "Tokens of the prompt")
    picture, whole = (
        [figures[f"12 MP photograph, {app}: tokens of the {what}"] for app in APPS] for what in ("picture", "prompt")
    )
    rest = [both - part for both, part in zip(whole, picture, strict=True)]
    axes.bar(list(APPS), picture, color=list(APPS.values()), width=0.6)
    axes.bar(list(APPS), rest, bottom=picture, color="#c6c6c6", width=0.6, label="question and schema")
    for place, count in enumerate(whole):
        label = f"{count:,.0f} tokens\n1,000 for ${_price(count):.2f}"
        axes.annotate(label, (place, count), ha="center", va="bottom")
    axes.margins(y=0.15)
    axes.legend(frameon=False, loc="upper left")
    _save(canvas, file)


def _price(tokens: float) -> float:
    """Price 1,000 prompts by the list, in US dollars: without the answers, and without what the server caches."""
    known = family(DEPLOYMENT)
    assert known
    each = price(known, Usage(prompt_tokens=round(tokens), completion_tokens=0))
    assert each is not None
    return float(1000 * each)


def _canvas(across: str, up: str) -> tuple[Canvas, Axes]:
    canvas = Canvas(figsize=(7, 4), layout="constrained")
    axes = canvas.add_subplot(xlabel=across, ylabel=up)
    axes.spines[["top", "right"]].set_visible(False)
    return canvas, axes


def _save(canvas: Canvas, file: Path) -> None:
    """Write the same bytes for the same figures; letters stay letters, on white, for pages of any theme."""
    with mpl.rc_context({"svg.hashsalt": file.stem, "svg.fonttype": "none", "font.family": "sans-serif"}):
        canvas.savefig(file, format="svg", metadata={"Date": None}, facecolor="white")
