"""Prints the results of `describer describe` as they arrive, in one of several forms."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final, Protocol

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from describer.entrypoints.cli import tables
from describer.entrypoints.cli.results import Result, csv_header, printable

_MAX_NAMED: Final = 20
"""Maximum number of skipped or undescribed pictures that are listed by name."""


class Form(Enum):
    TABLE = auto()
    JSON = auto()
    ALT_TEXT = auto()
    HTML = auto()
    CSV = auto()


class Printer(Protocol):
    """Port that prints results."""

    def one(self, number: int, result: Result, /) -> None:
        """Print the result of picture `number`."""

    def end(self) -> None:
        """Print the results held back and a summary; nothing if every result is already printed."""
        return


@dataclass(frozen=True, slots=True)
class Lines(Printer):
    """Prints one piece of text per picture to standard output, and the reason for a missing text to standard error."""

    text: Callable[[Result], str]
    reasons: bool = False

    def one(self, _number: int, result: Result, /) -> None:
        click.echo(self.text(result))
        if self.reasons and result.reason:
            click.echo(printable(f"{result.picture}: {result.reason}"), err=True)


@dataclass(frozen=True, slots=True)
class Csv(Printer):
    """Prints a CSV header and a row per picture, in UTF-8 with a byte order mark, like `describer export`."""

    languages: Sequence[str]

    def __post_init__(self) -> None:
        click.echo(csv_header(self.languages).encode(), nl=False)

    def one(self, _number: int, result: Result, /) -> None:
        click.echo(result.as_csv(self.languages).encode(), nl=False)


@dataclass(frozen=True, slots=True)
class Rows:
    """Prints a table with columns to a terminal, or tab-separated lines to a pipe or file."""

    names: Sequence[str]
    console: Console | None
    results: list[Result] = field(default_factory=list)

    def one(self, _number: int, result: Result, /) -> None:
        """Print its row; on a terminal, a single picture is printed with all its facts."""
        self.results.append(result)
        if self.console is None:
            click.echo("\t".join(tables.cells(result)))
        elif len(self.names) == 1:
            self.console.print(tables.of_result(result))
        else:
            first = len(self.results) == 1
            self.console.print(tables.row(result, self.names, self.console.width, header=first))

    def end(self) -> None:
        """Print the number of pictures by outcome, and the cost."""
        if len(self.names) > 1 and self.results:
            click.echo(tables.summary(self.results), err=self.console is None)


@dataclass(slots=True)
class Ordered:
    """Holds each result back until those before it are printed.

    Args:
        blank: whether to print an empty line for a picture without a result, to keep the order of the arguments.
    """

    inner: Printer
    blank: bool
    _waiting: dict[int, Result] = field(default_factory=dict)
    _next: int = 0

    def one(self, number: int, result: Result, /) -> None:
        """Print the result, or hold it back until its turn."""
        self._waiting[number] = result
        while self._next in self._waiting:
            self._print(self._next)

    def end(self) -> None:
        """Print the results that waited for a picture without a result."""
        for number in sorted(self._waiting):
            while self.blank and self._next < number:
                click.echo()
                self._next += 1
            self._print(number)
        self.inner.end()

    def _print(self, number: int) -> None:
        self.inner.one(number, self._waiting.pop(number))
        self._next = number + 1


@contextmanager
def printer(
    form: Form, names: Sequence[str], languages: Sequence[str], *, ordered: bool
) -> Iterator[tuple[Printer, Callable[[], None]]]:
    """Yield the printer and a callback for each finished picture; print held results however the block ends."""
    with _progress(form, len(names)) as (console, advance):
        inner = _inner(form, names, languages, console)
        # Lines of alt texts do not name their picture: only their order does.
        by_place = form is Form.ALT_TEXT
        chosen = Ordered(inner, by_place) if ordered or by_place else inner
        try:
            yield chosen, advance
        finally:
            chosen.end()


def _inner(form: Form, names: Sequence[str], languages: Sequence[str], console: Console | None) -> Printer:
    match form:
        case Form.TABLE:
            return Rows(names, console)
        case Form.JSON:
            return Lines(Result.as_json)
        case Form.CSV:
            return Csv(languages)
        case Form.HTML:
            return Lines(Result.as_html, reasons=True)
        case Form.ALT_TEXT:
            return Lines(lambda result: result.alt_text, reasons=True)


@contextmanager
def _progress(form: Form, total: int) -> Iterator[tuple[Console | None, Callable[[], None]]]:
    """Yield the console for tables, if any, and a function that advances the progress bar."""
    on_terminal = sys.stdout.isatty()
    console = tables.terminal() if on_terminal else Console(stderr=True)
    bar_is_seen = console.is_terminal and total > 1 and (form is Form.TABLE or not on_terminal)
    columns = TextColumn("Describing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(
        *columns, console=console, transient=True, disable=not bar_is_seen, redirect_stdout=on_terminal
    ) as bar:
        task = bar.add_task("", total=total)
        yield (console if on_terminal and form is Form.TABLE else None), lambda: bar.advance(task)


def tell_left_out(skipped: int, unread: Sequence[tuple[str, str]]) -> None:
    """Report on standard error which files of folders were skipped."""
    if skipped:
        click.echo(f"Skipped files that are not pictures: {skipped}.", err=True)
    if unread:
        click.echo(f"Skipped files that cannot be described: {len(unread)}.", err=True)
    _name(unread)


def tell_undone(undone: Sequence[str], under_way: int, total: int) -> None:
    """Report on standard error which pictures have no text because the command was interrupted."""
    begun = f"; {under_way} of them were in progress and may be charged" if under_way else ""
    click.echo(f"Not described: {len(undone)} of {total}{begun}.", err=True)
    _name([(name, "") for name in undone])


def _name(pictures: Sequence[tuple[str, str]]) -> None:
    for name, why in pictures[:_MAX_NAMED]:
        click.echo(printable(f"  {name}{': ' if why else ''}{why}"), err=True)
    if len(pictures) > _MAX_NAMED:
        click.echo(f"  and {len(pictures) - _MAX_NAMED} more", err=True)
