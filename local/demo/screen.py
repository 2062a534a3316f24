"""Shows the demo's progress: a progress bar on a terminal, plain lines elsewhere."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.style import Style
from rich.table import Table
from rich.text import Text

from local.demo.result import Lost, Result

PLAIN_WIDTH = 110  # columns without a terminal
COLOURS = {"described": "green", "kept": "green", "needs_review": "yellow", "filtered": "magenta", "failed": "red"}


class Steps(Protocol):
    """The displayed progress."""

    def begin(self, what: str, total: int | None = None) -> None:
        """Show the current step; `total` is the number of pictures."""

    def ended(self, end: Result | Lost) -> None:
        """Count a finished picture."""

    def waiting(self, why: str) -> None:
        """Show why the app has deferred work."""


class Screen:
    """Standard output, where names and texts cannot control the terminal."""

    def __init__(self) -> None:
        reconfigure = getattr(sys.stdout, "reconfigure", None)
        if reconfigure:
            reconfigure(errors="replace")  # a character that the terminal lacks must not fail the demo
        terminal = sys.stdout.isatty()
        self._console = Console(highlight=False, markup=False, emoji=False, width=None if terminal else PLAIN_WIDTH)
        self._terminal = self._console.is_terminal

    def say(self, text: str = "", style: str = "") -> None:
        """Print a line."""
        self._console.print(Text(printable(text), style), soft_wrap=True)

    def link(self, file: Path) -> None:
        """Print a file's URL as a link, if the terminal supports links."""
        url = file.resolve().as_uri()
        self._console.print(Text(url, Style(bold=True, link=url)), soft_wrap=True)

    def table(self, results: Sequence[Result]) -> None:
        """Print the results."""
        table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), header_style="bold", expand=self._terminal)
        table.add_column("Picture", overflow="fold", max_width=36)
        table.add_column("Status", no_wrap=True)
        table.add_column("Alt text, or why there is none", ratio=1 if self._terminal else None)
        table.add_column("Seconds", justify="right", no_wrap=True)
        for result in results:
            text = result.alt_text or str(result.sidecar.get("reason", ""))
            table.add_row(
                Text(printable(result.picture.name)),
                Text(printable(result.status), COLOURS.get(result.status, "")),
                Text(printable(text)),
                f"{result.seconds:.1f}",
            )
        self._console.print(table)

    @contextmanager
    def steps(self) -> Iterator[Steps]:
        """Show the progress until the block ends."""
        if not self._terminal:
            yield _Lines(self)
            return
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=self._console, transient=True) as progress:
            yield _Bar(self, progress)


class _Bar:
    def __init__(self, screen: Screen, progress: Progress) -> None:
        self._screen = screen
        self._progress = progress
        self._task: TaskID | None = None
        self._total: int | None = None
        self._count = 0

    def begin(self, what: str, total: int | None = None) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
        self._total, self._count = total, 0
        self._task = self._progress.add_task(what, total=total, count=f"0 of {total}" if total else "")

    def ended(self, _end: Result | Lost) -> None:
        self._count += 1
        if self._task is not None:
            self._progress.update(self._task, advance=1, count=f"{self._count} of {self._total}")

    def waiting(self, why: str) -> None:
        self._screen.say(f"Waits: {why}", "yellow")


class _Lines:
    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._total: int | None = None
        self._count = 0

    def begin(self, what: str, total: int | None = None) -> None:
        self._total, self._count = total, 0
        self._screen.say(f"{what} ...")

    def ended(self, end: Result | Lost) -> None:
        self._count += 1
        what = end.status if isinstance(end, Result) else end.why
        self._screen.say(f"  {self._count} of {self._total}  {end.picture.name}: {what}")

    def waiting(self, why: str) -> None:
        self._screen.say(f"  Waits: {why}")


def printable(text: str) -> str:
    """Return the text for one line of a terminal: line breaks become blanks, other unprintable characters U+FFFD.

    The zero-width joiner stays, since emoji need it; characters that change the direction of writing do not.
    """
    flat = " ".join(text.splitlines()) if text.splitlines() else text
    return "".join(char if char.isprintable() or char == "\u200d" else "\ufffd" for char in flat)
